// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/side_loops.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace caisson::vmm {
namespace {

TEST(SideLoops, each_has_a_thread_of_its_own) {
  auto loops = SideLoops::create().value();
  loops->start();
  std::promise<std::thread::id> files;
  std::promise<std::thread::id> agent;
  loops->files().post([&] { files.set_value(std::this_thread::get_id()); });
  loops->agent().post([&] { agent.set_value(std::this_thread::get_id()); });
  const std::thread::id files_thread = files.get_future().get();
  const std::thread::id agent_thread = agent.get_future().get();
  EXPECT_NE(files_thread, agent_thread);
  EXPECT_NE(files_thread, std::this_thread::get_id());
  EXPECT_NE(agent_thread, std::this_thread::get_id());
}

TEST(SideLoops, stay_where_they_are_once_stopped) {
  auto loops = SideLoops::create().value();
  loops->start();
  loops->stop();
  // No thread runs them: what is asked of them is done here.
  std::thread::id seen;
  loops->files().run_sync([&] { seen = std::this_thread::get_id(); });
  EXPECT_EQ(seen, std::this_thread::get_id());
  loops->stop();
}

TEST(SideLoops, nothing_runs_before_the_start) {
  std::atomic<bool> has_run = false;
  {
    auto loops = SideLoops::create().value();
    loops->files().post([&] { has_run = true; });
  }
  EXPECT_FALSE(has_run);
}

}  // namespace
}  // namespace caisson::vmm
