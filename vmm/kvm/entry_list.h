// SPDX-License-Identifier: Apache-2.0
// The KVM structures that are a count, padding, and so many entries (kvm_cpuid2, kvm_msrs), as one piece of
// memory for an ioctl. Neither their declarations nor the ioctl numbers made of them can be used for it: in
// C++ the empty struct before a flexible array has a size.
#pragma once

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace caisson::vmm {

struct EntryListHead {
  uint32_t count = 0;
  uint32_t padding = 0;
};
static_assert(sizeof(EntryListHead) == 8);

// KVM_GET_SUPPORTED_CPUID, KVM_SET_CPUID2, KVM_SET_MSRS with the size C gives their argument.
inline constexpr unsigned long kGetSupportedCpuid = _IOWR(KVMIO, 0x05, EntryListHead);
inline constexpr unsigned long kSetCpuid2 = _IOW(KVMIO, 0x90, EntryListHead);
inline constexpr unsigned long kSetMsrs = _IOW(KVMIO, 0x89, EntryListHead);

template <typename Entry>
class EntryList {
 public:
  explicit EntryList(std::span<const Entry> entries) : bytes_(sizeof(EntryListHead) + entries.size_bytes()) {
    const EntryListHead head{.count = static_cast<uint32_t>(entries.size())};
    std::memcpy(bytes_.data(), &head, sizeof(head));
    std::memcpy(bytes_.data() + sizeof(EntryListHead), entries.data(), entries.size_bytes());
  }

  [[nodiscard]] void* data() { return bytes_.data(); }

  // As many entries as the kernel has reported, at most as many as the list was made with.
  [[nodiscard]] std::vector<Entry> entries() const {
    EntryListHead head;
    std::memcpy(&head, bytes_.data(), sizeof(head));
    std::vector<Entry> list(
        std::min<size_t>(head.count, (bytes_.size() - sizeof(EntryListHead)) / sizeof(Entry)));
    std::memcpy(list.data(), bytes_.data() + sizeof(EntryListHead), list.size() * sizeof(Entry));
    return list;
  }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace caisson::vmm
