// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/relay_outcome.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace caisson::runtime {
namespace {

struct Outcome {
  int code = 0;  // an errno; 0: it runs
  std::array<char, 4096> message{};
};

}  // namespace

Result<OutcomePipe> OutcomePipe::open() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) < 0) {
    return fail_errno("make pipe");
  }
  return OutcomePipe{.reader = UniqueFd(ends[0]), .writer = UniqueFd(ends[1])};
}

void tell_outcome(int writer, const Error* error) {
  Outcome outcome;
  if (error != nullptr) {
    outcome.code = error->code;
    error->message.copy(outcome.message.data(), outcome.message.size() - 1);
  }
  [[maybe_unused]] const ssize_t written = ::write(writer, &outcome, sizeof(outcome));
}

Result<void> hear_outcome(int reader) {
  Outcome outcome;
  if (::read(reader, &outcome, sizeof(outcome)) != static_cast<ssize_t>(sizeof(outcome))) {
    return fail(ECHILD, "start process: its relay died");
  }
  outcome.message.back() = '\0';
  return outcome.code == 0 ? Result<void>() : fail(outcome.code, outcome.message.data());
}

}  // namespace caisson::runtime
