// SPDX-License-Identifier: Apache-2.0
// Converts between Error (an errno and a sentence) and the google.rpc status that ttrpc carries. The errno
// travels as a status detail; from a peer that sends none it is guessed from the code.
#pragma once

#include "common/result.h"

namespace caisson::ttrpc {

namespace wire {
class Status;
}

void put_error(const Error& error, wire::Status& status);
// Never code 0, whatever the peer wrote; the message is cut at 64 KiB.
[[nodiscard]] Error to_error(const wire::Status& status);

}  // namespace caisson::ttrpc
