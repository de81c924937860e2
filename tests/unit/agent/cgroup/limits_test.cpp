// SPDX-License-Identifier: Apache-2.0
#include "agent/cgroup/limits.h"

#include <gtest/gtest.h>
#include <sys/inotify.h>

#include <array>

#include "protocol/agent/agent.pb.h"
#include "tests/support/scratch_directory.h"

namespace caisson::agent {
namespace {

class LimitsTest : public testing::Test {
 protected:
  static constexpr std::array kFiles = {"memory.max",       "memory.swap.max", "memory.low",  "memory.high",
                                        "memory.oom.group", "cpu.idle",        "cpu.weight",  "cpu.max",
                                        "cpu.max.burst",    "cpuset.cpus",     "cpuset.mems", "pids.max",
                                        "io.weight",        "io.max"};
  LimitsTest() {
    for (const char* name : kFiles) {
      scratch_.write("c/" + std::string(name), "");
    }
    scratch_.write("c/cgroup.controllers", "cpu memory pids\n");
  }
  std::string read(const std::string& name) const { return scratch_.read("c/" + name); }
  void remove(const std::string& name) const { std::filesystem::remove(scratch_ / ("c/" + name)); }
  Result<void> apply() { return apply_limits(cgroup_, resources_); }
  void expect_refused(int code, const std::string& message) {
    const auto outcome = apply();
    ASSERT_FALSE(outcome) << "not refused: " << message;
    EXPECT_EQ(outcome.error().code, code);
    EXPECT_EQ(outcome.error().message.substr(0, message.size()), message);
  }
  // The files that are written, in order.
  std::string written_by_apply() {
    const UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    EXPECT_GE(::inotify_add_watch(watch.get(), (scratch_ / "c").c_str(), IN_MODIFY), 0);
    EXPECT_TRUE(apply());
    alignas(inotify_event) std::array<char, 8192> events{};
    const ssize_t size = ::read(watch.get(), events.data(), events.size());
    std::string names;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(events.data() + at);
      names += (names.empty() ? "" : " ") + std::string(event->name);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
    return names;
  }

