// SPDX-License-Identifier: Apache-2.0
// What QEMU may still do on the host. QemuMachine prepares it. The new process (vmm/qemu/child) puts it on
// before it executes QEMU. docs/threat-model.md says what each part holds back.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "vmm/qemu/file_tree.h"

namespace caisson::vmm {

class Confinement {
 public:
  struct Spec {
    std::string program;  // path
    uid_t uid = 0;        // of no other process on this host
    gid_t gid = 0;
    std::string device;  // a device that it may open; empty: none
  };

  // The flags of clone that go with it.
  static const uint64_t kNamespaces;

  // Needs root. Opens the program.
  static Result<Confinement> prepare(const Spec& spec);

  // The new process calls these two, one after the other. They make system calls only (see Child). False,
  // with errno, if one fails half way.
  [[nodiscard]] bool leave_host() const;       // files and limits; still root
  [[nodiscard]] bool drop_privileges() const;  // its user, its capabilities
  // The last step but execute(): only what the filter allows can follow.
  [[nodiscard]] bool filter_calls() const;
  // Returns only when it fails.
  void execute(char* const* arguments, char* const* environment) const;

 private:
  Confinement(FileTree files) : files_(std::move(files)) {}

  FileTree files_;
  UniqueFd program_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  std::vector<sock_filter> calls_;
};

}  // namespace caisson::vmm
