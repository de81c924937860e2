// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/short_cookies.h"

#include "vmm/fuse/wire.h"

namespace caisson::vmm::fs {

using fuse::refuse;

namespace {

// Numbers begin here and end where 31 bits do. Below, and above, are positions as the host says them.
constexpr uint64_t kFirst = uint64_t{1} << 30;
constexpr uint64_t kEnd = uint64_t{1} << 31;

bool is_number(uint64_t told) {
  return told >= kFirst && told < kEnd;
}

}  // namespace

Result<uint64_t> ShortCookies::shorten(uint64_t directory, uint64_t position) {
  if (position < kFirst) {
    return position;
  }
  Directory& known = directories_[directory];
  if (const auto found = known.numbers.find(position); found != known.numbers.end()) {
    return kFirst + found->second;
  }
  if (size_ >= most_) {
    make_room(directory);
  }
  if (size_ >= most_) {
    return is_number(position) ? Result<uint64_t>(refuse(EOVERFLOW)) : position;
  }
  const auto number = static_cast<uint32_t>(known.positions.size());
  known.positions.push_back(position);
  known.numbers.emplace(position, number);
  ++size_;
  return kFirst + number;
}

Result<uint64_t> ShortCookies::position(uint64_t directory, uint64_t told) const {
  if (!is_number(told)) {
    return told;
  }
  const auto known = directories_.find(directory);
  if (known == directories_.end() || told - kFirst >= known->second.positions.size()) {
    return refuse(EINVAL);
  }
  return known->second.positions[told - kFirst];
}

void ShortCookies::make_room(uint64_t wanted) {
  const size_t before = size_;
  std::erase_if(directories_, [&](const auto& entry) {
    if (entry.first == wanted || is_open_(entry.first)) {
      return false;
    }
    size_ -= entry.second.positions.size();
    return true;
  });
  if (size_ < before) {
    ++epoch_;
  }
}

void ShortCookies::clear() {
  directories_.clear();
  size_ = 0;
  ++epoch_;
}

}  // namespace caisson::vmm::fs
