// SPDX-License-Identifier: Apache-2.0
// Engines read it: the names and the order of the fields are runc's.
#include "runtime/commands/state_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace caisson::runtime {
namespace {

constexpr uint32_t kNobody = 4'000'000'000;  // on any host

ContainerState sample() {
  ContainerState state;
  state.id = "box";
  state.oci_version = "1.0.2";
  state.bundle = "/b";
  state.rootfs = "/b/rootfs";
  state.created = "2020-01-01T00:00:00Z";
  state.owner = kNobody;
  state.status = Status::running;
  return state;
}

TEST(StateJson, is_in_runcs_order) {
  EXPECT_EQ(
      state_json(sample(), JsonLayout::compact),
      R"({"ociVersion":"1.0.2","id":"box","pid":0,"status":"stopped","bundle":"/b","rootfs":"/b/rootfs",)"
      R"("created":"2020-01-01T00:00:00Z","owner":"#4000000000"})");
}

TEST(StateJson, annotations_are_there_where_there_are_any) {
  ContainerState state = sample();
  state.annotations = {{"a", "b"}};
  EXPECT_THAT(state_json(state, JsonLayout::compact),
              ::testing::HasSubstr(R"("created":"2020-01-01T00:00:00Z","annotations":{"a":"b"},"owner")"));
}

TEST(StateJson, indented_one_has_lines) {
  EXPECT_THAT(state_json(sample(), JsonLayout::indented),
              ::testing::StartsWith("{\n  \"ociVersion\": \"1.0.2\",\n  \"id\": \"box\",\n"));
}

TEST(StateJson, pid_is_the_machines_while_it_runs) {
  ContainerState state = sample();
  state.vmm = *ProcessIdentity::of(::getpid());
  EXPECT_EQ(visible_pid(state), ::getpid());
  ++state.vmm.start_time;
  EXPECT_EQ(visible_pid(state), 0);
}

TEST(StateJson, bytes_that_are_no_text_do_not_stop_it) {
  ContainerState state = sample();
  state.bundle = "/\xff";
  EXPECT_THAT(state_json(state, JsonLayout::compact), ::testing::HasSubstr("\"bundle\":\"/\xef\xbf\xbd\""));
}

TEST(OwnerName, is_the_hosts_or_a_number) {
  EXPECT_EQ(owner_name(0), "root");
  EXPECT_EQ(owner_name(kNobody), "#4000000000");
}

}  // namespace
}  // namespace caisson::runtime
