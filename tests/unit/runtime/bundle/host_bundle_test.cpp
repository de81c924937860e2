// SPDX-License-Identifier: Apache-2.0
// A command over the host's own root: it gets every right of its own VM, and of the host what it was shown.
#include "runtime/bundle/host_bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "runtime/oci/config.h"

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Caller caller_in(const std::string& directory) {
  return {.directory = directory,
          .is_on_root_mount = [](const std::string& path) { return !path.starts_with("/mnt"); },
          .variable = [](const char*) -> const char* { return nullptr; }};
}

oci::Config parsed(const HostBundle& bundle) {
  const auto text = config_over_host(bundle);
  EXPECT_TRUE(text) << text.error().message;
  auto config = oci::parse_config(text.value_or("{}"));
  EXPECT_TRUE(config) << config.error().message;
  return config.value_or(oci::Config());
}

const oci::Mount* mount_at(const oci::Config& config, const std::string& destination) {
  for (const oci::Mount& mount : config.mounts) {
    if (mount.destination == destination) return &mount;
  }
  return nullptr;
}

TEST(ConfigOverHost, shows_the_root_with_every_capability_and_nothing_hidden) {
  const oci::Config config = parsed({.command = {"ls", "-l"}, .has_terminal = true});
  EXPECT_EQ(config.root.path, "/");
  EXPECT_FALSE(config.root.read_only);
  EXPECT_THAT(config.process->args, ElementsAre("ls", "-l"));
  EXPECT_TRUE(config.process->terminal);
  EXPECT_FALSE(config.process->no_new_privileges);
  EXPECT_TRUE(config.process->rlimits.empty());
  EXPECT_NE(config.process->capabilities->effective.bits & (1ULL << 21), 0U);  // CAP_SYS_ADMIN
  EXPECT_EQ(config.process->capabilities->inheritable.bits, 0U);
  EXPECT_TRUE(config.linux_.masked_paths.empty());
  EXPECT_TRUE(config.linux_.readonly_paths.empty());
  EXPECT_FALSE(config.linux_.resources.memory);
  EXPECT_TRUE(config.annotations.empty());
}

TEST(ConfigOverHost, binds_what_is_named_as_it_is_named) {
  const oci::Config config = parsed({.writable = {"/usr/bin/.."}, .readable = {"/etc"}, .command = {"ls"}});
  const oci::Mount* readable = mount_at(config, "/etc");
  ASSERT_NE(readable, nullptr);
  EXPECT_THAT(readable->options, ElementsAre("rbind", "ro"));
  const oci::Mount* writable = mount_at(config, "/usr");
  ASSERT_NE(writable, nullptr);
  EXPECT_EQ(writable->source, "/usr");
  EXPECT_THAT(writable->options, ElementsAre("rbind", "rw"));
  ASSERT_NE(mount_at(config, "/tmp"), nullptr);
  EXPECT_EQ(mount_at(config, "/tmp")->type, "tmpfs");
}

TEST(ConfigOverHost, names_the_option_whose_directory_is_missing) {
  for (const auto& [bundle, option] : {std::pair{HostBundle{.writable = {"/nonexistent"}}, "open --rw"},
                                       std::pair{HostBundle{.readable = {"/nonexistent"}}, "open --ro"},
                                       std::pair{HostBundle{.rootfs = "/nonexistent"}, "open --rootfs"}}) {
    const auto config = config_over_host(bundle);
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code, ENOENT);
    EXPECT_THAT(config.error().message, HasSubstr(std::string(option) + " /nonexistent: "));
  }
}

TEST(ConfigOverHost, sizes_are_settings_of_the_machine) {
  const oci::Config config = parsed({.command = {"ls"}, .memory = "512M", .cpus = "2", .logs_console = true});
  EXPECT_EQ(config.annotations,
            (std::map<std::string, std::string>{
                {"org.caisson.memory", "512M"}, {"org.caisson.cpus", "2"}, {"org.caisson.console", "true"}}));
}

TEST(WorkingDirectory, is_the_callers_where_it_is_shown) {
  EXPECT_EQ(working_directory_of({}, caller_in("/home/x")), "/home/x");
  EXPECT_EQ(working_directory_of({.working_directory = "/w"}, caller_in("/home/x")), "/w");
  EXPECT_EQ(working_directory_of({}, caller_in("/mnt/disk")), "/");
  EXPECT_EQ(working_directory_of({.readable = {"/mnt/disk"}}, caller_in("/mnt/disk")), "/mnt/disk");
  EXPECT_EQ(working_directory_of({.writable = {"/tmp/build"}}, caller_in("/tmp/build")), "/tmp/build");
  EXPECT_EQ(working_directory_of({.rootfs = "/srv/image"}, caller_in("/home/x")), "/");
  EXPECT_EQ(working_directory_of({}, caller_in("")), "/");
}

TEST(WorkingDirectory, is_the_root_where_the_guest_has_file_systems_of_its_own) {
  for (const char* hidden : {"/tmp", "/tmp/x", "/proc/1", "/sys", "/dev/shm"}) {
    EXPECT_EQ(working_directory_of({}, caller_in(hidden)), "/") << hidden;
  }
  for (const char* shown : {"/tmpfiles", "/processes", "/system", "/devel/x"}) {
    EXPECT_EQ(working_directory_of({}, caller_in(shown)), shown) << "named alike, and not beneath it";
  }
}

TEST(Environment, is_small_and_the_callers_own_comes_last) {
  const HostBundle bundle{.environment = {"A=1", "PATH=/x"}};
  EXPECT_THAT(environment_of(bundle, caller_in("/")),
              ElementsAre("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
                          "A=1", "PATH=/x"));
  const std::map<std::string, const char*> variables{
      {"PATH", "/opt"}, {"TERM", "vt100"}, {"LANG", "C"}, {"SECRET", "s"}};
  Caller caller = caller_in("/");
  caller.variable = [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second;
  };
  EXPECT_THAT(environment_of({}, caller), ElementsAre("PATH=/opt", "HOME=/root", "TERM=vt100", "LANG=C"));
}

TEST(ThrowawayId, is_another_each_time) {
  EXPECT_THAT(throwaway_id(), ::testing::StartsWith("do-"));
  EXPECT_NE(throwaway_id(), throwaway_id());
}

}  // namespace
}  // namespace caisson::runtime
