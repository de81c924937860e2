// SPDX-License-Identifier: Apache-2.0
#include "runtime/state/container_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace caisson::runtime {
namespace {

ContainerState sample() {
  ContainerState state;
  state.id = "a";
  state.oci_version = "1.0.2";
  state.status = Status::running;
  state.bundle = "/b";
  state.rootfs = "/b/rootfs";
  state.created = timestamp_now();
  state.annotations = {{"k", "v"}};
  state.vmm = *ProcessIdentity::of(::getpid());
  state.cgroups = {"/sys/fs/cgroup/x"};
  state.systemd_unit = "caisson-x.scope";
  state.started = true;
  state.maker = *ProcessIdentity::of(::getppid());
  state.is_makers = true;
  return state;
}

TEST(ContainerState, reads_back_what_it_wrote) {
  const ContainerState state = sample();
  const auto read = parse_container_state(to_json(state));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_json(*read), to_json(state));
}

TEST(ContainerState, without_annotations_reads_back) {
  ContainerState state = sample();
  state.annotations.clear();
  state.cgroups.clear();
  EXPECT_TRUE(parse_container_state(to_json(state)));
}

TEST(ContainerState, half_made_by_who_has_died_is_stopped) {
  ContainerState state = sample();
  state.status = Status::creating;
  state.vmm = {};
  EXPECT_EQ(state.current_status(), Status::creating);
  state.maker.start_time += 1;  // another process has its number
  EXPECT_EQ(state.current_status(), Status::stopped);
}

TEST(ContainerState, one_whose_start_nobody_recorded_is_running) {
  ContainerState state = sample();
  state.status = Status::created;
  EXPECT_EQ(state.current_status(), Status::created);
  state.is_starting = true;
  EXPECT_EQ(parse_container_state(to_json(state))->current_status(), Status::running);
  state.vmm.start_time += 1;
  EXPECT_EQ(state.current_status(), Status::stopped);
}

TEST(ContainerState, one_from_before_growth_is_read_as_one_that_cannot_grow) {
  ContainerState state = sample();
  state.guest = {
      .ram = {.boot_bytes = 7, .usable_bytes = 7}, .max_memory_bytes = 9, .cpus = 2, .max_cpus = 4};
  state.cpu_time = {.quota_us = 5000, .period_us = 10000};
  state.cgroup_path = "/x";
  std::string text = to_json(state);
  for (const char* member :
       {"\"guestBootMemoryBytes\":7,", "\"guestMaxMemoryBytes\":9,", "\"guestMaxCpus\":4,",
        "\"cpuQuotaUs\":5000,", "\"cgroupPath\":\"/x\",", "\"cpuPeriodUs\":10000,"}) {
    ASSERT_NE(text.find(member), std::string::npos) << member;
    text.erase(text.find(member), std::string(member).size());
  }
  const auto read = parse_container_state(text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(
      read->guest,
      (GuestSize{
          .ram = {.boot_bytes = 7, .usable_bytes = 7}, .max_memory_bytes = 7, .cpus = 2, .max_cpus = 2}));
  EXPECT_EQ(read->cpu_time.quota_us, -1);
}

TEST(ContainerState, malformed_documents_are_refused) {
  std::string wrong = to_json(sample());
  EXPECT_FALSE(parse_container_state(""));
  EXPECT_FALSE(parse_container_state("[]"));
  EXPECT_FALSE(parse_container_state("{}"));
  EXPECT_FALSE(parse_container_state(wrong.substr(0, wrong.size() / 2)));
  wrong.replace(wrong.find("running"), 7, "flying!");
  EXPECT_FALSE(parse_container_state(wrong));
}

TEST(ContainerState, a_period_of_nothing_is_refused) {
  ContainerState state = sample();
  state.cpu_time.period_us = 0;
  EXPECT_FALSE(parse_container_state(to_json(state)));
}

TEST(ContainerState, living_process_keeps_its_status) {
  EXPECT_EQ(sample().current_status(), Status::running);
}

TEST(ContainerState, reused_pid_counts_as_stopped) {
  ContainerState state = sample();
  ++state.vmm.start_time;
  EXPECT_EQ(state.current_status(), Status::stopped);
}

TEST(ContainerState, creating_without_a_process_stays_creating) {
  ContainerState state = sample();
  state.status = Status::creating;
  state.vmm = {};
  EXPECT_EQ(state.current_status(), Status::creating);
}

TEST(ReasonOfEnd, is_told_only_when_it_was_not_the_containers_own) {
  EXPECT_EQ(reason_of_end(R"({"exitCode":0,"outOfMemory":false,"guestLost":""})"), "");
  EXPECT_EQ(reason_of_end(R"({"exitCode":137,"outOfMemory":true,"guestLost":""})"), "out of memory");
  EXPECT_EQ(reason_of_end(R"({"exitCode":1,"outOfMemory":false,"guestLost":"panic"})"), "panic");
  for (const char* text : {"", "[]", "{}", "{\"guestLost\":7}", "{\"guestLo"}) {
    EXPECT_EQ(reason_of_end(text), "") << text;
  }
}

// A process that faces the guest wrote it.
TEST(ReasonOfEnd, is_bounded_and_has_nothing_that_a_terminal_obeys) {
  EXPECT_EQ(reason_of_end("{\"guestLost\":\"panic\\u001b[2J\\u009b\\u202e\\nline\"}"), "panic?[2J??\nline");
  EXPECT_LE(reason_of_end("{\"guestLost\":\"" + std::string(1 << 20, 'x') + "\"}").size(), 4096U);
}

TEST(ContainerState, oci_document_has_no_pid_when_stopped) {
  EXPECT_THAT(oci_state_json(sample(), Status::running), ::testing::HasSubstr("\"pid\":"));
  EXPECT_THAT(oci_state_json(sample(), Status::stopped), ::testing::Not(::testing::HasSubstr("\"pid\":")));
}

}  // namespace
}  // namespace caisson::runtime
