// SPDX-License-Identifier: Apache-2.0
// What a process finds in a container that the real agent has made on this host: files, devices, ids,
// confinement, hooks.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cstring>
#include <fstream>
#include <thread>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

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
  auto request = container_request("c", 1, {"sh", "-c", "ulimit -n; ulimit -f"});
  auto* limit = request.mutable_init()->add_rlimits();
  limit->set_resource(RLIMIT_NOFILE);
  limit->set_soft(77);
  limit->set_hard(88);
  limit = request.mutable_init()->add_rlimits();
  // Not that of core files: sudo(8) lowers it, and not every host lets its root raise it again.
  limit->set_resource(RLIMIT_FSIZE);
  limit->set_soft(~uint64_t{0});
  limit->set_hard(~uint64_t{0});
  EXPECT_EQ(run(request).out, "77\nunlimited\n");
}

TEST_F(AgentContainer, limit_of_the_caller_beyond_what_there_can_be_is_the_most_there_can_be) {
  auto request = container_request("c", 1, {"sh", "-c", "ulimit -Sn; ulimit -Hn"});
  rlimit own{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &own), 0);
  auto* limit = request.mutable_init()->add_rlimits();
  limit->set_resource(RLIMIT_NOFILE);
  limit->set_soft(55);
  limit->set_hard(~uint64_t{0});
  limit->set_of_caller(true);
  EXPECT_EQ(run(request).out, "55\n" + std::to_string(own.rlim_max) + "\n");
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
  EXPECT_EQ(run(failing).err, "error running startContainer hook #0: exit status 3, stdout: , stderr: ");
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
    EXPECT_EQ(run(hooked).err,
              "error running startContainer hook #0: exit status 7, stdout: , stderr: "
              "mkdir: can't create directory '/tmp/no': Operation not permitted");
  }
}

TEST_F(AgentContainer, start_hook_that_a_signal_ends_is_told_by_its_name) {
  auto request = container_request("c", 1, {"true"});
  auto* hook = request.add_start_container_hooks();
  hook->set_path("/bin/sh");
  for (const char* word : {"sh", "-c", "kill -SYS $$"}) {
    hook->add_args(word);
  }
  EXPECT_EQ(run(request).err,
            "error running startContainer hook #0: signal: bad system call, stdout: , stderr: ");
}

}  // namespace
}  // namespace caisson::test
