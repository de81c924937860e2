// SPDX-License-Identifier: Apache-2.0
// The order of a child's steps, where another would be a way out or hide what went wrong.
#include "agent/child/child.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cstddef>
#include <initializer_list>

#include "agent/child/clone.h"
#include "tests/unit/agent/child/child_fixture.h"

namespace caisson::agent {
namespace {

std::string bytes_of(const sock_filter& instruction) {
  return {reinterpret_cast<const char*>(&instruction), sizeof(instruction)};
}

// Refuses these calls and no others.
std::string filter_against(std::initializer_list<long> calls) {
  std::string filter = bytes_of(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  for (const long call : calls) {
    filter += bytes_of(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1));
    filter += bytes_of(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  }
  return filter + bytes_of(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

class ChildOrder : public ChildSteps {
 protected:
  void run_busybox(std::initializer_list<const char*> words) {
    process_.set_cwd("/");
    process_.add_args("/bin/busybox");
    for (const char* word : words) {
      process_.add_args(word);
    }
  }
  // The exit code, once the child has ended.
  static int end_of(const Cloned& cloned) {
    int status = 0;
    EXPECT_EQ(::waitpid(cloned.pid, &status, 0), cloned.pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  // What a child of this plan says went wrong.
  std::string error_of() {
    control_ = std::move(Control::create_pair().value());
    const auto cloned = clone_child(plan_, 0, control_.child);
    EXPECT_EQ(end_of(*cloned), 127);
    const auto told = control_.agent.receive();
    return told && *told ? (*told)->error.message : "nothing";
  }
  // A root file system of busybox, and a container of it.
  void lay_out_container() {
    mount_tmpfs("/run/exports/rootfs");
    for (const char* name : {"bin", "proc", "dev"}) {
      std::filesystem::create_directories("/run/exports/rootfs/" + std::string(name));
    }
    std::filesystem::copy_file("/bin/busybox", "/run/exports/rootfs/bin/busybox");
    std::filesystem::create_directories("/run/place");
    plan_.exports = "/run/exports";
    plan_.mount_point = "/run/place";
    request_.mutable_root()->set_export_name("rootfs");
  }
};

TEST_F(ChildOrder, nothing_lies_between_confinement_and_the_program) {
  test::in_namespaces([this] {
    plan_.container = nullptr;
    run_busybox({"true"});
    process_.set_no_new_privileges(true);
    process_.mutable_seccomp()->set_filter(filter_against(
        {SYS_capset, SYS_setresuid, SYS_setgroups, SYS_setns, SYS_setsid, SYS_fchdir, SYS_close_range,
         SYS_faccessat, SYS_openat, SYS_sendmsg, SYS_recvmsg, SYS_umask, SYS_setrlimit, SYS_prlimit64}));
    const auto cloned = clone_child(plan_, 0, control_.child);
    ASSERT_TRUE(cloned);
    EXPECT_EQ(end_of(*cloned), 0);
    const auto told = control_.agent.receive();
    EXPECT_FALSE(told) << (*told)->error.message;
  });
}

TEST_F(ChildOrder, first_of_what_is_wrong_is_told) {
  test::in_namespaces([this] {
    plan_.container = nullptr;
    process_.set_cwd("/absent");
    process_.add_rlimits()->set_resource(RLIM_NLIMITS);
    process_.add_args("/absent");
    process_.set_apparmor_profile("profile");
    EXPECT_TRUE(error_of().starts_with("chdir to cwd (\"/absent\")"));
    process_.set_cwd("/");
    EXPECT_TRUE(error_of().starts_with("set rlimit 16: "));
    process_.clear_rlimits();
    EXPECT_EQ(error_of(), "exec: \"/absent\": stat /absent: no such file or directory");
    process_.set_args(0, "/bin/busybox");
    EXPECT_TRUE(error_of().starts_with("apply security label: "));
  });
}

TEST_F(ChildOrder, container_waits_for_its_start_with_everything_done_but_the_program) {
  test::in_namespaces([this] {
    lay_out_container();
    run_busybox({"sh", "-c", "/bin/busybox touch /started; exit 5"});
    v1::Mount& proc = *request_.add_mounts();
    proc.set_type("proc");
    proc.set_source("proc");
    proc.set_destination("/proc");
    plan_.binds = {-1};
    const auto cloned = clone_child(plan_, CLONE_NEWNS | CLONE_NEWPID, control_.child);
    ASSERT_TRUE(cloned);
    ASSERT_EQ(::fcntl(control_.agent.fd(), F_SETFL, 0), 0);  // it is waited for
    const auto message = control_.agent.receive();
    ASSERT_TRUE(message && *message);
    ASSERT_EQ((*message)->kind, ControlKind::ready) << (*message)->error.message;
    EXPECT_FALSE(std::filesystem::exists("/run/exports/rootfs/started"));
    EXPECT_TRUE(std::filesystem::exists("/run/exports/rootfs/dev/null"));
    ASSERT_TRUE(control_.agent.send(ControlKind::go));
    EXPECT_EQ(end_of(*cloned), 5);
    EXPECT_TRUE(std::filesystem::exists("/run/exports/rootfs/started"));
  });
}

}  // namespace
}  // namespace caisson::agent
