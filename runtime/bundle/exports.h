// SPDX-License-Identifier: Apache-2.0
// The parts of the host's file system that a sandbox sees: the root file system and each bind mount. Each is
// opened once, as an O_PATH descriptor that caisson-vmm inherits. The guest never learns of another name of
// the host's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "runtime/bundle/mounts_beneath.h"

namespace caisson::runtime {

struct HostExport {
  std::string name;  // as LaunchSpec::Export
  UniqueFd fd;
  bool read_only = false;
  // The mounts beneath this one that keep flags of their own, if any has other flags than this one.
  std::vector<MountBeneath> beneath = {};
  bool writable_beneath =
      false;  // for a read-only mount: mounts beneath it stay writable as far as they allow
  bool recursive = false;
  bool exclusive = false;
  uint64_t flags = 0;        // MS_* of the host's mount that a copy of it has too
  bool detached = false;     // a mount that is attached nowhere: it ends with its last descriptor
  uint32_t socket_port = 0;  // as LaunchSpec::Export
};

// What of a bind mount may not be written.
enum class ReadOnly {
  nothing,
  this_mount,  // "ro": mounts beneath it keep what they allow
  everything,  // "rro"
};

struct BindSource {
  std::string path;
  std::string context;  // its JSON path, for errors
  ReadOnly read_only = ReadOnly::nothing;
  bool recursive = false;
  bool keep_link = false;      // a symbolic link is not followed, but refused
  bool is_restricted = false;  // by options of this mount, which mounts beneath it do not have
};

class Exports {
 public:
  // Opens a directory; ENOTDIR for anything else.
  Result<std::string> add_directory(const std::string& path, std::string name, bool read_only, bool exclusive,
                                    bool recursive);
  // Opens the source of a bind mount: a directory or a single file.
  Result<std::string> add_bind(const BindSource& source);
  // Makes an overlay of directories of the host; `options` are those of config.json, `context` as above.
  Result<std::string> add_overlay(const std::vector<std::string>& options, const std::string& context,
                                  bool read_only);

  [[nodiscard]] const std::vector<HostExport>& entries() const { return entries_; }

 private:
  std::vector<HostExport> entries_;
};

}  // namespace caisson::runtime
