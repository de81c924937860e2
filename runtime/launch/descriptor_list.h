// SPDX-License-Identifier: Apache-2.0
// The descriptors that caisson-vmm starts with: each is given once, and its number there is asked for in the
// same breath.
#pragma once

#include <array>
#include <vector>

#include "protocol/launch/launch_spec.h"

namespace caisson::runtime {

class DescriptorList {
 public:
  // Those of 0, 1 and 2. The next two, kLaunchFd and kStatusFd, are VmmProcess::spawn's.
  explicit DescriptorList(const std::array<int, 3>& standard) : sources_(standard.begin(), standard.end()) {
    sources_.resize(kStatusFd + 1, -1);
  }

  // `fd` is and stays the caller's, who keeps it open until caisson-vmm is spawned. The number that its copy
  // has there.
  int add(int fd) {
    sources_.push_back(fd);
    return static_cast<int>(sources_.size()) - 1;
  }

  // Descriptor n there is a copy of number n of these.
  [[nodiscard]] const std::vector<int>& sources() const { return sources_; }

 private:
  std::vector<int> sources_;
};

}  // namespace caisson::runtime
