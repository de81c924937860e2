// SPDX-License-Identifier: Apache-2.0
// Each member of a process is read from the field of its name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/oci/config.h"

namespace caisson::runtime::oci {
namespace {

using ::testing::ElementsAre;

std::string error_of(const std::string& members) {
  const auto process =
      parse_process(R"({"cwd":"/","args":["sh"])" + (members.empty() ? "" : "," + members) + "}");
  return process ? "none" : process.error().message;
}

TEST(ProcessFields, each_is_read_into_its_member) {
  const auto process = parse_process(R"({"terminal":true,"consoleSize":{"height":25,"width":80},
    "user":{"uid":1,"gid":2,"umask":18,"additionalGids":[3,4]},"args":["a","b"],"env":["C=d"],"cwd":"/w",
    "capabilities":{"bounding":["CAP_CHOWN"],"effective":["CAP_KILL"],"inheritable":["CAP_SETGID"],
      "permitted":["CAP_KILL","CAP_SETUID"],"ambient":["CAP_FOWNER"]},
    "rlimits":[{"type":"RLIMIT_CPU","soft":5,"hard":6}],"noNewPrivileges":true,"oomScoreAdj":-7,
    "scheduler":{"policy":"SCHED_FIFO","nice":-8,"priority":9,"flags":["F"],"runtime":10,"deadline":11,"period":12},
    "ioPriority":{"class":"IOPRIO_CLASS_BE","priority":3},
    "execCPUAffinity":{"initial":"0-1","final":"2"}})");
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_TRUE(process->terminal);
  EXPECT_EQ(process->console_size->height, 25U);
  EXPECT_EQ(process->console_size->width, 80U);
  EXPECT_EQ(process->user.uid, 1U);
  EXPECT_EQ(process->user.gid, 2U);
  EXPECT_EQ(process->user.umask, 18U);
  EXPECT_THAT(process->user.additional_gids, ElementsAre(3U, 4U));
  EXPECT_THAT(process->args, ElementsAre("a", "b"));
  EXPECT_THAT(process->env, ElementsAre("C=d"));
  EXPECT_EQ(process->cwd, "/w");
  EXPECT_EQ(process->capabilities->bounding.bits, 1U << 0);
  EXPECT_EQ(process->capabilities->effective.bits, 1U << 5);
  EXPECT_EQ(process->capabilities->inheritable.bits, 1U << 6);
  EXPECT_EQ(process->capabilities->permitted.bits, 1U << 5 | 1U << 7);
  EXPECT_EQ(process->capabilities->ambient.bits, 1U << 3);
  ASSERT_EQ(process->rlimits.size(), 1U);
  EXPECT_EQ(process->rlimits[0].soft, 5U);
  EXPECT_EQ(process->rlimits[0].hard, 6U);
  EXPECT_TRUE(process->no_new_privileges);
  EXPECT_EQ(process->oom_score_adj, -7);
  EXPECT_EQ(process->scheduler->policy, "SCHED_FIFO");
  EXPECT_EQ(process->scheduler->nice, -8);
  EXPECT_EQ(process->scheduler->priority, 9);
  EXPECT_THAT(process->scheduler->flags, ElementsAre("F"));
  EXPECT_EQ(process->scheduler->runtime, 10U);
  EXPECT_EQ(process->scheduler->deadline, 11U);
  EXPECT_EQ(process->scheduler->period, 12U);
  EXPECT_EQ(process->io_priority->io_class, "IOPRIO_CLASS_BE");
  EXPECT_EQ(process->io_priority->priority, 3);
  EXPECT_EQ(process->exec_cpu_affinity->initial, "0-1");
  EXPECT_EQ(process->exec_cpu_affinity->final_, "2");
}

TEST(ProcessFields, what_is_not_given_is_absent) {
  const auto process = parse_process(R"({"cwd":"/","args":["sh"]})");
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_FALSE(process->terminal);
  EXPECT_FALSE(process->console_size);
  EXPECT_FALSE(process->user.umask);
  EXPECT_FALSE(process->capabilities);
  EXPECT_FALSE(process->no_new_privileges);
  EXPECT_FALSE(process->oom_score_adj);
  EXPECT_FALSE(process->scheduler);
  EXPECT_FALSE(process->io_priority);
  EXPECT_FALSE(process->exec_cpu_affinity);
}

TEST(ProcessFields, required_ones_are_missed_by_their_path) {
  EXPECT_EQ(parse_process(R"({"args":["sh"]})").error().message, "process.json: top level: cwd is missing");
  EXPECT_EQ(error_of(R"("consoleSize":{"height":1})"), "process.json: consoleSize: width is missing");
  EXPECT_EQ(error_of(R"("consoleSize":{"width":1})"), "process.json: consoleSize: height is missing");
  EXPECT_EQ(error_of(R"("rlimits":[{"soft":1,"hard":1}])"), "process.json: rlimits[0]: type is missing");
  EXPECT_EQ(error_of(R"("rlimits":[{"type":"RLIMIT_CPU","hard":1}])"),
            "process.json: rlimits[0]: soft is missing");
  EXPECT_EQ(error_of(R"("rlimits":[{"type":"RLIMIT_CPU","soft":1}])"),
            "process.json: rlimits[0]: hard is missing");
  EXPECT_EQ(error_of(R"("scheduler":{})"), "process.json: scheduler: policy is missing");
  EXPECT_EQ(error_of(R"("ioPriority":{})"), "process.json: ioPriority: class is missing");
}

TEST(ProcessFields, what_the_guest_lacks_is_refused) {
  for (const char* field : {"apparmorProfile", "selinuxLabel", "commandLine"}) {
    EXPECT_THAT(error_of('"' + std::string(field) + R"(":"x")"),
                ::testing::StartsWith("process.json: " + std::string(field) + ": not supported: "));
    EXPECT_EQ(error_of('"' + std::string(field) + R"(":"")"), "none");
  }
  EXPECT_THAT(error_of(R"("user":{"username":"x"})"),
              ::testing::StartsWith("process.json: user.username: not supported: "));
}

TEST(ProcessFields, ids_have_32_bits) {
  EXPECT_EQ(error_of(R"("user":{"uid":4294967295})"), "none");
  EXPECT_EQ(error_of(R"("user":{"gid":4294967296})"), "process.json: user.gid: must be at most 4294967295");
  EXPECT_EQ(error_of(R"("user":{"uid":-1})"), "process.json: user.uid: must not be negative");
}

}  // namespace
}  // namespace caisson::runtime::oci
