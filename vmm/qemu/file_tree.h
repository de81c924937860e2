// SPDX-License-Identifier: Apache-2.0
// All of the host's files that QEMU finds by name, read-only: its libraries, its firmware, and /proc with
// itself alone. QEMU inherits what else it needs. The mounts are made in no namespace. The new process puts
// them together in its own namespace and lets go of the host's mounts.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm {

class FileTree {
 public:
  // For the program behind `program_fd`, a file of ELF. `program` is for errors. `device`: one to find as on
  // the host; may be empty.
  static Result<FileTree> prepare(int program_fd, const std::string& program, const std::string& device);

  // In a process that has a mount and a process namespace of its own, and is the first of the latter. System
  // calls only: see Child. False, with errno, when it fails half way.
  [[nodiscard]] bool enter() const;

  // The path of each file, for tests.
  [[nodiscard]] std::vector<std::string> shown() const;

 private:
  struct Place {
    std::string path;  // absolute, without links
    UniqueFd tree;
  };

  FileTree() = default;
  Result<void> show(const std::string& path, uint64_t attributes);
  Result<std::string> follow(const std::string& path);
  Result<void> copy_loader(const std::string& loader);
  [[nodiscard]] bool is_beneath_a_place(const std::string& path) const;
  [[nodiscard]] bool put_together() const;

  UniqueFd root_;
  std::vector<Place> places_;
  std::string loader_;  // absolute, without links
};

// The loader of `program_fd`, as the program's own header names it. Fails for a file that names none.
Result<std::string> loader_of(int program_fd, const std::string& program);

}  // namespace caisson::vmm
