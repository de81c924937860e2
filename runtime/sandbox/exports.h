// SPDX-License-Identifier: Apache-2.0
// What of the host's file system a sandbox will see: each root file system and bind mount opened once, as an
// O_PATH descriptor that caisson-vmm inherits. Nothing else of the host is ever named to the guest.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::runtime {

struct HostExport {
  std::string name;  // as LaunchSpec::Export
  UniqueFd fd;
  bool read_only = false;
  // Of a read-only one: the mounts beneath it that keep what they allow, relative to it.
  std::vector<std::string> writable_beneath = {};
  bool recursive = false;
  bool exclusive = false;
};

// LIMIT: each is looked up by the guest before its container is made.
inline constexpr size_t kMaxMountsBeneath = 1000;
// Where the host has mounts beneath the directory `path`, relative to it; the first kMaxMountsBeneath.
Result<std::vector<std::string>> mounts_beneath(const std::string& path);

// Of a bind mount: what may not be written.
enum class ReadOnly {
  nothing,
  this_mount,  // "ro": mounts beneath it keep what they allow
  everything,  // "rro"
};

class Exports {
 public:
  // Opens a directory; ENOTDIR for anything else.
  Result<std::string> add_directory(const std::string& path, std::string name, bool read_only, bool exclusive,
                                    bool recursive);
  // Opens the source of a bind mount: a directory or a single file. `context` is the JSON path it came from.
  Result<std::string> add_bind(const std::string& path, const std::string& context, ReadOnly read_only,
                               bool recursive);

  [[nodiscard]] const std::vector<HostExport>& entries() const { return entries_; }

 private:
  std::vector<HostExport> entries_;
};

}  // namespace caisson::runtime
