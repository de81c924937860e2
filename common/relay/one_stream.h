// SPDX-License-Identifier: Apache-2.0
// Whether two descriptors lead to one place in one order, as after `2>&1`: bytes written to both must then
// travel by one stream, or their order is lost. Used by create, run, do and exec for standard output and
// error.
#pragma once

namespace caisson {

// Pipes, sockets and terminals: the same object. Files: one open file description; each write to one is done
// when the next begins, so that no order is lost where there are two. False if the kernel cannot tell.
[[nodiscard]] bool is_one_stream(int a, int b);

}  // namespace caisson
