// SPDX-License-Identifier: Apache-2.0
// config.json as strangers write it: malformed first, then what the tables must get right.
#include "runtime/oci/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include "runtime/oci/example_config.h"

namespace caisson::runtime::oci {
namespace {

using ::testing::HasSubstr;

std::string config_with(const std::string& members) {
  return R"({"ociVersion":"1.0.2","root":{"path":"rootfs"},"process":{"cwd":"/","args":["sh"]})" +
         (members.empty() ? std::string() : "," + members) + "}";
}

std::string error_of(const std::string& text) {
  const auto config = parse_config(text);
  return config ? "no error" : config.error().message;
}

TEST(Config, not_json_is_refused_with_its_place) {
  EXPECT_THAT(error_of("{\"ociVersion\":"), HasSubstr("parse config.json: parse error at line 1"));
}

TEST(Config, empty_text_is_refused) {
  EXPECT_THAT(error_of(""), HasSubstr("parse config.json"));
}

TEST(Config, array_at_top_is_refused) {
  EXPECT_THAT(error_of("[]"), HasSubstr("not a JSON object"));
}

TEST(Config, invalid_utf8_is_refused) {
  EXPECT_THAT(error_of("{\"ociVersion\":\"\xff\"}"), HasSubstr("UTF-8"));
}

TEST(Config, deep_nesting_is_refused) {
  EXPECT_THAT(error_of(std::string(100000, '[')), HasSubstr("nests deeper than 32"));
}

TEST(Config, brackets_in_strings_do_not_nest) {
  EXPECT_TRUE(
      parse_config(config_with(R"("annotations":{"a":"\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["})")));
}

TEST(Config, oversized_text_is_refused) {
  EXPECT_THAT(error_of(std::string(kMaxDocumentBytes + 1, ' ')), HasSubstr("larger than 4 MiB"));
}

TEST(Config, nul_character_is_refused_with_its_path) {
  EXPECT_THAT(error_of(config_with(R"("hostname":"a\u0000b")")),
              HasSubstr("hostname: must not contain a NUL"));
  EXPECT_THAT(error_of(config_with(R"("annotations":{"a\u0000b":""})")), HasSubstr("NUL"));
}

TEST(Config, wrong_type_is_refused_with_its_path) {
  EXPECT_THAT(error_of(config_with(R"("mounts":[{"destination":"/a"},{"destination":7}])")),
              HasSubstr("config.json: mounts[1].destination: expected a string, found number"));
  EXPECT_THAT(error_of(config_with(R"("linux":{"resources":{"pids":{"limit":"x"}}})")),
              HasSubstr("linux.resources.pids.limit: expected an integer, found string"));
  EXPECT_THAT(error_of(config_with(R"("linux":[])")), HasSubstr("linux: expected an object, found array"));
}

TEST(Config, missing_field_is_refused) {
  EXPECT_THAT(error_of(R"({"root":{"path":"r"}})"), HasSubstr("ociVersion is missing"));
  EXPECT_THAT(error_of(config_with(R"("mounts":[{}])")), HasSubstr("mounts[0]: destination is missing"));
}

TEST(Config, number_out_of_range_is_refused) {
  EXPECT_THAT(error_of(R"({"ociVersion":"1.0.2","root":{"path":"r"},"process":{"cwd":"/","args":["a"],)"
                       R"("user":{"uid":4294967296}}})"),
              HasSubstr("process.user.uid: must be at most 4294967295"));
  EXPECT_THAT(error_of(config_with(R"("linux":{"resources":{"memory":{"limit":18446744073709551615}}})")),
              HasSubstr("linux.resources.memory.limit: must be between"));
}

TEST(Config, unsupported_field_is_refused_with_its_path_and_remedy) {
  EXPECT_THAT(error_of(R"({"ociVersion":"1.0.2","root":{"path":"r"},"process":{"cwd":"/","args":["a"],)"
                       R"("apparmorProfile":"x"}})"),
              HasSubstr("process.apparmorProfile: not supported: the guest kernel has no AppArmor"));
}

TEST(Config, unsupported_field_without_meaning_is_accepted) {
  EXPECT_TRUE(parse_config(R"({"ociVersion":"1.0.2","root":{"path":"r"},"process":{"cwd":"/","args":["a"],)"
                           R"("apparmorProfile":""},"linux":{"mountLabel":"","intelRdt":null}})"));
}

TEST(Config, unknown_property_is_ignored_as_the_specification_demands) {
  EXPECT_TRUE(parse_config(config_with(R"("futureField":{"x":[1]})")));
}

TEST(Config, unsupported_version_is_refused) {
  EXPECT_THAT(error_of(R"({"ociVersion":"2.0.0","root":{"path":"r"}})"), HasSubstr("ociVersion: \"2.0.0\""));
}

TEST(Config, relative_cwd_is_refused) {
  EXPECT_THAT(error_of(R"({"ociVersion":"1.0.2","root":{"path":"r"},"process":{"cwd":"tmp","args":["a"]}})"),
              HasSubstr("process.cwd: must be an absolute path"));
}

TEST(Config, empty_args_are_refused) {
  EXPECT_THAT(error_of(R"({"ociVersion":"1.0.2","root":{"path":"r"},"process":{"cwd":"/"}})"),
              HasSubstr("process.args: must not be empty"));
}

TEST(Config, duplicate_rlimit_is_refused) {
  EXPECT_THAT(
      error_of(R"({"ociVersion":"1.0.2","root":{"path":"r"},"process":{"cwd":"/","args":["a"],"rlimits":[)"
               R"({"type":"RLIMIT_CPU","soft":1,"hard":1},{"type":"RLIMIT_CPU","soft":1,"hard":1}]}})"),
      HasSubstr("process.rlimits[1].type: is given twice"));
}

TEST(Config, duplicate_namespace_is_refused) {
  EXPECT_THAT(error_of(config_with(R"("linux":{"namespaces":[{"type":"pid"},{"type":"pid"}]})")),
              HasSubstr("linux.namespaces[1].type: is given twice"));
}

TEST(Config, unknown_namespace_is_refused) {
  EXPECT_THAT(error_of(config_with(R"("linux":{"namespaces":[{"type":"fish"}]})")),
              HasSubstr("linux.namespaces[0].type: unknown value \"fish\""));
}

TEST(Config, hook_with_relative_path_is_refused) {
  EXPECT_THAT(error_of(config_with(R"("hooks":{"poststop":[{"path":"x"}]})")),
              HasSubstr("hooks.poststop[0].path: must be an absolute path"));
}

TEST(Config, hook_with_zero_timeout_is_refused) {
  EXPECT_THAT(error_of(config_with(R"("hooks":{"poststop":[{"path":"/x","timeout":0}]})")),
              HasSubstr("hooks.poststop[0].timeout"));
}

TEST(Config, unknown_capability_is_left_out) {
  const auto config =
      parse_config(R"({"ociVersion":"1.0.2","root":{"path":"r"},"process":{"cwd":"/","args":["a"],)"
                   R"("capabilities":{"bounding":["CAP_CHOWN","CAP_FISH","CAP_KILL"]}}})");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->process->capabilities->bounding.bits, 0b100001U);
}

TEST(Config, effective_capability_that_is_not_permitted_is_refused) {
  EXPECT_THAT(error_of(R"({"ociVersion":"1.0.2","root":{"path":"r"},"process":{"cwd":"/","args":["a"],)"
                       R"("capabilities":{"permitted":["CAP_KILL"],"effective":["CAP_KILL","CAP_CHOWN"]}}})"),
              HasSubstr("process.capabilities.effective: CAP_CHOWN is not in permitted"));
}

std::string mapped(const std::string& uids, const std::string& gids) {
  return config_with(R"("linux":{"namespaces":[{"type":"user"}],"uidMappings":)" + uids +
                     R"(,"gidMappings":)" + gids + "}");
}

TEST(Config, user_namespace_without_mappings_is_refused) {
  const std::string one = R"([{"containerID":0,"hostID":1,"size":1}])";
  EXPECT_THAT(error_of(config_with(R"("linux":{"namespaces":[{"type":"user"}]})")),
              HasSubstr("linux.uidMappings: is missing"));
  EXPECT_THAT(error_of(mapped("[]", one)), HasSubstr("linux.uidMappings: is missing"));
  EXPECT_THAT(error_of(mapped(one, "[]")), HasSubstr("linux.gidMappings: is missing"));
  EXPECT_EQ(error_of(mapped(one, one)), "no error");
  // That it cannot be joined is told where the guest is asked for its namespaces.
  EXPECT_EQ(error_of(config_with(R"("linux":{"namespaces":[{"type":"user","path":"/proc/1/ns/user"}]})")),
            "no error");
}

TEST(Config, mapping_the_kernel_would_not_take_is_refused_by_its_path) {
  const std::string one = R"([{"containerID":0,"hostID":1,"size":1}])";
  EXPECT_THAT(error_of(mapped(R"([{"containerID":0,"hostID":1,"size":0}])", one)),
              HasSubstr("linux.uidMappings[0].size: must not be 0"));
  EXPECT_THAT(error_of(mapped(one, R"([{"containerID":4294967290,"hostID":1,"size":6}])")),
              HasSubstr("linux.gidMappings[0]: ids must be below"));
  EXPECT_THAT(error_of(mapped(
                  R"([{"containerID":0,"hostID":1,"size":4},{"containerID":9,"hostID":4,"size":1}])", one)),
              HasSubstr("linux.uidMappings[1]: overlaps with linux.uidMappings[0]"));
  EXPECT_EQ(error_of(mapped(
                R"([{"containerID":0,"hostID":1,"size":4},{"containerID":4,"hostID":5,"size":1}])", one)),
            "no error");
  EXPECT_THAT(
      error_of(config_with(
          R"("mounts":[{"destination":"/a","uidMappings":[{"containerID":0,"hostID":1,"size":0}]}])")),
      HasSubstr("mounts[0].uidMappings[0].size: must not be 0"));
}

TEST(Config, names_without_a_namespace_for_them_are_refused) {
  EXPECT_THAT(error_of(config_with(R"("hostname":"box")")),
              HasSubstr("hostname: needs a namespace of its own"));
  EXPECT_THAT(error_of(config_with(R"("domainname":"box")")),
              HasSubstr("domainname: needs a namespace of its own"));
  EXPECT_EQ(error_of(config_with(R"("hostname":"box","linux":{"namespaces":[{"type":"uts"}]})")), "no error");
}

TEST(Config, example_reads_back) {
  const auto config = parse_config(example_config(ExampleKind::privileged, 0, 0));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->mounts.size(), 7U);
  EXPECT_TRUE(config->root.read_only);
  EXPECT_EQ(config->process->rlimits[0].hard, 1024U);
  EXPECT_NE(config->linux_.find_namespace(CLONE_NEWNET), nullptr);
  EXPECT_EQ(config->linux_.find_namespace(CLONE_NEWUSER), nullptr);
  ASSERT_EQ(config->linux_.resources.devices.size(), 1U);
  EXPECT_FALSE(config->linux_.resources.devices[0].allow);
}

TEST(Config, resources_of_update_are_read) {
  const auto resources = parse_resources(R"({"memory":{"limit":33554432},"cpu":{"shares":0,"cpus":""}})");
  ASSERT_TRUE(resources) << resources.error().message;
  EXPECT_EQ(resources->memory->limit, 33554432);
}

}  // namespace
}  // namespace caisson::runtime::oci
