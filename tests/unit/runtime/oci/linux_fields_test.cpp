// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/mount.h>
#include <sched.h>

#include "runtime/oci/config.h"

namespace caisson::runtime::oci {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

Result<Config> parsed(const std::string& members) {
  return parse_config(R"({"ociVersion":"1.0.2","root":{"path":"r"},"linux":{)" + members + "}}");
}

std::string error_of(const std::string& members) {
  const auto config = parsed(members);
  return config ? "none" : config.error().message;
}

TEST(LinuxFields, each_is_read_into_its_member) {
  const auto config = parsed(R"("namespaces":[{"type":"network","path":"/n"}],
    "uidMappings":[{"containerID":1,"hostID":2,"size":3}],"gidMappings":[{"containerID":4,"hostID":5,"size":6}],
    "timeOffsets":{"monotonic":{"secs":-7,"nanosecs":8}},
    "devices":[{"type":"c","path":"/d","major":9,"minor":10,"fileMode":438,"uid":11,"gid":12}],
    "cgroupsPath":"/c","resources":{"pids":{"limit":13}},"rootfsPropagation":"slave",
    "seccomp":{"defaultAction":"A"},"sysctl":{"net.core.somaxconn":"14"},
    "maskedPaths":["/m"],"readonlyPaths":["/o"],"personality":{"domain":"LINUX"})");
  ASSERT_TRUE(config) << config.error().message;
  const Linux& linux_ = config->linux_;
  EXPECT_EQ(linux_.namespaces.at(0).type.flag, static_cast<uint64_t>(CLONE_NEWNET));
  EXPECT_EQ(linux_.namespaces.at(0).path, "/n");
  EXPECT_EQ(linux_.uid_mappings.at(0).host_id, 2U);
  EXPECT_EQ(linux_.gid_mappings.at(0).host_id, 5U);
  EXPECT_EQ(linux_.time_offsets.at("monotonic").secs, -7);
  EXPECT_EQ(linux_.time_offsets.at("monotonic").nanosecs, 8U);
  const Device& device = linux_.devices.at(0);
  EXPECT_EQ(device.type.letter, 'c');
  EXPECT_EQ(device.path, "/d");
  EXPECT_EQ(device.major, 9);
  EXPECT_EQ(device.minor, 10);
  EXPECT_EQ(device.file_mode, 438U);
  EXPECT_EQ(device.uid, 11U);
  EXPECT_EQ(device.gid, 12U);
  EXPECT_EQ(linux_.cgroups_path, "/c");
  EXPECT_EQ(linux_.resources.pids->limit, 13);
  EXPECT_EQ(linux_.rootfs_propagation.flags, uint64_t{MS_SLAVE});
  EXPECT_EQ(linux_.seccomp->default_action, "A");
  EXPECT_EQ(linux_.sysctl.at("net.core.somaxconn"), "14");
  EXPECT_THAT(linux_.masked_paths, ElementsAre("/m"));
  EXPECT_THAT(linux_.readonly_paths, ElementsAre("/o"));
  EXPECT_EQ(linux_.personality->domain, "LINUX");
}

TEST(LinuxFields, not_given_are_absent) {
  const auto config = parsed("");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->linux_.rootfs_propagation.flags, 0U);
  EXPECT_FALSE(config->linux_.seccomp);
  EXPECT_FALSE(config->linux_.personality);
  EXPECT_TRUE(config->linux_.namespaces.empty());
}

TEST(LinuxFields, required_ones_are_missed_by_their_path) {
  EXPECT_EQ(error_of(R"("namespaces":[{}])"), "config.json: linux.namespaces[0]: type is missing");
  EXPECT_EQ(error_of(R"("devices":[{"path":"/d"}])"), "config.json: linux.devices[0]: type is missing");
  EXPECT_EQ(error_of(R"("devices":[{"type":"c"}])"), "config.json: linux.devices[0]: path is missing");
  EXPECT_EQ(error_of(R"("personality":{})"), "config.json: linux.personality: domain is missing");
}

TEST(LinuxFields, what_the_guest_lacks_is_refused) {
  for (const auto& [members, path] : std::vector<std::pair<std::string, std::string>>{
           {R"("mountLabel":"x")", "mountLabel"},
           {R"("intelRdt":{"closID":"x"})", "intelRdt"},
           {R"("netDevices":{"eth0":{}})", "netDevices"},
           {R"("memoryPolicy":{"mode":"x"})", "memoryPolicy"},
           {R"("personality":{"domain":"LINUX","flags":["x"]})", "personality.flags"}}) {
    EXPECT_THAT(error_of(members), StartsWith("config.json: linux." + path + ": not supported: "));
  }
}

}  // namespace
}  // namespace caisson::runtime::oci
