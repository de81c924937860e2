// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/guest_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/resource.h>

#include "protocol/agent/agent.pb.h"

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;

class GuestProcess : public ::testing::Test {
 protected:
  Result<void> fill() {
    filled_.Clear();
    return fill_process(process_, linux_, filled_);
  }
  std::string error() {
    const auto done = fill();
    EXPECT_TRUE(done || done.error().code == EINVAL);
    return done ? "none" : done.error().message;
  }

  oci::Process process_{.args = {"sh", "-c"}, .env = {"A=1"}, .cwd = "/w"};
  oci::Linux linux_;
  agent::v1::Process filled_;
};

TEST_F(GuestProcess, is_what_the_configuration_says) {
  process_.user = {.uid = 1, .gid = 2, .umask = 18, .additional_gids = {3, 4}};
  process_.no_new_privileges = true;
  process_.oom_score_adj = -5;
  process_.console_size = oci::ConsoleSize{.height = 25, .width = 80};
  process_.capabilities = oci::Capabilities{
      .bounding = {1}, .effective = {2}, .inheritable = {16}, .permitted = {6}, .ambient = {8}};
  ASSERT_TRUE(fill());
  EXPECT_THAT(filled_.args(), ElementsAre("sh", "-c"));
  EXPECT_THAT(filled_.env(), ElementsAre("A=1"));
  EXPECT_EQ(filled_.cwd(), "/w");
  EXPECT_EQ(filled_.user().uid(), 1U);
  EXPECT_EQ(filled_.user().gid(), 2U);
  EXPECT_EQ(filled_.user().umask(), 18U);
  EXPECT_THAT(filled_.user().additional_gids(), ElementsAre(3U, 4U));
  EXPECT_TRUE(filled_.no_new_privileges());
  EXPECT_EQ(filled_.oom_score_adj(), -5);
  EXPECT_EQ(filled_.console_size().rows(), 25U);
  EXPECT_EQ(filled_.console_size().columns(), 80U);
  EXPECT_EQ(filled_.capabilities().bounding(), 1U);
  EXPECT_EQ(filled_.capabilities().effective(), 2U);
  EXPECT_EQ(filled_.capabilities().inheritable(), 16U);
  EXPECT_EQ(filled_.capabilities().permitted(), 6U);
  EXPECT_EQ(filled_.capabilities().ambient(), 8U);
}

TEST_F(GuestProcess, what_is_not_said_is_left_to_the_guest) {
  ASSERT_TRUE(fill());
  EXPECT_FALSE(filled_.user().has_umask());
  EXPECT_FALSE(filled_.has_capabilities());
  EXPECT_FALSE(filled_.has_console_size());
  EXPECT_FALSE(filled_.has_oom_score_adj());
  EXPECT_FALSE(filled_.has_scheduler());
  EXPECT_FALSE(filled_.has_io_priority());
  EXPECT_FALSE(filled_.has_seccomp());
  EXPECT_TRUE(filled_.attach_stdin() && filled_.attach_stdout() && filled_.attach_stderr());
}

TEST_F(GuestProcess, with_a_terminal_has_no_output_for_errors_alone) {
  process_.terminal = true;
  ASSERT_TRUE(fill());
  EXPECT_TRUE(filled_.terminal() && filled_.attach_stdin() && filled_.attach_stdout());
  EXPECT_FALSE(filled_.attach_stderr());
}

TEST_F(GuestProcess, limits_that_are_not_set_are_the_callers) {
  process_.rlimits = {{.type = {RLIMIT_NOFILE}, .soft = 5, .hard = 6}};
  ASSERT_TRUE(fill());
  ASSERT_EQ(filled_.rlimits_size(), static_cast<int>(RLIM_NLIMITS));
  EXPECT_EQ(filled_.rlimits(0).resource(), static_cast<uint32_t>(RLIMIT_NOFILE));
  EXPECT_EQ(filled_.rlimits(0).soft(), 5U);
  EXPECT_EQ(filled_.rlimits(0).hard(), 6U);
  EXPECT_FALSE(filled_.rlimits(0).of_caller());
  for (int i = 1; i < filled_.rlimits_size(); ++i) {
    const auto& limit = filled_.rlimits(i);
    rlimit own{};
    ASSERT_EQ(::getrlimit(static_cast<__rlimit_resource_t>(limit.resource()), &own), 0);
    EXPECT_TRUE(limit.of_caller());
    EXPECT_NE(limit.resource(), static_cast<uint32_t>(RLIMIT_NOFILE));
    EXPECT_EQ(limit.soft(), own.rlim_cur);
    EXPECT_EQ(limit.hard(), own.rlim_max);
  }
}

