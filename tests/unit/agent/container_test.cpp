// SPDX-License-Identifier: Apache-2.0
// Containers made by the real agent on this host, seen from the host's side of the contract.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cstring>
#include <fstream>
#include <thread>

#include "tests/support/agent_on_host.h"

namespace caisson::test {
namespace {

using agent::StreamKind;

agent::Deadline soon() {
  return agent::deadline_in(std::chrono::seconds(60));
}

class AgentContainer : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_no_agent_on_host(); !why.empty()) {
      GTEST_SKIP() << why;
    }
    auto started = AgentOnHost::start(CAISSON_AGENT);
    ASSERT_TRUE(started) << started.error().message;
    agent_ = std::move(*started);
    auto connected = agent_->connect();
    ASSERT_TRUE(connected) << connected.error().message;
    client_.emplace(std::move(*connected));
  }

  struct Outcome {
    uint32_t exit_code = 0;
    std::string out;
    std::string err;
  };

  UniqueFd stream(StreamKind kind, uint64_t process) { return agent_->open_stream(kind, process).value(); }

  // Creates, starts, feeds and drains the container, and waits for its end.
  Outcome run(const agent::v1::CreateContainerRequest& request, std::string_view input = {}) {
    const uint64_t process = request.process();
    const UniqueFd in = stream(StreamKind::standard_input, process);
    const UniqueFd out = stream(StreamKind::standard_output, process);
    const UniqueFd err = stream(StreamKind::standard_error, process);
    Outcome outcome{.exit_code = 999, .out = {}, .err = {}};
    const auto created = client_->create_container(request, soon());
    if (!created) {
      outcome.err = created.error().message;
      return outcome;
    }
    if (const auto started = client_->start_container(request.container(), soon()); !started) {
      outcome.err = started.error().message;
      return outcome;
    }
    if (!input.empty()) {
      EXPECT_EQ(::send(in.get(), input.data(), input.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(input.size()));
    }
    ::shutdown(in.get(), SHUT_WR);
    outcome.out = read_all(out);
    outcome.err = read_all(err);
    outcome.exit_code = client_->wait_process(process, soon()).value().exit_code;
    EXPECT_TRUE(client_->delete_container(request.container(), soon()));
    return outcome;
  }
  Outcome run_shell(const std::string& script) {
    return run(container_request("c", ++token_, {"sh", "-c", script}));
  }

  std::unique_ptr<AgentOnHost> agent_;
  std::optional<agent::AgentClient> client_;
  uint64_t token_ = 100;
};

TEST_F(AgentContainer, handshake_names_version_and_kernel) {
  const auto response = client_->handshake(soon());
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->protocol(), 1U);
  EXPECT_FALSE(response->kernel_release().empty());
}

// CPU time of the agent, the only child of unshare(1), in clock ticks.
uint64_t ticks_of_agent(pid_t parent) {
  std::ifstream children("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children");
  pid_t agent = 0;
  children >> agent;
  std::ifstream stat("/proc/" + std::to_string(agent) + "/stat");
  std::string word;
  for (int field = 1; field < 14; ++field) {
    stat >> word;
  }
  uint64_t user = 0;
  uint64_t system = 0;
  stat >> user >> system;
  return user + system;
}

TEST_F(AgentContainer, host_that_lets_go_of_the_events_does_not_keep_the_agent_busy) {
  agent_->close_events();
  ASSERT_TRUE(client_->handshake(soon()));
  const uint64_t before = ticks_of_agent(agent_->pid());
  // No answer is to come: the deadline is the time in which a busy agent would be seen.
  EXPECT_EQ(client_->wait_process(1, agent::deadline_in(std::chrono::seconds(2))).error().code, ETIMEDOUT);
  EXPECT_LE(ticks_of_agent(agent_->pid()) - before, 2U);
}

TEST_F(AgentContainer, output_errors_and_exit_code_come_out_separately) {
  const Outcome outcome = run_shell("echo out; echo err >&2; exit 7");
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_EQ(outcome.err, "err\n");
  EXPECT_EQ(outcome.exit_code, 7U);
}

