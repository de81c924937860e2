// SPDX-License-Identifier: Apache-2.0
#include "common/result.h"

#include <cstring>

namespace caisson {

tl::unexpected<Error> fail(int code, std::string message) {
  return tl::unexpected(Error{.code = code, .message = std::move(message)});
}

tl::unexpected<Error> fail_errno(std::string_view what, int code) {
  std::string message(what);
  message += ": ";
  message += strerrordesc_np(code) != nullptr ? strerrordesc_np(code) : "unknown error";
  return fail(code, std::move(message));
}

Error with_context(std::string_view what, Error error) {
  error.message.insert(0, ": ").insert(0, what);
  return error;
}

}  // namespace caisson
