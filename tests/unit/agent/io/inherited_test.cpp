// SPDX-License-Identifier: Apache-2.0
// Descriptors beyond stdio, of containers made by the real agent on this host.
#include <gtest/gtest.h>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

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

TEST_F(AgentContainer, bad_standard_descriptors_are_refused) {
  const auto outcome = [&](const std::vector<agent::v1::InheritedDescriptor>& standard) {
    auto request = container_request("c", 1, {"true"});
    for (const auto& one : standard) {
      *request.mutable_init()->add_standard() = one;
    }
    const auto created = client_->create_container(request, soon());
    return created ? 0 : created.error().code;
  };
  const auto descriptor = [](uint32_t number, uint32_t minor, const std::string& name = "") {
    agent::v1::InheritedDescriptor one;
    one.set_number(number);
    one.set_reads(true);
    one.set_device_minor(minor);
    one.set_served_name(name);
    return one;
  };
  EXPECT_EQ(outcome({descriptor(3, 3)}), EINVAL);
  EXPECT_EQ(outcome({descriptor(~0U, 3)}), EINVAL);
  EXPECT_EQ(outcome({descriptor(0, 3), descriptor(0, 5)}), EINVAL);
  EXPECT_EQ(outcome({descriptor(0, 0)}), EINVAL) << "a stream";
  EXPECT_EQ(outcome({descriptor(0, 11)}), EINVAL) << "a device that is not known";
  EXPECT_EQ(outcome({descriptor(0, 0, "../x")}), EINVAL);
  EXPECT_EQ(outcome({descriptor(0, 0, "no-such")}), ENOENT);
  EXPECT_EQ(outcome({descriptor(0, 3), descriptor(1, 7)}), 0);
}

}  // namespace
}  // namespace caisson::test
