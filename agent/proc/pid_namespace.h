// SPDX-License-Identifier: Apache-2.0
// The numbers of a container's processes, from inside its process namespace and from the guest's root one.
#pragma once

#include <sys/types.h>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::agent {

class PidNamespace {
 public:
  // The namespace of the process `member`. ESRCH if that has ended.
  static Result<PidNamespace> of(pid_t member);

  // 0 if there is no such process, or it is not in the namespace.
  [[nodiscard]] pid_t inside(pid_t outside) const;
  [[nodiscard]] pid_t outside(pid_t inside) const;

 private:
  explicit PidNamespace(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace caisson::agent
