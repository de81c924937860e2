// SPDX-License-Identifier: Apache-2.0
// The answer of every fallible function of Caisson: Result<T>, and TRY to pass a refusal on. Used by all
// folders; nothing here allocates but the message of an error.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

namespace caisson {

// What went wrong, for an operator: lower case, verb and object, then the reason and the remedy.
// `code` is the errno that caused it, or the errno that describes it best (EPROTO, EINVAL, …), never 0.
struct Error {
  int code = EINVAL;
  std::string message;
};

template <typename T = void>
using Result = tl::expected<T, Error>;

// A refusal with an errno that the code chooses: `return fail(EINVAL, "parse mounts[3]: …")`.
[[nodiscard]] tl::unexpected<Error> fail(int code, std::string message);

// A refusal by the kernel: "<what>: <strerror(code)>". `code` defaults to the calling thread's errno.
[[nodiscard]] tl::unexpected<Error> fail_errno(std::string_view what, int code = errno);

// The same error, told from further out: "<what>: <error.message>".
[[nodiscard]] Error with_context(std::string_view what, Error error);

namespace detail {
template <typename T>
decltype(auto) take(tl::expected<T, Error>& result) {
  if constexpr (!std::is_void_v<T>) {
    return std::move(*result);
  }
}
}  // namespace detail

}  // namespace caisson

// Evaluates to the value of a Result, or returns its error from the enclosing function. May be nested.
#define TRY(...) CAISSON_TRY_(CAISSON_TRY_NAME_(__COUNTER__), std::move(try_error_), __VA_ARGS__)

// TRY that says from which step the error came.
#define TRY_CONTEXT(what, ...)                                                                       \
  CAISSON_TRY_(CAISSON_TRY_NAME_(__COUNTER__), ::caisson::with_context(what, std::move(try_error_)), \
               __VA_ARGS__)

#define CAISSON_TRY_NAME_(counter) CAISSON_TRY_PASTE_(try_result_, counter)
#define CAISSON_TRY_PASTE_(a, b) a##b
#define CAISSON_TRY_(name, passed_on, ...)                   \
  ({                                                         \
    auto name = (__VA_ARGS__);                               \
    if (!name) {                                             \
      ::caisson::Error try_error_ = std::move(name).error(); \
      return ::tl::unexpected(passed_on);                    \
    }                                                        \
    ::caisson::detail::take(name);                           \
  })
