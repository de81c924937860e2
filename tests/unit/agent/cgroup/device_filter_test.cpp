// SPDX-License-Identifier: Apache-2.0
// The device filter's program, run by a small interpreter of the instructions it uses.
#include "agent/cgroup/device_filter.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "tests/support/scratch_directory.h"

namespace caisson::agent {
namespace {

constexpr uint32_t kRead = BPF_DEVCG_ACC_READ;
constexpr uint32_t kWrite = BPF_DEVCG_ACC_WRITE;
constexpr uint32_t kAll = BPF_DEVCG_ACC_MKNOD | kRead | kWrite;

struct Access {
  char type = 'c';
  uint32_t major = 0;
  uint32_t minor = 0;
  uint32_t access = kRead;
};

uint32_t alu(uint8_t operation, uint32_t left, uint32_t right) {
  switch (operation) {
    case BPF_AND:
      return left & right;
    case BPF_RSH:
      return left >> right;
    case BPF_MOV:
      return right;
    default:
      ADD_FAILURE() << "unknown operation";
      return 0;
  }
}

bool is_allowed(const std::vector<DeviceMatch>& rules, const Access& wanted) {
  bpf_cgroup_dev_ctx context{};
  context.access_type = wanted.access << 16 |
                        static_cast<uint32_t>(wanted.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
  context.major = wanted.major;
  context.minor = wanted.minor;
  std::array<uint32_t, 11> registers{};
  const auto code = compile_device_filter(rules);
  for (size_t at = 0; at < code.size(); ++at) {
    const bpf_insn& now = code.at(at);
    uint32_t& target = registers.at(now.dst_reg);
    const uint32_t operand =
        BPF_SRC(now.code) == BPF_X ? registers.at(now.src_reg) : static_cast<uint32_t>(now.imm);
    if (BPF_CLASS(now.code) == BPF_LDX) {
      std::memcpy(&target, reinterpret_cast<const char*>(&context) + now.off, sizeof(target));
    } else if (BPF_CLASS(now.code) == BPF_ALU) {
      target = alu(BPF_OP(now.code), target, operand);
    } else if (BPF_OP(now.code) == BPF_EXIT) {
      return registers[0] == 1;
    } else if (target != operand) {
      at += static_cast<size_t>(now.off);
    }
  }
  ADD_FAILURE() << "ran off the end";
  return false;
}

TEST(DeviceFilter, no_rule_refuses) {
  EXPECT_FALSE(is_allowed({}, {}));
}

TEST(DeviceFilter, later_rule_wins) {
  const DeviceMatch deny{.allow = false, .type = 'a', .major = -1, .minor = -1, .access = kAll};
  const DeviceMatch null{.allow = true, .type = 'c', .major = 1, .minor = 3, .access = kAll};
  EXPECT_TRUE(is_allowed({deny, null}, {.type = 'c', .major = 1, .minor = 3, .access = kRead | kWrite}));
  EXPECT_FALSE(is_allowed({deny, null}, {.type = 'c', .major = 1, .minor = 5, .access = kRead}));
  EXPECT_FALSE(is_allowed({deny, null}, {.type = 'b', .major = 1, .minor = 3, .access = kRead}));
  EXPECT_FALSE(is_allowed({null, deny}, {.type = 'c', .major = 1, .minor = 3, .access = kRead}));
}

TEST(DeviceFilter, access_beyond_the_rule_is_not_covered_by_it) {
  const DeviceMatch read{.allow = true, .type = 'b', .major = 8, .minor = -1, .access = kRead};
  EXPECT_TRUE(is_allowed({read}, {.type = 'b', .major = 8, .minor = 77, .access = kRead}));
  EXPECT_FALSE(is_allowed({read}, {.type = 'b', .major = 8, .minor = 77, .access = kRead | kWrite}));
}

TEST(DeviceFilter, allow_everything_allows_everything) {
  const DeviceMatch all{.allow = true, .type = 'a', .major = -1, .minor = -1, .access = kAll};
  EXPECT_TRUE(is_allowed({all}, {.type = 'b', .major = 253, .minor = 9, .access = kAll}));
}

TEST(DeviceFilter, number_0_is_a_number_and_not_any) {
  const DeviceMatch first{.allow = true, .type = 'c', .major = 5, .minor = 0, .access = kAll};
  EXPECT_TRUE(is_allowed({first}, {.type = 'c', .major = 5, .minor = 0}));
  EXPECT_FALSE(is_allowed({first}, {.type = 'c', .major = 5, .minor = 1}));
  const DeviceMatch none{.allow = true, .type = 'c', .major = 0, .minor = -1, .access = kAll};
  EXPECT_TRUE(is_allowed({none}, {.type = 'c', .major = 0, .minor = 7}));
  EXPECT_FALSE(is_allowed({none}, {.type = 'c', .major = 1, .minor = 7}));
}

TEST(DeviceFilter, numbers_are_compared_whole) {
  const DeviceMatch high{
      .allow = true, .type = 'b', .major = UINT32_MAX, .minor = UINT32_MAX, .access = kAll};
  EXPECT_TRUE(is_allowed({high}, {.type = 'b', .major = UINT32_MAX, .minor = UINT32_MAX}));
  EXPECT_FALSE(is_allowed({high}, {.type = 'b', .major = UINT32_MAX, .minor = UINT32_MAX >> 1}));
}

// A directory that is no cgroup: nothing can be attached to it, whatever is loaded.
TEST(DeviceFilter, rules_are_so_many_and_no_more) {
  const test::ScratchDirectory scratch;
  const Cgroup cgroup = std::move(Cgroup::create(scratch.path(), "/c").value());
  const DeviceMatch null{.allow = true, .type = 'c', .major = 1, .minor = 3, .access = kAll};
  const auto refused = attach_device_filter(cgroup, std::vector<DeviceMatch>(1025, null));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, E2BIG);
  EXPECT_EQ(refused.error().message, "load device filter: too many rules");
}

}  // namespace
}  // namespace caisson::agent
