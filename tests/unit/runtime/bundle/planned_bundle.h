// SPDX-License-Identifier: Apache-2.0
// A bundle whose configuration the test fills in, and what is asked of the guest for it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "protocol/agent/agent.pb.h"
#include "runtime/bundle/container_request.h"
#include "tests/support/scratch_directory.h"

namespace caisson::runtime {

class PlannedBundle : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(bundle_ + "/rootfs");
    std::filesystem::create_directories(bundle_ + "/data");
    config_.root.path = "rootfs";
    config_.process = oci::Process{.args = {"sh"}, .cwd = "/"};
  }

  Result<void> plan() {
    request_.Clear();
    exports_ = Exports();
    return plan_container({.config = config_, .id = "x", .bundle = bundle_}, exports_, request_);
  }
  std::string error() {
    const auto planned = plan();
    return planned ? "no error" : planned.error().message;
  }

  test::ScratchDirectory scratch_;
  std::string bundle_ = scratch_.path();
  oci::Config config_;
  Exports exports_;
  agent::v1::CreateContainerRequest request_;
};

}  // namespace caisson::runtime
