// SPDX-License-Identifier: Apache-2.0
// Whether two descriptors lead to one place in one order, as after `2>&1`: then what is written to both must
// travel by one stream, or its order is lost. Used by create, run, do and exec for standard output and error.
#pragma once

namespace caisson {

// Pipes, sockets and terminals: the same object. Files: one open file description; each write to one is done
// when the next begins, so that no order is lost where there are two. False where it cannot be told.
[[nodiscard]] bool is_one_stream(int a, int b);

}  // namespace caisson