TEST_F(AgentContainer, input_reaches_the_process_and_its_end_ends_it) {
  const std::string input(300000, 'x');
  const Outcome outcome =
      run(container_request("c", 1, {"wc", "-c"}), std::string_view(input).substr(0, 100000));
  EXPECT_EQ(outcome.out, "100000\n");
}

TEST_F(AgentContainer, signal_ends_it_with_128_plus_n) {
  ASSERT_TRUE(client_->create_container(container_request("c", 1, {"sleep", "1000"}), soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  ASSERT_TRUE(client_->signal_process("c", 1, SIGKILL, soon()));
  const auto exit = client_->wait_process(1, soon());
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->exit_code, 137U);
  EXPECT_EQ(exit->signal, 9U);
}

TEST_F(AgentContainer, process_is_pid_1_of_its_namespaces) {
  const Outcome outcome = run_shell("echo $$; hostname; pwd; ls /proc/self/fd | wc -l");
  EXPECT_EQ(outcome.out, "1\nbox\n/\n4\n") << outcome.err;  // the fourth is ls's own
}

TEST_F(AgentContainer, missing_program_is_told_by_create_in_the_words_engines_know) {
  const Outcome outcome = run(container_request("c", 1, {"nothing"}));
  EXPECT_EQ(outcome.err, "exec: \"nothing\": executable file not found in $PATH");
}

TEST_F(AgentContainer, program_that_is_not_executable_is_permission_denied) {
  std::ofstream(agent_->rootfs() / "etc/file") << "x";
  const Outcome outcome = run(container_request("c", 1, {"/etc/file"}));
  EXPECT_EQ(outcome.err, "exec: \"/etc/file\": permission denied");
}

TEST_F(AgentContainer, program_of_no_known_format_is_told_by_start) {
  std::ofstream(agent_->rootfs() / "etc/file") << "x";
  ::chmod((agent_->rootfs() / "etc/file").c_str(), 0755);
  const Outcome outcome = run(container_request("c", 1, {"/etc/file"}));
  EXPECT_EQ(outcome.err, "exec /etc/file: exec format error");
}

TEST_F(AgentContainer, root_is_left_as_it_was_and_the_old_one_is_gone) {
  const Outcome outcome = run_shell("ls /; mount | wc -l; ls /proc/1/root/bin/busybox");
  EXPECT_NE(outcome.out.find("bin\ndev\netc\nproc\nroot\nsys\ntmp\n"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("work"), std::string::npos);
}

TEST_F(AgentContainer, user_groups_umask_and_capabilities_are_those_asked_for) {
  auto request =
      container_request("c", 1, {"sh", "-c", "id; umask; grep -E 'Cap|NoNew|Seccomp:' /proc/self/status"});
  auto& init = *request.mutable_init();
  init.mutable_user()->set_uid(1000);
  init.mutable_user()->set_gid(1001);
  init.mutable_user()->add_additional_gids(5);
  init.mutable_user()->add_additional_gids(6);
  init.mutable_user()->set_umask(027);
  init.mutable_capabilities()->set_inheritable(0x400);
  init.mutable_capabilities()->set_ambient(0x400);
  const Outcome outcome = run(request);
  EXPECT_NE(outcome.out.find("uid=1000 gid=1001 groups=5,6\n0027\n"), std::string::npos) << outcome.out;
  for (const char* line :
       {"CapInh:\t0000000000000400", "CapPrm:\t0000000000000400", "CapEff:\t0000000000000400",
        "CapBnd:\t00000000a80425fb", "CapAmb:\t0000000000000400", "NoNewPrivs:\t1"}) {
    EXPECT_NE(outcome.out.find(line), std::string::npos) << line << "\n" << outcome.out;
  }
}

TEST_F(AgentContainer, no_capabilities_asked_for_are_none_at_all) {
  auto request = container_request("c", 1, {"grep", "Cap", "/proc/self/status"});
  request.mutable_init()->clear_capabilities();
  const Outcome outcome = run(request);
  EXPECT_NE(outcome.out.find("CapBnd:\t0000000000000000"), std::string::npos) << outcome.out << outcome.err;
}

TEST_F(AgentContainer, rlimits_apply) {
  auto request = container_request("c", 1, {"sh", "-c", "ulimit -n; ulimit -c"});
  auto* limit = request.mutable_init()->add_rlimits();
  limit->set_resource(7);
  limit->set_soft(77);
  limit->set_hard(88);
  limit = request.mutable_init()->add_rlimits();
  limit->set_resource(4);
  limit->set_soft(~uint64_t{0});
  limit->set_hard(~uint64_t{0});
  EXPECT_EQ(run(request).out, "77\nunlimited\n");
}

TEST_F(AgentContainer, working_directory_is_made) {
  auto request = container_request("c", 1, {"pwd"});
  request.mutable_init()->set_cwd("/made/for/it");
  EXPECT_EQ(run(request).out, "/made/for/it\n");
}

TEST_F(AgentContainer, home_comes_from_the_containers_passwd) {
  std::ofstream(agent_->rootfs() / "etc/passwd")
      << "root:x:0:0::/root:/bin/sh\nu:x:1000:1000::/home/u:/bin/sh\n";
  auto request = container_request("c", 1, {"sh", "-c", "echo $HOME"});
  request.mutable_init()->mutable_user()->set_uid(1000);
  EXPECT_EQ(run(request).out, "/home/u\n");
}

TEST_F(AgentContainer, variable_given_twice_is_there_once_with_the_last_value) {
  auto request = container_request("c", 1, {"env"});
  auto& init = *request.mutable_init();
  init.clear_env();
  for (const char* variable : {"PATH=/bin", "A=1", "HOME=", "B=2", "A=3"}) {
    init.add_env(variable);
  }
  EXPECT_EQ(run(request).out, "PATH=/bin\nA=3\nHOME=/\nB=2\n");
}

TEST_F(AgentContainer, passwd_that_is_a_fifo_hangs_nobody) {
  ASSERT_EQ(::mkfifo((agent_->rootfs() / "etc/passwd").c_str(), 0600), 0);
  EXPECT_EQ(run_shell("echo $HOME").out, "/\n");
}

TEST_F(AgentContainer, devices_and_links_are_there_and_work) {
  const Outcome outcome = run_shell(
      "for d in null zero full random urandom tty; do stat -c '%n %t:%T %a' /dev/$d; done; "
      "for l in fd stdin ptmx; do readlink /dev/$l; done; echo x >/dev/null; echo y >/dev/stderr");
  EXPECT_NE(outcome.out.find("/dev/null 1:3 666\n"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("/dev/tty 5:0 666\n"), std::string::npos);
  EXPECT_NE(outcome.out.find("/proc/self/fd\n/proc/self/fd/0\npts/ptmx\n"), std::string::npos);
  EXPECT_EQ(outcome.err, "y\n");
}

TEST_F(AgentContainer, masked_paths_read_empty_and_readonly_paths_refuse_writes) {
  const Outcome outcome = run_shell(
      "wc -c </proc/timer_list; ls /proc/scsi 2>/dev/null | wc -l; echo 1 >/proc/sys/kernel/domainname; echo "
      "$?");
  EXPECT_EQ(outcome.out, "0\n0\n1\n") << outcome.err;
}

TEST_F(AgentContainer, mask_of_a_file_cannot_be_changed_itself) {
  // It is /dev/null of the guest.
  const Outcome outcome = run_shell("chmod 600 /proc/timer_list; echo $?; stat -c %a /dev/null");
  EXPECT_EQ(outcome.out, "1\n666\n") << outcome.err;
}

TEST_F(AgentContainer, mount_on_the_root_itself_is_refused) {
  auto request = container_request("c", 1, {"true"});
  auto* mount = request.add_mounts();
  mount->set_destination("/tmp/..");
  mount->set_type("tmpfs");
  mount->set_source("tmpfs");
  EXPECT_EQ(run(request).err, "mount /tmp/..: it is the root itself; set root.path to what shall be there");
}

TEST_F(AgentContainer, read_only_root_refuses_writes_and_dev_stays_writable) {
  auto request = container_request("c", 1, {"sh", "-c", "touch /x; echo $?; touch /dev/shm/x; echo $?"});
  request.mutable_root()->set_read_only(true);
  EXPECT_EQ(run(request).out, "1\n0\n");
  EXPECT_FALSE(std::filesystem::exists(agent_->rootfs() / "x"));
}

TEST_F(AgentContainer, throw_away_layer_keeps_writes_from_the_export) {
  auto request = container_request("c", 1, {"sh", "-c", "echo x >/x; cat /x"});
  request.mutable_root()->set_ephemeral_overlay(true);
  const Outcome outcome = run(request);
  EXPECT_EQ(outcome.out, "x\n") << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(agent_->rootfs() / "x"));
}

TEST_F(AgentContainer, mount_through_a_symlink_that_leads_out_stays_inside) {
  std::filesystem::create_directory_symlink("/", agent_->rootfs() / "out");
  std::filesystem::create_directory_symlink("../../../../../..", agent_->rootfs() / "up");
  auto request = container_request("c", 1, {"sh", "-c", "ls -d /tmp/deep /tmp/high"});
  for (const char* destination : {"/out/tmp/deep", "/up/tmp/high"}) {
    auto* mount = request.add_mounts();
    mount->set_destination(destination);
    mount->set_type("tmpfs");
    mount->set_source("tmpfs");
  }
  EXPECT_EQ(run(request).out, "/tmp/deep\n/tmp/high\n");
  EXPECT_FALSE(std::filesystem::exists("/tmp/deep"));
  EXPECT_FALSE(std::filesystem::exists("/tmp/high"));
  EXPECT_TRUE(std::filesystem::exists(agent_->rootfs() / "tmp/deep"));
}

TEST_F(AgentContainer, file_bound_over_a_dangling_symlink_makes_its_target_inside) {
  std::filesystem::create_directories(agent_->directory() / "exports");
  std::ofstream(agent_->directory() / "exports/resolv") << "nameserver\n";
  std::filesystem::create_symlink("../run/systemd/resolv.conf", agent_->rootfs() / "etc/resolv.conf");
  auto request = container_request("c", 1, {"cat", "/etc/resolv.conf"});
  auto* mount = request.add_mounts();
  mount->set_destination("/etc/resolv.conf");
  mount->set_export_name("resolv");
  mount->set_flags(MS_RDONLY);
  EXPECT_EQ(run(request).out, "nameserver\n");
}

TEST_F(AgentContainer, proc_on_a_symlink_and_mounts_inside_proc_are_refused) {
  auto request = container_request("c", 1, {"true"});
  auto* mount = request.add_mounts();
  mount->set_destination("/proc/sys");
  mount->set_type("tmpfs");
  mount->set_source("tmpfs");
  EXPECT_NE(run(request).err.find("inside /proc"), std::string::npos);

  std::filesystem::remove(agent_->rootfs() / "proc");
  std::filesystem::create_directory_symlink("tmp", agent_->rootfs() / "proc");
  EXPECT_NE(run(container_request("d", 2, {"true"})).err.find("must be mounted on ordinary directory"),
            std::string::npos);
}

TEST_F(AgentContainer, working_directory_outside_of_the_root_is_refused) {
  auto request = container_request("c", 1, {"pwd"});
  request.mutable_init()->set_cwd("/proc/self/fd/3/../../..");
  const Outcome outcome = run(request);
  // The name is walked inside the root; wherever it ends, it is not the guest's tree.
  EXPECT_TRUE(outcome.exit_code == 999 || outcome.out.starts_with("/")) << outcome.out;
  EXPECT_EQ(outcome.out.find("work"), std::string::npos);
}

TEST_F(AgentContainer, program_that_names_proc_self_exe_gets_no_hold_of_the_agent) {
  std::ofstream(agent_->rootfs() / "evil") << "#!/proc/self/exe\n";
  ::chmod((agent_->rootfs() / "evil").c_str(), 0755);
  const Outcome outcome = run(container_request("c", 1, {"/evil"}));
  EXPECT_NE(outcome.exit_code, 0U);
  EXPECT_TRUE(agent_->connect()->handshake(soon())) << "the agent lives";
}

TEST_F(AgentContainer, start_hook_sees_the_state_and_its_failure_fails_the_start) {
  auto request = container_request("c", 1, {"cat", "/tmp/state"});
  request.set_created_state_json("{\"id\":\"c\"}");
  auto* hook = request.add_start_container_hooks();
  hook->set_path("/bin/sh");
  for (const char* word : {"sh", "-c", "/bin/cat >/tmp/state"}) {
    hook->add_args(word);
  }
  EXPECT_EQ(run(request).out, "{\"id\":\"c\"}");

  auto failing = container_request("d", 2, {"true"});
  hook = failing.add_start_container_hooks();
  hook->set_path("/bin/sh");
  for (const char* word : {"sh", "-c", "exit 3"}) {
    hook->add_args(word);
  }
  EXPECT_EQ(run(failing).err, "error running hook #0 of startContainer: exit status 3");
}

TEST_F(AgentContainer, seccomp_filter_applies_with_and_without_no_new_privileges) {
  // Kills mkdir (83 on x86-64) by EPERM; allows the rest.
  const auto instruction = [](uint16_t code, uint8_t jt, uint8_t jf, uint32_t k) {
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &code, 2);
    bytes[2] = static_cast<char>(jt);
    bytes[3] = static_cast<char>(jf);
    std::memcpy(bytes.data() + 4, &k, 4);
    return bytes;
  };
  const std::string filter = instruction(0x20, 0, 0, 0) + instruction(0x15, 0, 1, 83) +
                             instruction(0x06, 0, 0, 0x00050001) + instruction(0x06, 0, 0, 0x7fff0000);
  for (const bool no_new_privileges : {true, false}) {
    auto request = container_request("c", no_new_privileges ? 1 : 2, {"sh", "-c", "mkdir /tmp/no; echo $?"});
    request.mutable_init()->set_no_new_privileges(no_new_privileges);
    request.mutable_init()->mutable_seccomp()->set_filter(filter);
    EXPECT_EQ(run(request).out, "1\n");

    auto hooked = container_request(no_new_privileges ? "d" : "e", no_new_privileges ? 3 : 4, {"true"});
    hooked.mutable_init()->set_no_new_privileges(no_new_privileges);
    hooked.mutable_init()->mutable_seccomp()->set_filter(filter);
    auto* hook = hooked.add_start_container_hooks();
    hook->set_path("/bin/sh");
    for (const char* word : {"sh", "-c", "mkdir /tmp/no || exit 7"}) {
      hook->add_args(word);
    }
    EXPECT_EQ(run(hooked).err, "error running hook #0 of startContainer: exit status 7");
  }
}

TEST_F(AgentContainer, start_hook_that_a_signal_ends_is_told_by_its_name) {
  auto request = container_request("c", 1, {"true"});
  auto* hook = request.add_start_container_hooks();
  hook->set_path("/bin/sh");
  for (const char* word : {"sh", "-c", "kill -SYS $$"}) {
    hook->add_args(word);
  }
  EXPECT_EQ(run(request).err, "error running hook #0 of startContainer: signal: bad system call");
}

TEST_F(AgentContainer, exec_enters_a_container_that_waits_for_its_start) {
  const auto request = container_request("c", 1, {"true"});
  ASSERT_TRUE(client_->create_container(request, soon()));
  agent::v1::CreateProcessRequest exec;
  exec.set_container("c");
  exec.set_token(2);
  *exec.mutable_process() =
      container_request("c", 2, {"sh", "-c", "readlink /proc/1/exe; echo $$ > /tmp/pid"}).init();
  ASSERT_TRUE(client_->create_process(exec, soon()));
  EXPECT_EQ(client_->wait_process(2, soon()).value().exit_code, 0U);
  EXPECT_TRUE(std::filesystem::exists(agent_->rootfs() / "tmp/pid"));
  EXPECT_TRUE(client_->start_container("c", soon())) << "it still waited";
}

TEST_F(AgentContainer, exec_before_the_start_is_refused_where_a_time_namespace_is_entered_by_it) {
  auto request = container_request("c", 1, {"true"});
  request.add_namespaces()->set_kind(CLONE_NEWTIME);
  ASSERT_TRUE(client_->create_container(request, soon()));
  agent::v1::CreateProcessRequest exec;
  exec.set_container("c");
  exec.set_token(2);
  *exec.mutable_process() = container_request("c", 2, {"true"}).init();
  EXPECT_EQ(client_->create_process(exec, soon()).error().code, EBUSY);
}

TEST_F(AgentContainer, terminal_has_its_size_echoes_and_is_the_console) {
  auto request = container_request(
      "c", 1, {"sh", "-c", "tty; stty size; ls -l /dev/console | wc -l; read x; echo got $x"});
  request.mutable_init()->set_terminal(true);
  request.mutable_init()->mutable_console_size()->set_rows(33);
  request.mutable_init()->mutable_console_size()->set_columns(77);
  const UniqueFd terminal = stream(StreamKind::terminal, 1);
  ASSERT_TRUE(client_->create_container(request, soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  ASSERT_EQ(::send(terminal.get(), "hello\n", 6, MSG_NOSIGNAL), 6);
  const std::string out = read_all(terminal);
  // The terminal echoes the host's line whenever it arrives: between any two of the program's.
  EXPECT_NE(out.find("/dev/pts/0\r\n"), std::string::npos) << out;
  EXPECT_NE(out.find("33 77\r\n"), std::string::npos) << out;
  EXPECT_NE(out.find("\n1\r\n"), std::string::npos) << out;
  EXPECT_NE(out.find("hello\r\n"), std::string::npos) << out;
  EXPECT_NE(out.find("got hello\r\n"), std::string::npos) << out;
  EXPECT_EQ(client_->wait_process(1, soon())->exit_code, 0U);
}

TEST_F(AgentContainer, terminal_whose_host_hangs_up_ends_its_session) {
  auto request = container_request("c", 1, {"sh", "-c", "trap 'exit 9' HUP; echo ready; sleep 1000 & wait"});
  request.mutable_init()->set_terminal(true);
  UniqueFd terminal = stream(StreamKind::terminal, 1);
  ASSERT_TRUE(client_->create_container(request, soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  std::array<char, 16> text{};
  ASSERT_GT(::read(terminal.get(), text.data(), text.size()), 0);
  terminal.reset();
  EXPECT_EQ(client_->wait_process(1, soon())->exit_code, 9U);
}

TEST_F(AgentContainer, exec_joins_the_container_and_reports_its_own_exit) {
  ASSERT_TRUE(client_->create_container(container_request("c", 1, {"sleep", "1000"}), soon()));
  agent::v1::CreateProcessRequest request;
  request.set_container("c");
  request.set_token(2);
  auto& process = *request.mutable_process();
  for (const char* word : {"sh", "-c", "hostname; head -n 1 /proc/1/status; echo $$ | grep -c .; exit 5"}) {
    process.add_args(word);
  }
  process.add_env("PATH=/bin");
  process.set_cwd("/");
  process.set_attach_stdout(true);
  process.mutable_capabilities()->set_permitted(0x80000);
  ASSERT_TRUE(client_->start_container("c", soon()));
  const UniqueFd out = stream(StreamKind::standard_output, 2);
  const auto created = client_->create_process(request, soon());
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_EQ(read_all(out), "box\nName:\tsleep\n1\n");
  EXPECT_EQ(client_->wait_process(2, soon())->exit_code, 5U);

  request.set_token(3);
  process.clear_args();
  process.add_args("nothing");
  EXPECT_EQ(client_->create_process(request, soon()).error().message,
            "exec: \"nothing\": executable file not found in $PATH");
  const auto list = client_->list_processes("c", soon());
  ASSERT_TRUE(list);
  ASSERT_EQ(list->processes_size(), 1);
  EXPECT_EQ(list->processes(0).command(), "sleep 1000");

  request.set_token(4);
  process.clear_args();
  process.add_args("sleep");
  process.add_args("1000");
  ASSERT_TRUE(client_->create_process(request, soon()));
  ASSERT_TRUE(client_->signal_process("c", 1, SIGKILL, soon()));
  EXPECT_EQ(client_->wait_process(1, soon())->exit_code, 137U);
  EXPECT_EQ(client_->wait_process(4, soon())->exit_code, 137U) << "dies with the container";
}

TEST_F(AgentContainer, process_waited_for_before_it_exists_is_told) {
  auto waiting = agent_->connect();
  const uint32_t call = waiting->start_wait(1, soon()).value();
  EXPECT_EQ(run(container_request("c", 1, {"sh", "-c", "exit 4"})).exit_code, 4U);
  EXPECT_EQ(waiting->finish_wait(call, soon())->exit_code, 4U);
}

TEST_F(AgentContainer, output_is_not_lost_when_the_host_attaches_after_the_end) {
  ASSERT_TRUE(client_->create_container(container_request("c", 1, {"seq", "1000"}), soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  EXPECT_EQ(client_->wait_process(1, soon())->exit_code, 0U);
  const std::string out = read_all(stream(StreamKind::standard_output, 1));
  EXPECT_TRUE(out.ends_with("999\n1000\n"));
}

TEST_F(AgentContainer, bulk_goes_through_both_ways_unchanged) {
  const UniqueFd in = stream(StreamKind::standard_input, 1);
  const UniqueFd out = stream(StreamKind::standard_output, 1);
  ASSERT_TRUE(client_->create_container(container_request("c", 1, {"cat"}), soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  std::string sent(32 << 20, '\0');
  uint32_t seed = 1;
  for (char& byte : sent) {
    seed = seed * 1664525 + 1013904223;
    byte = static_cast<char>(seed >> 24);
  }
  std::thread writer([&] {
    std::string_view rest = sent;
    while (!rest.empty()) {
      const ssize_t n = ::send(in.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      ASSERT_GT(n, 0);
      rest.remove_prefix(static_cast<size_t>(n));
    }
    ::shutdown(in.get(), SHUT_WR);
  });
  const std::string received = read_all(out);
  writer.join();
  EXPECT_TRUE(received == sent);
  EXPECT_EQ(client_->wait_process(1, soon())->exit_code, 0U);
}

TEST_F(AgentContainer, reader_that_stops_stops_the_writer_and_loses_nothing) {
  const UniqueFd out = stream(StreamKind::standard_output, 1);
  ASSERT_TRUE(client_->create_container(
      container_request("c", 1, {"sh", "-c", "dd if=/dev/zero bs=1M count=8 2>/dev/null"}), soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  EXPECT_EQ(client_->wait_process(1, agent::deadline_in(std::chrono::milliseconds(300))).error().code,
            ETIMEDOUT);
  EXPECT_EQ(read_all(out).size(), 8U << 20);
  EXPECT_EQ(client_->wait_process(1, soon())->exit_code, 0U);
}

TEST_F(AgentContainer, reader_that_leaves_breaks_the_writers_pipe) {
  UniqueFd out = stream(StreamKind::standard_output, 1);
  ASSERT_TRUE(client_->create_container(
      container_request("c", 1, {"sh", "-c", "while echo x; do :; done; exit 6"}), soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  out.reset();
  EXPECT_NE(client_->wait_process(1, soon())->exit_code, 0U);
}

TEST_F(AgentContainer, close_stdin_ends_the_input_after_what_was_sent) {
  const UniqueFd in = stream(StreamKind::standard_input, 1);
  const UniqueFd out = stream(StreamKind::standard_output, 1);
  ASSERT_TRUE(client_->create_container(container_request("c", 1, {"cat"}), soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  ASSERT_EQ(::send(in.get(), "last words", 10, MSG_NOSIGNAL), 10);
  ASSERT_TRUE(client_->close_stdin(1, soon()));
  EXPECT_EQ(read_all(out), "last words");
}

TEST_F(AgentContainer, deleted_container_can_be_made_again_under_its_id) {
  for (uint64_t token = 1; token <= 3; ++token) {
    ASSERT_TRUE(client_->create_container(container_request("c", token, {"sleep", "1000"}), soon()));
    EXPECT_EQ(client_->create_container(container_request("c", token + 50, {"true"}), soon()).error().code,
              EEXIST);
    ASSERT_TRUE(client_->delete_container("c", soon()));
  }
  EXPECT_TRUE(client_->delete_container("c", soon())) << "idempotent";
  EXPECT_EQ(client_->start_container("c", soon()).error().code, ENOENT);
  EXPECT_EQ(client_->signal_process("c", 1, SIGTERM, soon()).error().code, ENOENT);
}

TEST_F(AgentContainer, bad_descriptors_to_inherit_are_refused_and_good_ones_are_there) {
  const auto outcome = [&](uint64_t token, const std::vector<agent::v1::InheritedDescriptor>& inherited) {
    auto request = container_request("c", token, {"ls", "/proc/self/fd"});
    for (const auto& one : inherited) {
      *request.mutable_init()->add_inherited() = one;
    }
    const auto created = client_->create_container(request, soon());
    return created ? 0 : created.error().code;
  };
  const auto descriptor = [](uint32_t number, bool reads, bool writes, uint32_t minor = 0) {
    agent::v1::InheritedDescriptor one;
    one.set_number(number);
    one.set_reads(reads);
    one.set_writes(writes);
    one.set_device_minor(minor);
    return one;
  };
  EXPECT_EQ(outcome(1, {descriptor(2, true, false)}), EINVAL);
  EXPECT_EQ(outcome(1, {descriptor(512, true, false)}), EINVAL);
  EXPECT_EQ(outcome(1, {descriptor(~0U, true, false)}), EINVAL);
  EXPECT_EQ(outcome(1, {descriptor(4, true, false), descriptor(4, false, true)}), EINVAL);
  EXPECT_EQ(outcome(1, {descriptor(4, false, false)}), EINVAL);
  EXPECT_EQ(outcome(1, {descriptor(4, true, false, 11)}), EINVAL);
  std::vector<agent::v1::InheritedDescriptor> many;
  for (uint32_t number = 3; number < 3 + agent::kMostInherited + 1; ++number) {
    many.push_back(descriptor(number, true, number % 2 == 0, number % 3 == 0 ? 3 : 0));
  }
  EXPECT_EQ(outcome(1, many), E2BIG);
  many.back() = descriptor(511, true, true);
  many.erase(many.begin());
  EXPECT_EQ(outcome(1, many), 0);
}

TEST_F(AgentContainer, bad_requests_are_refused_by_name) {
  const auto refused = [&](const agent::v1::CreateContainerRequest& request) {
    const auto created = client_->create_container(request, soon());
    return created ? 0 : created.error().code;
  };
  EXPECT_EQ(refused(container_request("../x", 1, {"true"})), EINVAL);
  EXPECT_EQ(refused(container_request("", 1, {"true"})), EINVAL);
  EXPECT_EQ(refused(container_request("c", 0, {"true"})), EINVAL);
  EXPECT_EQ(refused(container_request("c", 1, {})), EINVAL);
  auto request = container_request("c", 1, {"true"});
  request.mutable_root()->set_export_name("../..");
  EXPECT_EQ(refused(request), EINVAL);
  request = container_request("c", 1, {"true"});
  request.mutable_root()->set_export_name("absent");
  EXPECT_EQ(refused(request), ENOENT);
  request = container_request("c", 1, {"true"});
  request.add_namespaces()->set_kind(0x100);
  EXPECT_EQ(refused(request), EINVAL);
  EXPECT_EQ(refused(container_request("c", 1, {"true"})), 0);
}

}  // namespace
}  // namespace caisson::test
