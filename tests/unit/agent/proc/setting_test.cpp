// SPDX-License-Identifier: Apache-2.0
#include "agent/proc/setting.h"

#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::agent {
namespace {

TEST(ProcSetting, is_the_other_processs) {
  const IdleProcess other;
  const std::string directory = "/proc/" + std::to_string(other.pid());
  ASSERT_TRUE(write_proc_setting(other.pid(), "oom_score_adj", "321"));
  std::string score;
  std::ifstream(directory + "/oom_score_adj") >> score;
  EXPECT_EQ(score, "321");
  const auto absent = write_proc_setting(other.pid(), "absent", "1");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ENOENT);
  EXPECT_EQ(absent.error().message.find("write " + directory + "/absent: "), 0U) << absent.error().message;
  const auto refused = write_proc_setting(other.pid(), "oom_score_adj", "1001");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EINVAL);
}

}  // namespace
}  // namespace caisson::agent
