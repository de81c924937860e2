// SPDX-License-Identifier: Apache-2.0
// What a guest can bring about in the host's log, seen in the file that the log is.
#include "vmm/sandbox/guest_log.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "common/log/log.h"
#include "protocol/agent/agent.pb.h"
#include "tests/support/scratch_directory.h"

namespace caisson::vmm {
namespace {

class GuestLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(set_up_log({.path = (folder_ / "log").string(),
                            .format = LogFormat::text,
                            .debug = false,
                            .ration_bytes = kLogRationBytes}));
  }
  void TearDown() override { ASSERT_TRUE(set_up_log({})); }

  [[nodiscard]] std::string text() const { return folder_.read("log"); }

  static agent::v1::Log record(const std::string& message) {
    agent::v1::Log log;
    log.set_level(agent::v1::Log::ERROR);
    log.set_message(message);
    return log;
  }

  test::ScratchDirectory folder_;
  GuestLog log_;
};

TEST_F(GuestLogTest, empty_records_are_rationed_as_whole_lines) {
  for (int i = 0; i < 200'000; ++i) {
    log_.write(record(""));
  }
  EXPECT_LE(text().size(), kLogRationBytes);
  EXPECT_NE(text().find("its further records are dropped"), std::string::npos);
}

TEST_F(GuestLogTest, events_that_we_tell_of_are_rationed_too) {
  for (int i = 0; i < 200'000; ++i) {
    log_.say(spdlog::level::warn, "container box reached its memory limit and a process of it was killed");
  }
  EXPECT_LE(text().size(), kLogRationBytes);
}

TEST_F(GuestLogTest, a_guest_that_has_used_its_ration_leaves_some_for_us) {
  for (int i = 0; i < 10'000; ++i) {
    log_.write(record(std::string(4096, 'x')));
  }
  spdlog::error("machine stopped");
  EXPECT_TRUE(text().ends_with("caisson: error: machine stopped\n"));
}

// Devices stop with a word, and a guest may reset them and have them stop again.
TEST_F(GuestLogTest, all_of_the_process_is_rationed_and_says_so_once) {
  for (int i = 0; i < 100'000; ++i) {
    spdlog::error("stop vsock: the guest broke the rules: {}", i);
  }
  EXPECT_LE(text().size(), kLogRationBytes + 200);
  const std::string once = "further records are dropped";
  EXPECT_EQ(text().find(once), text().rfind(once));
  EXPECT_NE(text().find(once), std::string::npos);
}

TEST_F(GuestLogTest, a_record_is_one_line_without_anything_a_terminal_obeys) {
  agent::v1::Log log = record("a\ncaisson: error: forged\033[2J\xc2\x9b\xe2\x80\xae\xff");
  (*log.mutable_fields())["k\n"] = "v\r";
  log_.write(log);
  EXPECT_EQ(text(), "caisson: error: guest: a?caisson: error: forged?[2J??? k?=\"v?\"\n");
}

TEST_F(GuestLogTest, a_long_record_is_cut) {
  agent::v1::Log log = record(std::string(60'000, 'm'));
  for (int i = 0; i < 1000; ++i) {
    (*log.mutable_fields())["key" + std::to_string(i)] = std::string(50, 'v');
  }
  log_.write(log);
  EXPECT_LE(text().size(), 4200U);
}

}  // namespace
}  // namespace caisson::vmm
