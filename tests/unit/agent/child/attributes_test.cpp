// SPDX-License-Identifier: Apache-2.0
// What a process carries beside its identity.
#include <gtest/gtest.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "tests/support/agent_container.h"
#include "tests/support/scratch_directory.h"
#include "tests/unit/agent/child/child_fixture.h"

namespace caisson::test {
namespace {

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

TEST_F(AgentContainer, working_directory_outside_of_the_root_is_refused) {
  auto request = container_request("c", 1, {"pwd"});
  request.mutable_init()->set_cwd("/proc/self/fd/3/../../..");
  const Outcome outcome = run(request);
  // The name is walked inside the root; wherever it ends, it is not the guest's tree.
  EXPECT_TRUE(outcome.exit_code == 999 || outcome.out.starts_with("/")) << outcome.out;
  EXPECT_EQ(outcome.out.find("work"), std::string::npos);
}

}  // namespace
}  // namespace caisson::test

namespace caisson::agent {
namespace {

// The settings of a /proc that is a directory of ours.
class ChildSysctls : public ChildSteps {
 protected:
  ChildSysctls() {
    std::filesystem::create_directories(scratch_ / "proc/sys/net/ipv4/conf/eth0.1");
    for (const char* name : {"outside", "proc/outside", "proc/sys/net/ipv4/ip_forward",
                             "proc/sys/net/ipv4/conf/eth0.1/forwarding"}) {
      scratch_.write(name, "0");
    }
    child_.proc = scratch_.open("proc");
  }
  Result<void> set(const std::string& key) {
    request_.clear_sysctl();
    (*request_.mutable_sysctl())[key] = "1";
    return set_sysctls(child_);
  }

  test::ScratchDirectory scratch_;
};

TEST_F(ChildSysctls, names_are_parted_by_dots_or_by_slashes) {
  ASSERT_TRUE(set("net.ipv4.ip_forward"));
  EXPECT_EQ(scratch_.read("proc/sys/net/ipv4/ip_forward"), "1");
  ASSERT_TRUE(set("net/ipv4/conf/eth0.1/forwarding"));
  EXPECT_EQ(scratch_.read("proc/sys/net/ipv4/conf/eth0.1/forwarding"), "1");
}

TEST_F(ChildSysctls, name_that_leads_elsewhere_is_refused) {
  for (const char* key : {"../outside", "net/../../outside", "net/ipv4/../../../../outside", "..", "net/..",
                          "/net/ipv4/ip_forward", ".net.ipv4.ip_forward", ""}) {
    expect_error(set(key), EINVAL, "set sysctl " + std::string(key) + ": not a name");
  }
  EXPECT_EQ(scratch_.read("outside"), "0");
  EXPECT_EQ(scratch_.read("proc/outside"), "0");
}

TEST_F(ChildSysctls, setting_that_is_a_link_or_is_not_there_is_refused) {
  std::filesystem::create_symlink("../../outside", scratch_ / "proc/sys/net/link");
  const auto linked = set("net.link");
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().code, ELOOP);
  EXPECT_EQ(scratch_.read("proc/outside"), "0");
  const auto absent = set("net.absent");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ENOENT);
  EXPECT_TRUE(absent.error().message.starts_with("set sysctl net.absent: ")) << absent.error().message;
}

TEST_F(ChildSteps, limit_that_there_is_not_is_refused_and_open_files_are_few_by_themselves) {
  test::in_namespaces([this] {
    v1::Rlimit& limit = *process_.add_rlimits();
    limit.set_resource(RLIM_NLIMITS);
    const auto outcome = set_limits(child_);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, EINVAL);
    EXPECT_TRUE(outcome.error().message.find("no such limit") != std::string::npos);
    rlimit files{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
    EXPECT_EQ(files.rlim_cur, std::min<rlim_t>(1024, files.rlim_max));
  });
}

