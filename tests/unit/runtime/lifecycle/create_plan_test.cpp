// SPDX-License-Identifier: Apache-2.0
// What a create decides, before anything of the host changes.
#include "runtime/lifecycle/create_plan.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

using ::testing::HasSubstr;

class CreatePlanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(scratch_.path() / "rootfs");
    for (const char* name : {"CAISSON_VMM", "CAISSON_KERNEL", "CAISSON_INITRAMFS"}) {
      ::setenv(name, "/bin/true", 1);
    }
    ::unsetenv("NOTIFY_SOCKET");
    request_.id = "box";
    request_.bundle = scratch_.path();
  }
  void TearDown() override {
    for (const char* name : {"CAISSON_VMM", "CAISSON_KERNEL", "CAISSON_INITRAMFS"}) ::unsetenv(name);
  }

  Result<CreatePlan> plan() {
    request_.config_text = config_.dump();
    return plan_create(request_, "/run/caisson");
  }
  std::string error() {
    const auto planned = plan();
    return planned ? "no error" : planned.error().message;
  }

  test::ScratchDirectory scratch_;
  nlohmann::json config_ = {
      {"ociVersion", "1.2.1"},
      {"root", {{"path", "rootfs"}}},
      {"process", {{"args", {"true"}}, {"cwd", "/"}, {"user", {{"uid", 0}, {"gid", 0}}}}},
      {"linux", {{"namespaces", {{{"type", "network"}}, {{"type", "mount"}}, {{"type", "pid"}}}}}}};
  CreateRequest request_;
};

TEST_F(CreatePlanTest, machine_follows_from_the_limits) {
  config_["linux"]["resources"] = {{"memory", {{"limit", 100 << 20}}}, {"cpu", {{"quota", 150'000}}}};
  const auto planned = plan();
  ASSERT_TRUE(planned) << planned.error().message;
  EXPECT_EQ(planned->settings.machine.memory_bytes, uint64_t{150} << 20);
  EXPECT_EQ(planned->settings.machine.cpus, 2U);
  const auto state = initial_state(request_, *planned);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->guest.ram.usable_bytes, uint64_t{150} << 20);
  EXPECT_EQ(state->cpu_time.quota_us, 150'000);
  EXPECT_EQ(state->status, Status::creating);
}

TEST_F(CreatePlanTest, numbers_of_descriptors_are_those_of_the_list) {
  config_["mounts"] = {{{"destination", "/data"}, {"type", "bind"}, {"source", "rootfs"}}};
  const UniqueFd pipe(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  request_.preserved = {{.number = pipe.get(), .reads = true}, {.number = 99, .device_minor = 3}};
  const auto planned = plan();
  ASSERT_TRUE(planned) << planned.error().message;
  DescriptorList descriptors({10, 11, 12});
  const LaunchSpec spec = launch_spec(request_, *planned, descriptors);
  const auto& sources = descriptors.sources();
  EXPECT_EQ(sources[0], 10);
  EXPECT_EQ(sources[2], 12);
  ASSERT_EQ(spec.exports.size(), 2U);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(sources.at(static_cast<size_t>(spec.exports[i].fd)), planned->exports.entries()[i].fd.get());
  }
  ASSERT_EQ(spec.preserved.size(), 1U) << "a device is the guest's own";
  EXPECT_EQ(sources.at(static_cast<size_t>(spec.preserved[0].fd)), pipe.get());
  EXPECT_EQ(sources.size(), 8U) << "three, the document, the status socket, two exports, one preserved";
  EXPECT_FALSE(spec.service_manager);
}

TEST_F(CreatePlanTest, view_has_the_root_first_and_each_mount) {
  config_["mounts"] = {{{"destination", "/data"}, {"type", "bind"}, {"source", "rootfs"}},
                       {{"destination", "/tmp"}, {"type", "tmpfs"}}};
  const auto planned = plan();
  ASSERT_TRUE(planned) << planned.error().message;
  ASSERT_EQ(planned->view.size(), 3U);
  EXPECT_EQ(planned->view[0].destination, "/");
  EXPECT_EQ(planned->view[1].export_name, planned->in_guest.mounts(0).export_name());
  EXPECT_EQ(planned->view[2].export_name, "") << "a file system of the guest";
}

TEST_F(CreatePlanTest, throw_away_layer_is_not_shown) {
  request_.ephemeral_overlay = true;
  const auto planned = plan();
  ASSERT_TRUE(planned) << planned.error().message;
  EXPECT_TRUE(planned->view.empty());
}

TEST_F(CreatePlanTest, whatever_is_wrong_is_found_before_anything_is_made) {
  ::setenv("CAISSON_KERNEL", "/no/such/kernel", 1);
  EXPECT_THAT(error(), HasSubstr("/no/such/kernel"));
  ::setenv("CAISSON_KERNEL", "/bin/true", 1);
  config_["annotations"] = {{"org.caisson.memory", "8M"}};
  EXPECT_THAT(error(), HasSubstr("org.caisson.memory"));
  config_.erase("annotations");
  config_["linux"]["namespaces"] = {{{"type", "mount"}}};
  EXPECT_THAT(error(), HasSubstr("network"));
  config_["linux"]["namespaces"] = {{{"type", "network"}, {"path", "/proc/self/ns/net"}}};
  EXPECT_THAT(error(), HasSubstr("the host's own"));
}

}  // namespace
}  // namespace caisson::runtime
