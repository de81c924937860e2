// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/resource.h>

#include "runtime/oci/device.h"
#include "runtime/oci/linux.h"
#include "runtime/oci/process.h"

namespace caisson::runtime::oci {
namespace {

// The member "a" of a document, read as T.
template <typename T>
Result<T> read_as(const std::string& json) {
  const Document document = TRY(Document::parse(R"({"a":)" + json + "}", "text"));
  T out{};
  TRY(document.root().for_each_member(
      [&out](std::string_view, const Value& member) { return read(member, out); }));
  return out;
}

template <typename T>
std::string error_of(const std::string& json) {
  const auto value = read_as<T>(json);
  return value ? "none" : value.error().message;
}

TEST(Enumerations, capabilities_are_bits) {
  EXPECT_EQ(read_as<CapabilitySet>(R"(["CAP_CHOWN","CAP_CHECKPOINT_RESTORE"])")->bits, 1ULL | 1ULL << 40);
  EXPECT_EQ(read_as<CapabilitySet>("[]")->bits, 0U);
  EXPECT_EQ(read_as<CapabilitySet>(R"(["CAP_FISH","cap_chown"])")->bits, 0U) << "left out, with a warning";
  EXPECT_EQ(error_of<CapabilitySet>(R"(["CAP_CHOWN",7])"), "a[1]: expected a string, found number");
}

TEST(Enumerations, rlimits_are_the_kernels) {
  EXPECT_EQ(read_as<RlimitKind>(R"("RLIMIT_NOFILE")")->number, static_cast<uint32_t>(RLIMIT_NOFILE));
  EXPECT_EQ(read_as<RlimitKind>(R"("RLIMIT_RTTIME")")->number, static_cast<uint32_t>(RLIMIT_RTTIME));
  EXPECT_EQ(error_of<RlimitKind>(R"("NOFILE")"), "a: unknown value \"NOFILE\"");
}

TEST(Enumerations, namespaces_are_flags) {
  EXPECT_EQ(read_as<NamespaceKind>(R"("mount")")->flag, static_cast<uint64_t>(CLONE_NEWNS));
  EXPECT_EQ(read_as<NamespaceKind>(R"("network")")->flag, static_cast<uint64_t>(CLONE_NEWNET));
  EXPECT_EQ(error_of<NamespaceKind>(R"("net")"), "a: unknown value \"net\"");
  EXPECT_EQ(error_of<NamespaceKind>(R"("")"), "a: unknown value \"\"");
}

TEST(Enumerations, propagation_may_be_absent) {
  EXPECT_EQ(read_as<Propagation>(R"("")")->flags, 0U);
  EXPECT_EQ(read_as<Propagation>(R"("rslave")")->flags, uint64_t{MS_SLAVE | MS_REC});
  EXPECT_EQ(read_as<Propagation>(R"("private")")->flags, uint64_t{MS_PRIVATE});
  EXPECT_EQ(error_of<Propagation>(R"("fish")"), "a: unknown value \"fish\"");
}

TEST(Enumerations, devices_are_letters) {
  for (const char letter : std::string("abcup")) {
    EXPECT_EQ(read_as<DeviceType>('"' + std::string(1, letter) + '"')->letter, letter);
  }
  EXPECT_EQ(read_as<DeviceType>(R"("")")->letter, 'a');
  for (const char* wrong : {"x", "C", "cc", "ab"}) {
    EXPECT_EQ(error_of<DeviceType>('"' + std::string(wrong) + '"'),
              "a: unknown device type \"" + std::string(wrong) + "\"; a, b, c, u and p are known");
  }
}

}  // namespace
}  // namespace caisson::runtime::oci
