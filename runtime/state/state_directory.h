// SPDX-License-Identifier: Apache-2.0
// The state directory: one directory a container beneath the root, named by its id; both are 0700, whatever
// the umask, and a directory that others own or may write to is refused, because caisson acts by its
// contents. A process that changes a container holds the container's lock. Readers need no lock, because
// state.json is replaced whole. Any process may die at any moment: a directory without a readable state.json
// is a container half made, which delete removes
// like any other.
//
//   <root>/<id>/lock         flock(2)
//   <root>/<id>/state.json   container_state.h
//   <root>/<id>/config.json  the bundle's, as it was at create: exec and hooks go by it
//   <root>/<id>/*.sock       of caisson-vmm (docs/launch.md): made before its guest runs
//   <root>/<id>/vmm/         all that caisson-vmm can write to once its guest runs, and thus a stranger's:
//                            exit.json, silence, oom (protocol/sandbox/files.h)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "runtime/state/container_directory.h"

namespace caisson::runtime {

// A container's directory with its lock held.
class LockedContainer {
 public:
  [[nodiscard]] const ContainerDirectory& directory() const { return directory_; }
  void unlock() { lock_.reset(); }

 private:
  friend class StateRoot;
  LockedContainer(ContainerDirectory directory, UniqueFd lock)
      : directory_(std::move(directory)), lock_(std::move(lock)) {}

  ContainerDirectory directory_;
  UniqueFd lock_;
};

class StateRoot {
 public:
  explicit StateRoot(std::string path);

  [[nodiscard]] const std::string& path() const { return path_; }

  // Makes a container's directory. EEXIST when there is one by this id.
  Result<LockedContainer> reserve(std::string_view id) const;
  // ENOENT: "container does not exist" (the words engines look for).
  Result<ContainerDirectory> find(std::string_view id) const;
  // find(), then waits for the lock.
  Result<LockedContainer> lock(std::string_view id) const;
  // lock(), or EWOULDBLOCK where another has it.
  Result<LockedContainer> try_lock(std::string_view id) const;
  // Every id there is, sorted; empty when the root does not exist.
  Result<std::vector<std::string>> list() const;

 private:
  Result<LockedContainer> lock_directory(ContainerDirectory directory, int how) const;

  std::string path_;
};

// /run/caisson for root, else $XDG_RUNTIME_DIR/caisson.
[[nodiscard]] std::string default_state_root();

}  // namespace caisson::runtime