TEST_F(GuestProcess, scheduler_is_the_kernels) {
  process_.scheduler = oci::Scheduler{.policy = "SCHED_DEADLINE",
                                      .nice = -3,
                                      .priority = 0,
                                      .flags = {"SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM"},
                                      .runtime = 1,
                                      .deadline = 2,
                                      .period = 3};
  ASSERT_TRUE(fill());
  EXPECT_EQ(filled_.scheduler().policy(), static_cast<uint32_t>(SCHED_DEADLINE));
  EXPECT_EQ(filled_.scheduler().nice(), -3);
  EXPECT_EQ(filled_.scheduler().flags(), uint64_t{SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_RECLAIM});
  EXPECT_EQ(filled_.scheduler().runtime_ns(), 1U);
  EXPECT_EQ(filled_.scheduler().deadline_ns(), 2U);
  EXPECT_EQ(filled_.scheduler().period_ns(), 3U);
}

TEST_F(GuestProcess, unknown_words_are_refused_by_their_field) {
  process_.scheduler = oci::Scheduler{.policy = "FISH"};
  EXPECT_EQ(error(), "process.scheduler.policy: unknown value \"FISH\"");
  process_.scheduler = oci::Scheduler{.policy = "SCHED_OTHER", .flags = {"FISH"}};
  EXPECT_EQ(error(), "process.scheduler.flags: unknown value \"FISH\"");
  process_.scheduler = oci::Scheduler{.policy = "SCHED_FIFO", .priority = -1};
  EXPECT_EQ(error(), "process.scheduler.priority: must not be negative");
  process_.scheduler.reset();
  process_.io_priority = oci::IoPriority{.io_class = "FISH"};
  EXPECT_EQ(error(), "process.ioPriority.class: unknown value \"FISH\"");
  process_.io_priority.reset();
  linux_.personality = oci::Personality{.domain = "FISH"};
  EXPECT_EQ(error(), "linux.personality.domain: unknown value \"FISH\"");
}

TEST_F(GuestProcess, priority_of_io_has_its_bounds) {
  for (const int32_t priority : {-1, 8}) {
    process_.io_priority = oci::IoPriority{.io_class = "IOPRIO_CLASS_BE", .priority = priority};
    EXPECT_EQ(error(), "process.ioPriority.priority: must be between 0 and 7");
  }
  for (const int32_t priority : {0, 7}) {
    process_.io_priority = oci::IoPriority{.io_class = "IOPRIO_CLASS_BE", .priority = priority};
    ASSERT_TRUE(fill());
    EXPECT_EQ(filled_.io_priority().io_class(), 2U);
    EXPECT_EQ(filled_.io_priority().priority(), static_cast<uint32_t>(priority));
  }
}

TEST_F(GuestProcess, affinity_is_the_final_one) {
  process_.exec_cpu_affinity = oci::CpuAffinity{.initial = "7", .final_ = "0-1,3"};
  ASSERT_TRUE(fill());
  EXPECT_THAT(filled_.final_cpus(), ElementsAre(0U, 1U, 3U));
  process_.exec_cpu_affinity = oci::CpuAffinity{.initial = "x", .final_ = "0"};
  EXPECT_THAT(error(), ::testing::StartsWith("process.execCPUAffinity.initial: "));
  process_.exec_cpu_affinity = oci::CpuAffinity{.initial = "", .final_ = "x"};
  EXPECT_THAT(error(), ::testing::StartsWith("process.execCPUAffinity.final: "));
}

TEST_F(GuestProcess, personality_and_filter_are_the_containers) {
  linux_.personality = oci::Personality{.domain = "LINUX32"};
  linux_.seccomp = oci::Seccomp{.default_action = "SCMP_ACT_ALLOW", .flags = {"SECCOMP_FILTER_FLAG_LOG"}};
  ASSERT_TRUE(fill());
  EXPECT_EQ(filled_.personality(), 8U);
  EXPECT_FALSE(filled_.seccomp().filter().empty());
  EXPECT_NE(filled_.seccomp().flags(), 0U);
  linux_.seccomp->default_action = "FISH";
  EXPECT_THAT(error(), ::testing::StartsWith("linux.seccomp.defaultAction: "));
}

TEST(AbsentProcess, waits_for_a_start_that_never_comes) {
  agent::v1::Process process;
  fill_absent_process(process);
  EXPECT_TRUE(process.without_program());
  EXPECT_EQ(process.cwd(), "/");
  EXPECT_TRUE(process.attach_stdin() && process.attach_stdout() && process.attach_stderr());
}

}  // namespace
}  // namespace caisson::runtime
