// SPDX-License-Identifier: Apache-2.0
#include "common/ttrpc/status.h"

#include <algorithm>
#include <array>

#include "common/harmless.h"
#include "common/ttrpc/ttrpc.pb.h"

namespace caisson::ttrpc {
namespace {

constexpr std::string_view kErrorNumberType = "type.caisson/caisson.ttrpc.wire.ErrorNumber";
constexpr int kUnknown = 2;
// LIMIT: a peer's sentence ends up in logs and state files.
constexpr size_t kMaxMessageBytes = 16384;
// LIMIT: MAX_ERRNO of the kernel.
constexpr int kMaxErrorNumber = 4095;

struct Pair {
  int error;
  int status;
};
// The first pair with a given status is what that status means where no errno came with it.
constexpr std::array kPairs = {
    Pair{ECANCELED, 1},                                                       // CANCELLED
    Pair{EIO, kUnknown},                                                      // UNKNOWN
    Pair{EINVAL, 3},                                                          // INVALID_ARGUMENT
    Pair{ETIMEDOUT, 4},                                                       // DEADLINE_EXCEEDED
    Pair{ENOENT, 5},                                                          // NOT_FOUND
    Pair{ESRCH, 5},       Pair{EEXIST, 6},                                    // ALREADY_EXISTS
    Pair{EACCES, 7},                                                          // PERMISSION_DENIED
    Pair{EPERM, 7},       Pair{ENOSPC, 8},                                    // RESOURCE_EXHAUSTED
    Pair{ENOMEM, 8},      Pair{EMFILE, 8},  Pair{EAGAIN, 8}, Pair{EBUSY, 9},  // FAILED_PRECONDITION
    Pair{ERANGE, 11},                                                         // OUT_OF_RANGE
    Pair{EOPNOTSUPP, 12},                                                     // UNIMPLEMENTED
    Pair{ENOSYS, 12},     Pair{EPROTO, 13},                                   // INTERNAL
    Pair{ECONNRESET, 14},                                                     // UNAVAILABLE
};

int error_number(const wire::Status& status) {
  for (const wire::Any& detail : status.details()) {
    wire::ErrorNumber number;
    if (detail.type_url() == kErrorNumberType && number.ParseFromString(detail.value()) &&
        number.value() > 0 && number.value() <= kMaxErrorNumber) {
      return number.value();
    }
  }
  const auto* pair =
      std::find_if(kPairs.begin(), kPairs.end(), [&](const Pair& p) { return p.status == status.code(); });
  return pair == kPairs.end() ? EIO : pair->error;
}

}  // namespace

void put_error(const Error& error, wire::Status& status) {
  const auto* pair =
      std::find_if(kPairs.begin(), kPairs.end(), [&](const Pair& p) { return p.error == error.code; });
  status.set_code(pair == kPairs.end() ? kUnknown : pair->status);
  status.set_message(error.message);
  wire::ErrorNumber number;
  number.set_value(error.code);
  wire::Any* detail = status.add_details();
  detail->set_type_url(std::string(kErrorNumberType));
  number.SerializeToString(detail->mutable_value());
}

Error to_error(const wire::Status& status) {
  return Error{.code = error_number(status),
               .message = harmless(status.message(), kMaxMessageBytes, Lines::many)};
}

}  // namespace caisson::ttrpc
