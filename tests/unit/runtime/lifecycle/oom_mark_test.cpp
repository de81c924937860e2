// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/oom_mark.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

class OomMark : public ::testing::Test {
 protected:
  OomMark() {
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(said_)));
    config_.annotations["io.container.manager"] = "libpod";
  }
  ~OomMark() override { spdlog::set_default_logger(before_); }
  void link(const std::string& output = "/out") { link_oom_mark(config_, bundle_.path(), output); }
  [[nodiscard]] std::string target() const {
    std::error_code error;
    return std::filesystem::read_symlink(bundle_ / "oom", error).string();
  }

  [[nodiscard]] std::string warnings() const { return said_.str(); }

  std::ostringstream said_;
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  oci::Config config_;
  test::ScratchDirectory bundle_;
};

TEST_F(OomMark, leads_into_the_machines_outputs) {
  link();
  EXPECT_EQ(target(), "/out/oom/.") << "a directory: nobody creates a file through it";
}

TEST_F(OomMark, is_podmans_alone) {
  config_.annotations["io.container.manager"] = "cri-o";
  link();
  config_.annotations.clear();
  link();
  EXPECT_TRUE(std::filesystem::is_empty(bundle_.path()));
}

TEST_F(OomMark, of_the_last_run_is_replaced) {
  link("/former");
  link("/now");
  EXPECT_EQ(target(), "/now/oom/.");
}

TEST_F(OomMark, file_of_another_stays) {
  bundle_.write("oom", "conmon's");
  link();
  EXPECT_EQ(bundle_.read("oom"), "conmon's");
  EXPECT_EQ(warnings(), "") << "podman is told by it";
}

TEST_F(OomMark, what_a_link_leads_to_stays) {
  test::ScratchDirectory elsewhere;
  elsewhere.write("kept", "text");
  std::filesystem::create_symlink(elsewhere / "kept", bundle_ / "oom");
  link();
  EXPECT_EQ(target(), "/out/oom/.");
  EXPECT_EQ(elsewhere.read("kept"), "text");
}

TEST_F(OomMark, bundle_that_is_gone_costs_only_the_mark) {
  link_oom_mark(config_, bundle_ / "none", "/out");
  EXPECT_FALSE(std::filesystem::exists(bundle_ / "none"));
  EXPECT_THAT(warnings(), ::testing::HasSubstr("podman will not be told of an OOM kill"));
}

}  // namespace
}  // namespace caisson::runtime
