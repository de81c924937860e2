// SPDX-License-Identifier: Apache-2.0
// What an operator is told of exits that end a machine.
#include "vmm/kvm/exit_detail.h"

#include <gmock/gmock.h>

namespace caisson::vmm {
namespace {

using ::testing::HasSubstr;

TEST(exit_detail, internal_error_tells_its_kind_and_data) {
  kvm_run run{};
  run.exit_reason = KVM_EXIT_INTERNAL_ERROR;
  run.internal.suberror = KVM_INTERNAL_ERROR_EMULATION;
  run.internal.ndata = 2;
  run.internal.data[0] = 0xabc;
  run.internal.data[1] = 0x123;
  EXPECT_THAT(describe_exit(run), HasSubstr("cannot emulate"));
  EXPECT_THAT(describe_exit(run), HasSubstr("data 0xabc 0x123"));
}

TEST(exit_detail, more_data_than_there_is_room_for_is_cut) {
  kvm_run run{};
  run.exit_reason = KVM_EXIT_INTERNAL_ERROR;
  run.internal.suberror = 77;
  run.internal.ndata = UINT32_MAX;
  EXPECT_THAT(describe_exit(run), HasSubstr("suberror 77"));
}

TEST(exit_detail, other_exits_tell_their_number) {
  kvm_run run{};
  run.exit_reason = KVM_EXIT_FAIL_ENTRY;
  run.fail_entry.hardware_entry_failure_reason = 0x8000'0021;
  EXPECT_THAT(describe_exit(run), HasSubstr("0x80000021"));
  run.exit_reason = 4242;
  EXPECT_THAT(describe_exit(run), HasSubstr("4242"));
}

}  // namespace
}  // namespace caisson::vmm
