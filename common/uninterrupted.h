// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>

namespace caisson {

// Makes the system call `call` again as long as a signal interrupts it. Returns its last result.
template <typename Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace caisson
