// SPDX-License-Identifier: Apache-2.0
// Which files the host finds at the container's /proc, and the numbers FUSE knows them by. The guest chooses
// only which processes there are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "vmm/fuse/wire.h"

namespace caisson::vmm {

enum class ProcFile : uint64_t { directory = 1, stat, status, cmdline, namespaces, pid_namespace };

struct ProcNode {
  uint32_t pid = 0;  // as the container counts; 0: the top
  ProcFile file = ProcFile::directory;
};

// The top is FUSE_ROOT_ID.
[[nodiscard]] uint64_t number_of(ProcNode node);
// None for a number that number_of() gives to nothing.
[[nodiscard]] std::optional<ProcNode> node_of(uint64_t number);

struct ProcEntry {
  ProcFile file;
  std::string_view name;
  uint32_t mode;
};
// The entries of a directory, without processes. Empty for a number that is no directory.
[[nodiscard]] std::span<const ProcEntry> entries_of(ProcNode directory);

// The number of `name` in a directory. It does not know whether there is such a process.
[[nodiscard]] std::optional<ProcNode> child_of(ProcNode directory, std::string_view name);
[[nodiscard]] fuse_attr attr_of(ProcNode node);

}  // namespace caisson::vmm
