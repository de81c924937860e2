// SPDX-License-Identifier: Apache-2.0
// The descriptors with which caisson-vmm starts. The caller adds each once, and gets its number in
// caisson-vmm.
#pragma once

#include <array>
#include <vector>

#include "protocol/launch/launch_spec.h"

namespace caisson::runtime {

class DescriptorList {
 public:
  // Descriptors 0, 1 and 2. VmmProcess::spawn adds the next two, kLaunchFd and kStatusFd.
  explicit DescriptorList(const std::array<int, 3>& standard) : sources_(standard.begin(), standard.end()) {
    sources_.resize(kStatusFd + 1, -1);
  }

  // `fd` stays the caller's. The caller keeps it open until caisson-vmm is spawned. Returns the number of its
  // copy in caisson-vmm.
  int add(int fd) {
    sources_.push_back(fd);
    return static_cast<int>(sources_.size()) - 1;
  }

  // Descriptor n of caisson-vmm is a copy of entry n.
  [[nodiscard]] const std::vector<int>& sources() const { return sources_; }

 private:
  std::vector<int> sources_;
};

}  // namespace caisson::runtime
