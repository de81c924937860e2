// SPDX-License-Identifier: Apache-2.0
#include "vmm/fuse/dispatch.h"

#include <gtest/gtest.h>

namespace caisson::vmm::fuse {
namespace {

struct Entry {
  int (*run)() = nullptr;
};

TEST(FuseDispatch, opcode_of_a_strangers_making_is_nobodys) {
  OpcodeTable<Entry> table;
  table[FUSE_LOOKUP] = {[] { return 1; }};
  table[kOpcodeStatx] = {[] { return 2; }};
  ASSERT_NE(table.find(FUSE_LOOKUP), nullptr);
  EXPECT_EQ(table.find(FUSE_LOOKUP)->run(), 1);
  ASSERT_NE(table.find(kOpcodeStatx), nullptr);
  EXPECT_EQ(table.find(kOpcodeStatx)->run(), 2);
  for (const uint32_t opcode : {0U, static_cast<uint32_t>(FUSE_FORGET), kOpcodeStatx + 1, UINT32_MAX}) {
    EXPECT_EQ(table.find(opcode), nullptr) << opcode;
  }
}

TEST(FuseDispatch, only_these_are_not_always_answered) {
  for (uint32_t opcode = 0; opcode <= kOpcodeStatx + 1; ++opcode) {
    const bool is_silent = opcode == FUSE_FORGET || opcode == FUSE_BATCH_FORGET || opcode == FUSE_INTERRUPT;
    const bool is_optional = opcode == FUSE_RELEASE || opcode == FUSE_RELEASEDIR;
    EXPECT_EQ(answer_of(opcode) == Answer::never, is_silent) << opcode;
    EXPECT_EQ(answer_of(opcode) == Answer::wanted, is_optional) << opcode;
  }
  EXPECT_EQ(answer_of(UINT32_MAX), Answer::always);
}

}  // namespace
}  // namespace caisson::vmm::fuse
