// SPDX-License-Identifier: Apache-2.0
// A KVM structure that ends in an array of `count` entries (kvm_cpuid2, kvm_msrs), as one piece of memory for an ioctl.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace caisson::vmm {

template <typename Head, typename Entry>
class EntryList {
 public:
  // `head` says itself how many entries follow.
  EntryList(const Head& head, std::span<const Entry> entries) : bytes_(sizeof(Head) + entries.size_bytes()) {
    std::memcpy(bytes_.data(), &head, sizeof(head));
    std::memcpy(bytes_.data() + sizeof(head), entries.data(), entries.size_bytes());
  }

  [[nodiscard]] void* data() { return bytes_.data(); }

  [[nodiscard]] Head head() const {
    Head head{};
    std::memcpy(&head, bytes_.data(), sizeof(head));
    return head;
  }

  // The first `count` of the entries it was made with.
  [[nodiscard]] std::vector<Entry> entries(size_t count) const {
    std::vector<Entry> list(count);
    std::memcpy(list.data(), bytes_.data() + sizeof(Head), count * sizeof(Entry));
    return list;
  }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace caisson::vmm
