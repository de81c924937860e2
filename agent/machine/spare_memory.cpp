// SPDX-License-Identifier: Apache-2.0
#include "agent/machine/spare_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "agent/machine/growth.h"
#include "common/guest_layout.h"

namespace caisson::agent {
namespace {

// Between the mark and the end of the guest's memory, for what a process takes until it waits, and for what
// is nobody's.
constexpr uint64_t kReserveBytes = uint64_t{32} << 20;
constexpr uint64_t kLeastMarkBytes = uint64_t{16} << 20;
// What of a block its pages' descriptions take, 64 bytes each.
constexpr uint64_t kBlockGainBytes = guest_layout::kBlockBytes - guest_layout::kBlockBytes / 64;

}  // namespace

Result<std::unique_ptr<SpareMemory>> SpareMemory::create(const Cgroup& cgroup, std::string devices,
                                                         std::vector<uint64_t> blocks,
                                                         uint64_t available_bytes) {
  std::unique_ptr<SpareMemory> spare(new SpareMemory(cgroup, std::move(devices), std::move(blocks)));
  spare->mark_bytes_ = std::max(available_bytes, kLeastMarkBytes + kReserveBytes) - kReserveBytes;
  TRY(spare->set_mark());
  return spare;
}

// Without a mark the container takes what there is, and meets the OOM killer at the end of it.
Result<void> SpareMemory::set_mark() {
  return cgroup_.write("memory.high", added_ < blocks_.size() ? std::to_string(mark_bytes_) : "max");
}

// Of what it uses, all that the kernel cannot take back without asking anybody: there is no swap.
uint64_t SpareMemory::needed_bytes() const {
  const auto of = [this](const char* key) { return cgroup_.read_key("memory.stat", key); };
  return of("anon") + of("shmem") + of("kernel") - std::min(of("kernel"), of("slab_reclaimable"));
}

Result<void> SpareMemory::look() {
  const uint64_t waits = cgroup_.read_key("memory.events", "high");
  if (waits == waits_ || added_ == blocks_.size()) {
    return {};
  }
  waits_ = waits;
  const uint64_t needed = needed_bytes();
  return needed < mark_bytes_ / 4 * 3 ? Result<void>() : raise_to(needed + needed / 2);
}

// At least by a block; by half of all at once, so that a large process waits a few times only.
Result<void> SpareMemory::raise_to(uint64_t wanted_bytes) {
  Result<void> outcome;
  do {
    outcome = take_memory_block(devices_, blocks_[added_]);
    if (!outcome) {
      // The others would fail the same way: what there is, is all.
      blocks_.resize(added_);
      break;
    }
    ++added_;
    mark_bytes_ += kBlockGainBytes;
  } while (mark_bytes_ < wanted_bytes && added_ < blocks_.size());
  TRY(set_mark());
  return outcome;
}

Result<uint64_t> available_memory() {
  const UniqueFd file(::open("/proc/meminfo", O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> text{};
  const ssize_t count = file ? ::read(file.get(), text.data(), text.size()) : -1;
  if (count < 0) {
    return fail_errno("read /proc/meminfo");
  }
  return parse_available_memory({text.data(), static_cast<size_t>(count)});
}

Result<uint64_t> parse_available_memory(std::string_view meminfo) {
  constexpr std::string_view kKey = "MemAvailable:";
  const size_t at = meminfo.find(kKey);
  if (at == std::string_view::npos) {
    return fail(EPROTO, "read /proc/meminfo: MemAvailable is missing");
  }
  std::string_view rest = meminfo.substr(at + kKey.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  uint64_t kib = 0;
  if (std::from_chars(rest.data(), rest.data() + rest.size(), kib).ec != std::errc()) {
    return fail(EPROTO, "read /proc/meminfo: MemAvailable is no number");
  }
  return kib << 10U;
}

}  // namespace caisson::agent