  test::ScratchDirectory scratch_;
  Cgroup cgroup_ = std::move(Cgroup::create(scratch_.path(), "/c").value());
  v1::Resources resources_;
};

TEST_F(LimitsTest, what_is_not_given_is_left_as_it_is) {
  ASSERT_TRUE(apply());
  for (const char* name : kFiles) {
    EXPECT_EQ(read(name), "") << name;
  }
}

TEST_F(LimitsTest, limit_that_is_not_above_what_is_used_is_refused_where_asked_and_changes_nothing) {
  scratch_.write("c/memory.current", "4096\n");
  resources_.set_check_memory_usage(true);
  resources_.set_memory_max(4096);
  resources_.set_pids_max(7);
  expect_refused(EBUSY, "linux.resources.memory.limit: 4096 is not above the 4096 bytes in use");
  EXPECT_EQ(read("memory.max"), "");
  EXPECT_EQ(read("pids.max"), "");
  resources_.set_memory_max(4097);
  EXPECT_TRUE(apply());
  EXPECT_EQ(read("memory.max"), "4097");
  resources_.set_memory_max(-1);
  EXPECT_TRUE(apply()) << "no limit is above any use";
  resources_.set_check_memory_usage(false);
  resources_.set_memory_max(1);
  EXPECT_TRUE(apply()) << "nobody asked";
}

TEST_F(LimitsTest, use_that_is_no_number_is_not_taken_for_one) {
  scratch_.write("c/memory.current", "many\n");
  resources_.set_check_memory_usage(true);
  resources_.set_memory_max(4096);
  expect_refused(EPROTO, "read memory.current: it is no number");
}

TEST_F(LimitsTest, each_goes_to_its_file) {
  resources_.set_memory_max(4096);
  resources_.set_memory_swap_max(0);
  resources_.set_memory_low(1);
  resources_.set_memory_high(2);
  resources_.set_cpu_idle(true);
  resources_.set_cpu_weight(79);
  resources_.set_cpu_quota_us(5000);
  resources_.set_cpu_period_us(100000);
  resources_.set_cpu_burst_us(300);
  resources_.set_cpuset_cpus("0-1");
  resources_.set_cpuset_mems("0");
  resources_.set_pids_max(10);
  resources_.set_io_weight(200);
  resources_.set_oom_kill_group(true);
  resources_.add_io_max("8:0 rbps=1");
  (*resources_.mutable_unified())["io.weight"] = "default 77";
  EXPECT_EQ(written_by_apply(),
            "cpu.max.burst memory.max memory.swap.max memory.low memory.high cpu.idle cpu.weight cpu.max "
            "cpu.max.burst cpuset.cpus cpuset.mems pids.max io.weight memory.oom.group io.max io.weight");
  EXPECT_EQ(read("memory.max"), "4096");
  EXPECT_EQ(read("memory.swap.max"), "0");
  EXPECT_EQ(read("memory.low"), "1");
  EXPECT_EQ(read("memory.high"), "2");
  EXPECT_EQ(read("cpu.idle"), "1");
  EXPECT_EQ(read("cpu.weight"), "79");
  EXPECT_EQ(read("cpu.max"), "5000 100000");
  EXPECT_EQ(read("cpu.max.burst"), "300");
  EXPECT_EQ(read("cpuset.cpus"), "0-1");
  EXPECT_EQ(read("cpuset.mems"), "0");
  EXPECT_EQ(read("pids.max"), "10");
  EXPECT_EQ(read("io.weight"), "default 77");
  EXPECT_EQ(read("memory.oom.group"), "1");
  EXPECT_EQ(read("io.max"), "8:0 rbps=1");
}

TEST_F(LimitsTest, less_than_nothing_is_no_limit) {
  resources_.set_memory_max(-1);
  resources_.set_memory_swap_max(-1);
  resources_.set_pids_max(-2);
  resources_.set_cpu_quota_us(-1);
  ASSERT_TRUE(apply());
  for (const char* name : {"memory.max", "memory.swap.max", "pids.max", "cpu.max"}) {
    EXPECT_EQ(read(name), "max") << name;
  }
}

TEST_F(LimitsTest, quota_that_is_none_is_no_limit_and_period_that_is_none_stays) {
  resources_.set_cpu_quota_us(0);
  resources_.set_cpu_period_us(50000);
  ASSERT_TRUE(apply());
  EXPECT_EQ(read("cpu.max"), "max 50000");
  scratch_.write("c/cpu.max", "");
  resources_.set_cpu_quota_us(1);
  resources_.set_cpu_period_us(0);
  ASSERT_TRUE(apply());
  EXPECT_EQ(read("cpu.max"), "1");
}

TEST_F(LimitsTest, limit_that_the_kernel_has_not_is_refused_unless_it_limits_nothing) {
  for (const char* name : {"memory.max", "memory.swap.max", "pids.max"}) {
    remove(name);
  }
  resources_.set_memory_swap_max(7);
  resources_.set_pids_max(-1);
  EXPECT_TRUE(apply());
  resources_.set_pids_max(1);
  expect_refused(ENOENT, "linux.resources.pids.limit: write 1 to cgroup file pids.max: ");
  resources_.set_memory_max(1);
  expect_refused(ENOENT, "linux.resources.memory.limit: write 1 to cgroup file memory.max: ");
}

TEST_F(LimitsTest, burst_that_cannot_be_suspended_is_refused_before_anything_is_written) {
  remove("cpu.max.burst");
  resources_.set_cpu_burst_us(1);
  resources_.set_memory_max(1);
  expect_refused(ENOENT, "linux.resources.cpu.burst: ");
  EXPECT_EQ(read("memory.max"), "");
}

TEST_F(LimitsTest, unified_is_of_names_of_limits_alone) {
  for (const char* name :
       {"", "cgroup.procs", "cgroup.subtree_control", "../c/pids.max", "a/b", ".hidden", ".."}) {
    resources_.clear_unified();
    (*resources_.mutable_unified())[name] = "1";
    expect_refused(EINVAL, "linux.resources.unified: " + std::string(name) + " is not the name of a limit");
  }
}

TEST_F(LimitsTest, unified_of_a_controller_that_is_not_there_names_it) {
  (*resources_.mutable_unified())["hugetlb.2MB.max"] = "1";
  expect_refused(ENOENT,
                 "linux.resources.unified: the requested cgroup controller `hugetlb` is not available");
  resources_.clear_unified();
  (*resources_.mutable_unified())["pids.nothing"] = "1";
  expect_refused(ENOENT, "linux.resources.unified: write 1 to cgroup file pids.nothing: ");
}

}  // namespace
}  // namespace caisson::agent