TEST_F(ChildSteps, limit_beyond_what_may_be_is_refused_unless_it_is_only_the_callers) {
  test::in_namespaces([this] {
    const rlimit few{.rlim_cur = 10, .rlim_max = 20};
    ASSERT_EQ(::setrlimit(RLIMIT_MSGQUEUE, &few), 0);
    process_.mutable_user()->set_uid(1000);  // without CAP_SYS_RESOURCE
    ASSERT_TRUE(become_user(child_));
    v1::Rlimit& limit = *process_.add_rlimits();
    limit.set_resource(RLIMIT_MSGQUEUE);
    limit.set_soft(15);
    limit.set_hard(21);
    const auto refused = set_limits(child_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, EPERM);
    limit.set_of_caller(true);
    ASSERT_TRUE(set_limits(child_));
    rlimit own{};
    ASSERT_EQ(::getrlimit(RLIMIT_MSGQUEUE, &own), 0);
    EXPECT_EQ(own.rlim_cur, 15U);
    EXPECT_EQ(own.rlim_max, 20U);
  });
}

TEST_F(ChildSteps, cpu_past_the_last_there_can_be_is_refused_by_its_number) {
  test::in_namespaces([this] {
    process_.add_final_cpus(0);
    process_.add_final_cpus(CPU_SETSIZE);
    expect_error(set_affinity(child_), EINVAL, "set cpu affinity: no such cpu 1024");
    process_.clear_final_cpus();
    process_.add_final_cpus(CPU_SETSIZE - 1);
    const auto absent = set_affinity(child_);
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code, EINVAL);
    EXPECT_TRUE(absent.error().message.find("none of its cpus is the container's") != std::string::npos);
  });
}

TEST_F(ChildSteps, cpu_that_is_there_is_the_only_one) {
  test::in_namespaces([this] {
    cpu_set_t allowed;
    ASSERT_EQ(::sched_getaffinity(0, sizeof(allowed), &allowed), 0);
    unsigned first = 0;
    while (!CPU_ISSET(first, &allowed)) {
      ++first;
    }
    process_.add_final_cpus(first);
    ASSERT_TRUE(set_affinity(child_));
    EXPECT_EQ(status("Cpus_allowed_list"), std::to_string(first));
  });
}

TEST_F(ChildSteps, scheduling_and_personality_are_as_asked_for) {
  test::in_namespaces([this] {
    process_.mutable_scheduler()->set_policy(SCHED_BATCH);
    process_.mutable_scheduler()->set_nice(5);
    process_.mutable_io_priority()->set_io_class(IOPRIO_CLASS_BE);
    process_.mutable_io_priority()->set_priority(7);
    process_.set_personality(ADDR_NO_RANDOMIZE);
    ASSERT_TRUE(set_scheduling(child_));
    ASSERT_TRUE(set_personality(child_));
    EXPECT_EQ(::sched_getscheduler(0), SCHED_BATCH);
    EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), 5);
    EXPECT_EQ(::syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0), IOPRIO_CLASS_BE << 13 | 7);
    EXPECT_EQ(::personality(0xffffffff), ADDR_NO_RANDOMIZE);
    process_.mutable_io_priority()->set_io_class(IOPRIO_CLASS_IDLE + 1);
    const auto priority = set_scheduling(child_);
    ASSERT_FALSE(priority);
    EXPECT_TRUE(priority.error().message.starts_with("set io priority: "));
    process_.mutable_scheduler()->set_policy(99);
    const auto policy = set_scheduling(child_);
    ASSERT_FALSE(policy);
    EXPECT_TRUE(policy.error().message.starts_with("set scheduler: "));
  });
}

TEST_F(ChildSteps, working_directory_without_a_name_inside_is_refused) {
  test::in_namespaces([this] {
    make_root();
    make_directory("/work");
    process_.set_cwd("/work");
    std::filesystem::create_directories("/tmp/jail");
    ASSERT_EQ(::chroot("/tmp/jail"), 0);
    expect_error(enter_working_directory(child_), EPERM,
                 "chdir to cwd (\"/work\"): it lies outside of the container's root");
  });
}

TEST_F(ChildSteps, working_directory_is_made_for_a_container_and_not_for_one_process_more) {
  test::in_namespaces([this] {
    make_root();
    child_.root = open_path("/");
    process_.set_cwd("/tmp/absent");
    plan_.container = nullptr;
    const auto refused = enter_working_directory(child_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ENOENT);
    plan_.container = &request_;
    ASSERT_TRUE(enter_working_directory(child_));
    EXPECT_EQ(std::filesystem::current_path(), "/tmp/absent");
  });
}

}  // namespace
}  // namespace caisson::agent
