// SPDX-License-Identifier: Apache-2.0
// The signals that a caisson in the foreground passes on to the process it stands for, taken as events. Used
// by run, do and exec.
#pragma once

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::runtime {

class CaughtSignals {
 public:
  // Blocks every signal that can be passed on, and SIGWINCH. Call it before the process starts, so that no
  // signal is lost in between.
  static Result<CaughtSignals> take();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // The next pending signal. 0 if there is none.
  [[nodiscard]] int next() const;
  // The next pending signal that asks caisson to end. 0 if there is none. Drops other signals.
  [[nodiscard]] int next_request_to_end() const;

 private:
  explicit CaughtSignals(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace caisson::runtime
