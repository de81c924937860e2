// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/update.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include "protocol/agent/agent.pb.h"
#include "runtime/launch/guest_size.h"
#include "tests/support/fake_sandbox.h"

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;

constexpr CpuTime kInForce{.quota_us = 20000, .period_us = 50000};

CpuTime after(std::optional<int64_t> quota, std::optional<uint64_t> period) {
  oci::Resources resources;
  resources.cpu = oci::Cpu{.quota = quota, .period = period};
  return cpu_time_after(resources, kInForce);
}

TEST(CpuTimeAfter, stays_where_no_quota_is_given) {
  EXPECT_EQ(cpu_time_after({}, kInForce), kInForce);
  EXPECT_EQ(after(std::nullopt, 70000), kInForce);
  EXPECT_EQ(after(0, 70000), kInForce);
}

TEST(CpuTimeAfter, is_what_was_asked_for) {
  EXPECT_EQ(after(30000, 100000), (CpuTime{.quota_us = 30000, .period_us = 100000}));
  EXPECT_EQ(after(30000, std::nullopt), (CpuTime{.quota_us = 30000, .period_us = 50000}));
  EXPECT_EQ(after(-1, 50000), (CpuTime{.quota_us = -1, .period_us = 50000}));
}

TEST(UpdateContainer, of_none_says_so_before_it_reads_anything) {
  const test::ScratchDirectory scratch;
  const auto updated = update_container(StateRoot(scratch.path()), "x", {.file = "/nonexistent"});
  ASSERT_FALSE(updated);
  EXPECT_EQ(updated.error().code, ENOENT);
  EXPECT_EQ(updated.error().message, "container \"x\" does not exist");
}

class UpdateInGuest : public ::testing::Test {
 protected:
  // The container has no cgroup on the host. Should the code under test take the host's own for it, it shall
  // find none: who may write to them may hide them, too.
  static void SetUpTestSuite() {
    if (::unshare(CLONE_NEWNS) == 0) {
      ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
      ASSERT_EQ(::mount("tmpfs", "/sys/fs/cgroup", "tmpfs", MS_RDONLY, nullptr), 0);
    }
  }

  // Of 256 MiB and one CPU, which may become 1 GiB and two.
  ContainerState record() {
    ContainerState state = sandbox_.record(Status::running);
    state.guest = {.ram = {.boot_bytes = 256 * kMiB, .usable_bytes = 256 * kMiB},
                   .max_memory_bytes = 1024 * kMiB,
                   .cpus = 1,
                   .max_cpus = 2};
    state.cpu_time = {.quota_us = 50000, .period_us = 100000};
    EXPECT_TRUE(sandbox_.directory().save(state));
    sandbox_.unlock();
    return state;
  }
  Result<void> update(const UpdateOptions& options) {
    return update_container(sandbox_.root(), "box", options);
  }

  test::FakeSandbox sandbox_;
};

TEST_F(UpdateInGuest, guest_grows_before_it_may_use_more) {
  record();
  ASSERT_TRUE(update({.memory = "512M"}));
  EXPECT_THAT(sandbox_.heard(), ElementsAre("GrowMachine: running", "UpdateContainer: running"));
  EXPECT_FALSE(sandbox_.last<agent::v1::GrowMachineRequest>("GrowMachine").memory_blocks().empty());
  const auto request = sandbox_.last<agent::v1::UpdateContainerRequest>("UpdateContainer");
  EXPECT_EQ(request.resources().memory_max(), static_cast<int64_t>(512 * kMiB));
  EXPECT_GT(sandbox_.on_record().guest.ram.usable_bytes, 512 * kMiB);
}

TEST_F(UpdateInGuest, growth_is_on_record_though_the_guest_refuses_it) {
  record();
  sandbox_.refuse("GrowMachine", {.code = EIO, .message = "no"});
  EXPECT_FALSE(update({.memory = "512M"}));
  EXPECT_GT(sandbox_.on_record().guest.ram.usable_bytes, 512 * kMiB);
}

TEST_F(UpdateInGuest, more_than_the_machine_has_changes_nothing) {
  const ContainerState before = record();
  const auto updated = update({.memory = "4G"});
  ASSERT_FALSE(updated);
  EXPECT_EQ(updated.error().code, ENOSPC);
  EXPECT_EQ(sandbox_.on_record().guest, before.guest);
  EXPECT_THAT(sandbox_.heard(), ElementsAre());
}

TEST_F(UpdateInGuest, cpu_time_is_in_force_once_the_guest_has_it) {
  const ContainerState before = record();
  sandbox_.refuse("UpdateContainer", {.code = EIO, .message = "no"});
  EXPECT_FALSE(update({.cpu_quota = 80000}));
  EXPECT_EQ(sandbox_.on_record().cpu_time, before.cpu_time);
}

TEST_F(UpdateInGuest, quota_alone_keeps_the_period) {
  record();
  ASSERT_TRUE(update({.cpu_quota = 80000}));
  const auto request = sandbox_.last<agent::v1::UpdateContainerRequest>("UpdateContainer");
  EXPECT_EQ(request.resources().cpu_quota_us(), 80000);
  EXPECT_EQ(request.resources().cpu_period_us(), 100000U);
  EXPECT_EQ(sandbox_.on_record().cpu_time, (CpuTime{.quota_us = 80000, .period_us = 100000}));
}

TEST_F(UpdateInGuest, file_counts_in_place_of_options) {
  record();
  const test::ScratchDirectory scratch;
  scratch.write("resources.json", R"({"pids":{"limit":7}})");
  ASSERT_TRUE(update({.file = scratch / "resources.json", .pids_limit = 9}));
  EXPECT_EQ(sandbox_.last<agent::v1::UpdateContainerRequest>("UpdateContainer").resources().pids_max(), 7);
}

TEST_F(UpdateInGuest, of_a_paused_one_wakes_its_guest) {
  ContainerState state = record();
  state.status = Status::paused;
  ASSERT_TRUE(sandbox_.directory().save(state));
  ASSERT_TRUE(update({.pids_limit = 9}));
  EXPECT_EQ(sandbox_.heard().front(), "vmm wake: paused");
}

TEST_F(UpdateInGuest, of_one_that_has_ended_is_refused) {
  record();
  sandbox_.machine().end();
  const auto updated = update({.pids_limit = 9});
  ASSERT_FALSE(updated);
  EXPECT_EQ(updated.error().code, ESRCH);
  EXPECT_EQ(updated.error().message, "container not running");
}

}  // namespace
}  // namespace caisson::runtime
