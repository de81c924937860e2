// SPDX-License-Identifier: Apache-2.0
// From an opcode to the function that carries it out, and to the answer that the kernel expects. For every
// server of the protocol; does no I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "vmm/fuse/wire.h"

namespace caisson::vmm::fuse {

// What comes back.
enum class Answer {
  always,
  never,
  wanted,  // the kernel chooses: a request without room for an answer gets none
};

[[nodiscard]] constexpr Answer answer_of(uint32_t opcode) {
  switch (opcode) {
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
      return Answer::never;
    case FUSE_RELEASE:  // [caisson] kOpenLazyRelease
    case FUSE_RELEASEDIR:
      return Answer::wanted;
    default:
      return Answer::always;
  }
}

// `Entry` has a member `run`, null for an operation that is not served.
template <typename Entry>
class OpcodeTable {
 public:
  // Of the opcodes we know.
  constexpr Entry& operator[](uint32_t opcode) { return entries_[opcode]; }
  // The entry of an opcode that a stranger names, or null.
  [[nodiscard]] constexpr const Entry* find(uint32_t opcode) const {
    return opcode < entries_.size() && entries_[opcode].run != nullptr ? &entries_[opcode] : nullptr;
  }

 private:
  std::array<Entry, kOpcodeStatx + 1> entries_{};
};

}  // namespace caisson::vmm::fuse
