// SPDX-License-Identifier: Apache-2.0
#include "protocol/launch/launch_spec.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace caisson {
namespace {

LaunchSpec example() {
  LaunchSpec spec;
  spec.id = "box";
  spec.state_directory = "/run/caisson/box";
  spec.output_directory = "/run/caisson/box/vmm";
  spec.hypervisor = Hypervisor::qemu;
  spec.machine.cpus = 2;
  spec.machine.memory_bytes = 256ULL << 20;
  spec.hang_seconds = 7;
  spec.machine.users = {.first = 70000, .last = 70009};
  spec.clock = {.ticks = ~0ULL, .nanoseconds = 3};
  spec.machine.kernel = "/k";
  spec.machine.initramfs = "/i";
  spec.exports.push_back({.name = "rootfs",
                          .fd = 5,
                          .read_only = true,
                          .writable_beneath = true,
                          .recursive = true,
                          .exclusive = true,
                          .detached = true});
  spec.view.push_back({.destination = "/", .export_name = "rootfs"});
  spec.stdio = {.input = true, .output = true, .error_is_output = true};
  spec.served.push_back({.name = "fd-1-5", .fd = 8});
  spec.init_process = ~0ULL;
  spec.preserved.push_back({.number = 9, .fd = 7, .reads = true, .writes = false});
  spec.service_manager = {.fd = 6, .main_pid = true};
  spec.memory_cgroup = "/sys/fs/cgroup/box";
  spec.log.format = LogFormat::json;
  return spec;
}

TEST(LaunchSpec, round_trip_keeps_every_field) {
  const LaunchSpec spec = example();
  const auto parsed = parse_launch_spec(to_json(spec));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(to_json(*parsed), to_json(spec));
  EXPECT_EQ(parsed->output_directory, "/run/caisson/box/vmm");
  EXPECT_EQ(parsed->init_process, ~0ULL);
  EXPECT_EQ(parsed->hypervisor, Hypervisor::qemu);
  ASSERT_EQ(parsed->exports.size(), 1U);
  EXPECT_TRUE(parsed->exports[0].recursive);
  EXPECT_TRUE(parsed->exports[0].writable_beneath);
  ASSERT_EQ(parsed->view.size(), 1U);
  EXPECT_EQ(parsed->view[0].export_name, "rootfs");
  ASSERT_EQ(parsed->preserved.size(), 1U);
  EXPECT_EQ(parsed->preserved[0].number, 9);
  EXPECT_TRUE(parsed->preserved[0].reads);
  EXPECT_TRUE(parsed->stdio.input && parsed->stdio.output && parsed->stdio.error_is_output);
  EXPECT_FALSE(parsed->stdio.terminal || parsed->stdio.error);
  ASSERT_EQ(parsed->served.size(), 1U);
  EXPECT_EQ(parsed->served[0].name, "fd-1-5");
  EXPECT_EQ(parsed->served[0].fd, 8);
  ASSERT_TRUE(parsed->service_manager);
  EXPECT_EQ(parsed->service_manager->fd, 6);
  EXPECT_TRUE(parsed->service_manager->main_pid);
  EXPECT_EQ(parsed->memory_cgroup, "/sys/fs/cgroup/box");
}

TEST(LaunchSpec, round_trip_without_a_service_manager_has_none) {
  LaunchSpec spec = example();
  spec.service_manager.reset();
  const auto parsed = parse_launch_spec(to_json(spec));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_FALSE(parsed->service_manager);
}

TEST(LaunchSpec, each_missing_field_is_named) {
  const auto whole = nlohmann::json::parse(to_json(example()));
  for (const auto& [key, value] : whole.items()) {
    auto part = whole;
    part.erase(key);
    const auto parsed = parse_launch_spec(part.dump());
    ASSERT_FALSE(parsed) << key;
    EXPECT_NE(parsed.error().message.find(key), std::string::npos) << parsed.error().message;
  }
}

TEST(LaunchSpec, each_ill_typed_field_is_named) {
  const auto whole = nlohmann::json::parse(to_json(example()));
  for (const auto& [key, value] : whole.items()) {
    auto changed = whole;
    changed[key] = value.is_object() ? nlohmann::json(1) : nlohmann::json::object();
    const auto parsed = parse_launch_spec(changed.dump());
    ASSERT_FALSE(parsed) << key;
    EXPECT_NE(parsed.error().message.find(key), std::string::npos) << parsed.error().message;
  }
}

TEST(LaunchSpec, numbers_out_of_range_are_refused) {
  auto changed = nlohmann::json::parse(to_json(example()));
  changed["machine"]["cpus"] = 1ULL << 40;
  EXPECT_FALSE(parse_launch_spec(changed.dump()));
  changed["machine"]["cpus"] = -1;
  EXPECT_FALSE(parse_launch_spec(changed.dump()));
}

TEST(LaunchSpec, text_that_is_no_object_is_refused) {
  for (const char* text : {"", "[]", "{", "null", "\xff"}) {
    EXPECT_FALSE(parse_launch_spec(text)) << text;
  }
}

TEST(LaunchStatus, round_trip_survives_invalid_utf8_in_the_message) {
  LaunchStatus status;
  status.error = {.code = ENOENT, .message = "console said \xff\xfe"};
  const auto parsed = parse_launch_status(to_json(status));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->error.code, ENOENT);
  EXPECT_NE(parsed->error.message.find("console said"), std::string::npos);
}

TEST(LaunchStatus, words_of_the_guest_are_harmless) {
  LaunchStatus status;
  status.agent_version = "1\033[2J";
  status.kernel_release = "6\xc2\x9b";
  status.announcement = std::string(100'000, 'x');
  status.error = {.code = ENOENT, .message = "a\nb\033c"};
  const auto parsed = parse_launch_status(to_json(status));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->agent_version, "1?[2J");
  EXPECT_EQ(parsed->kernel_release, "6?");
  EXPECT_LE(parsed->announcement.size(), 4096U);
  EXPECT_EQ(parsed->error.message, "a\nb?c");
}

TEST(LaunchStatus, a_machine_of_another_name_is_refused) {
  LaunchStatus status;
  status.ready = true;
  for (const char* name : {"", "../qemu", "kvm\n"}) {
    status.machine = name;
    EXPECT_EQ(parse_launch_status(to_json(status)).error().code, EPROTO) << name;
  }
  status.machine = "kvm";
  EXPECT_TRUE(parse_launch_status(to_json(status)));
}

}  // namespace
}  // namespace caisson
