// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>

namespace caisson {

// What `call`, of a system call, returned at last: one that a signal interrupted is made again.
template <typename Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace caisson
