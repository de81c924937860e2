// SPDX-License-Identifier: Apache-2.0
// The top level of config.json, root, mounts, hooks and mappings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/oci/config.h"

namespace caisson::runtime::oci {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

std::string with(const std::string& members) {
  return R"({"ociVersion":"1.0.2","root":{"path":"r"})" + (members.empty() ? std::string() : "," + members) +
         "}";
}

std::string error_of(const std::string& text) {
  const auto config = parse_config(text);
  return config ? "none" : config.error().message;
}

TEST(ConfigFields, each_is_read_into_its_member) {
  const auto config = parse_config(R"({"ociVersion":"1.2.0","root":{"path":"r","readonly":true},
    "hostname":"h","domainname":"d","annotations":{"a.b":"c"},
    "mounts":[{"destination":"/d","type":"t","source":"s","options":["o","p"],
      "uidMappings":[{"containerID":1,"hostID":2,"size":3}],"gidMappings":[{"containerID":4,"hostID":5,"size":6}]}],
    "linux":{"namespaces":[{"type":"uts"}],"cgroupsPath":"/c"},"process":{"cwd":"/","args":["sh"]}})");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->oci_version, "1.2.0");
  EXPECT_EQ(config->root.path, "r");
  EXPECT_TRUE(config->root.read_only);
  EXPECT_EQ(config->hostname, "h");
  EXPECT_EQ(config->domainname, "d");
  EXPECT_EQ(config->annotations.at("a.b"), "c");
  ASSERT_EQ(config->mounts.size(), 1U);
  const Mount& mount = config->mounts[0];
  EXPECT_EQ(mount.destination, "/d");
  EXPECT_EQ(mount.type, "t");
  EXPECT_EQ(mount.source, "s");
  EXPECT_THAT(mount.options, ElementsAre("o", "p"));
  EXPECT_EQ(mount.uid_mappings.at(0).container_id, 1U);
  EXPECT_EQ(mount.uid_mappings.at(0).host_id, 2U);
  EXPECT_EQ(mount.uid_mappings.at(0).size, 3U);
  EXPECT_EQ(mount.gid_mappings.at(0).container_id, 4U);
  EXPECT_EQ(config->linux_.cgroups_path, "/c");
  EXPECT_THAT(config->process->args, ElementsAre("sh"));
}

TEST(ConfigFields, hooks_are_of_their_moments) {
  const auto config =
      parse_config(with(R"("hooks":{"prestart":[{"path":"/1"}],"createRuntime":[{"path":"/2"}],
    "createContainer":[{"path":"/3"}],"startContainer":[{"path":"/4"}],"poststart":[{"path":"/5"}],
    "poststop":[{"path":"/6","args":["a"],"env":["B=c"],"timeout":7}]})"));
  ASSERT_TRUE(config) << config.error().message;
  const Hooks& hooks = config->hooks;
  EXPECT_EQ(hooks.prestart.at(0).path, "/1");
  EXPECT_EQ(hooks.create_runtime.at(0).path, "/2");
  EXPECT_EQ(hooks.create_container.at(0).path, "/3");
  EXPECT_EQ(hooks.start_container.at(0).path, "/4");
  EXPECT_EQ(hooks.poststart.at(0).path, "/5");
  EXPECT_EQ(hooks.poststop.at(0).path, "/6");
  EXPECT_THAT(hooks.poststop.at(0).args, ElementsAre("a"));
  EXPECT_THAT(hooks.poststop.at(0).env, ElementsAre("B=c"));
  EXPECT_EQ(hooks.poststop.at(0).timeout, 7);
  EXPECT_FALSE(hooks.prestart.at(0).timeout);
}

TEST(ConfigFields, required_ones_are_missed_by_their_path) {
  EXPECT_EQ(error_of(R"({"ociVersion":"1.0.2"})"), "config.json: top level: root is missing");
  EXPECT_EQ(error_of(R"({"ociVersion":"1.0.2","root":{}})"), "config.json: root: path is missing");
  EXPECT_EQ(error_of(with(R"("hooks":{"prestart":[{}]})")),
            "config.json: hooks.prestart[0]: path is missing");
  for (const char* field : {"containerID", "hostID", "size"}) {
    std::string mapping = R"({"containerID":1,"hostID":1,"size":1})";
    const std::string member = '"' + std::string(field) + "\":1";
    const size_t at = mapping.find(member);
    mapping.erase(mapping[at + member.size()] == ',' ? at : at - 1, member.size() + 1);
    EXPECT_EQ(error_of(with(R"("linux":{"uidMappings":[)" + mapping + "]}")),
              "config.json: linux.uidMappings[0]: " + std::string(field) + " is missing");
  }
}

TEST(ConfigFields, other_platforms_are_refused) {
  for (const char* field : {"windows", "solaris", "zos", "vm"}) {
    EXPECT_THAT(error_of(with('"' + std::string(field) + R"(":{"x":1})")),
                StartsWith("config.json: " + std::string(field) + ": not supported: "));
    EXPECT_EQ(error_of(with('"' + std::string(field) + R"(":{})")), "none");
  }
}

TEST(ConfigFields, each_moments_hooks_are_checked) {
  for (const char* moment :
       {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"}) {
    const std::string where = "config.json: hooks." + std::string(moment) + "[0].";
    const auto hook = [moment](const std::string& members) {
      return with(R"("hooks":{")" + std::string(moment) + "\":[{" + members + "}]}");
    };
    EXPECT_EQ(error_of(hook(R"("path":"x")")), where + "path: must be an absolute path");
    EXPECT_EQ(error_of(hook(R"("path":"/x","timeout":-1)")), where + "timeout: must be greater than zero");
    EXPECT_EQ(error_of(hook(R"("path":"/x","timeout":1)")), "none");
  }
}

}  // namespace
}  // namespace caisson::runtime::oci
