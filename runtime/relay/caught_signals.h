// SPDX-License-Identifier: Apache-2.0
// The signals that a caisson in the foreground passes on to the process it stands for, taken as events. Used
// by run, do and exec.
#pragma once

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::runtime {

class CaughtSignals {
 public:
  // Blocks every signal that can be passed on, and SIGWINCH. Call it before the process starts: none falls
  // between.
  static Result<CaughtSignals> take();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // The next one pending; 0 when there is none.
  [[nodiscard]] int next() const;
  // The next one pending by which somebody wants us to end; 0 when there is none. Others are dropped.
  [[nodiscard]] int next_request_to_end() const;

 private:
  explicit CaughtSignals(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace caisson::runtime
