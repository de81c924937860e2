// SPDX-License-Identifier: Apache-2.0
// The self-test's own test: on a KVM that works it says so, quickly.
#include "vmm/kvm/self_test/self_test.h"

#include <gtest/gtest.h>

namespace caisson::vmm {
namespace {

TEST(kvm_self_test, verdict_ends_with_the_speed_or_with_a_reason) {
  const auto start = std::chrono::steady_clock::now();
  const KvmVerdict verdict = test_kvm();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  for (const KvmVerdict::Finding& finding : verdict.findings) {
    std::printf("%s: %s %s\n", finding.name.c_str(), finding.is_good ? "good" : "BAD",
                finding.detail.c_str());
  }
  std::printf("took %.1f ms\n", took.count());
  ASSERT_FALSE(verdict.findings.empty());
  if (verdict.is_usable()) {
    EXPECT_EQ(verdict.findings.size(), 7U);
    EXPECT_TRUE(verdict.reason().empty());
  } else {
    EXPECT_FALSE(verdict.findings.back().detail.empty());
    EXPECT_FALSE(verdict.reason().empty());
  }
}

TEST(kvm_self_test, limit_that_has_passed_is_told_as_such) {
  const KvmVerdict verdict = test_kvm(std::chrono::milliseconds(0));
  if (!verdict.is_usable()) {
    EXPECT_NE(verdict.reason().find("no answer in time"), std::string::npos) << verdict.reason();
  }
}

}  // namespace
}  // namespace caisson::vmm
