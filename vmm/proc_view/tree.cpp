// SPDX-License-Identifier: Apache-2.0
#include "vmm/proc_view/tree.h"

#include <array>
#include <charconv>

#include "vmm/proc_view/texts.h"

namespace caisson::vmm {
namespace {

constexpr unsigned kFileBits = 3;
constexpr uint32_t kDirectoryMode = S_IFDIR | 0555;

constexpr std::array<ProcEntry, 4> kOfProcess = {{
    {ProcFile::stat, "stat", S_IFREG | 0444},
    {ProcFile::status, "status", S_IFREG | 0444},
    {ProcFile::cmdline, "cmdline", S_IFREG | 0444},
    {ProcFile::namespaces, "ns", kDirectoryMode},
}};
constexpr std::span<const ProcEntry> kOfTop = std::span(kOfProcess).first(1);
constexpr std::array<ProcEntry, 1> kOfNamespaces = {{{ProcFile::pid_namespace, "pid", S_IFLNK | 0777}}};

// The entry that leads to it; none leads to a process, or the top.
const ProcEntry* find(ProcNode node) {
  for (const ProcFile parent : {ProcFile::directory, ProcFile::namespaces}) {
    for (const ProcEntry& entry : entries_of({.pid = node.pid, .file = parent})) {
      if (entry.file == node.file) {
        return &entry;
      }
    }
  }
  return nullptr;
}

// As the kernel writes it.
std::optional<uint32_t> parse_pid(std::string_view name) {
  uint32_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size() || name.front() == '0' || pid > kMaxPid) {
    return std::nullopt;
  }
  return pid;
}

}  // namespace

uint64_t number_of(ProcNode node) {
  return (static_cast<uint64_t>(node.pid) << kFileBits) | static_cast<uint64_t>(node.file);
}

std::optional<ProcNode> node_of(uint64_t number) {
  const uint64_t pid = number >> kFileBits;
  const uint64_t file = number & ((1U << kFileBits) - 1);
  if (pid > kMaxPid) {
    return std::nullopt;
  }
  const ProcNode node{.pid = static_cast<uint32_t>(pid), .file = static_cast<ProcFile>(file)};
  if (node.file != ProcFile::directory && find(node) == nullptr) {
    return std::nullopt;
  }
  return node;
}

std::span<const ProcEntry> entries_of(ProcNode directory) {
  if (directory.file == ProcFile::directory) {
    return directory.pid == 0 ? kOfTop : std::span<const ProcEntry>(kOfProcess);
  }
  if (directory.file == ProcFile::namespaces && directory.pid != 0) {
    return kOfNamespaces;
  }
  return {};
}

std::optional<ProcNode> child_of(ProcNode directory, std::string_view name) {
  for (const ProcEntry& entry : entries_of(directory)) {
    if (entry.name == name) {
      return ProcNode{.pid = directory.pid, .file = entry.file};
    }
  }
  if (number_of(directory) != FUSE_ROOT_ID) {
    return std::nullopt;
  }
  const auto pid = parse_pid(name);
  return pid ? std::optional(ProcNode{.pid = *pid}) : std::nullopt;
}

fuse_attr attr_of(ProcNode node) {
  fuse_attr attr{};
  attr.ino = number_of(node);
  const ProcEntry* entry = find(node);
  attr.mode = entry == nullptr ? kDirectoryMode : entry->mode;
  if (S_ISREG(attr.mode)) {
    // Not the 0 that the kernel's own /proc gives: sendfile(2) would take it for the end. A read that comes
    // out shorter tells the kernel where that is.
    attr.size = kMaxFileBytes;
  }
  attr.nlink = S_ISDIR(attr.mode) ? 2 : 1;
  attr.blksize = 4096;
  return attr;
}

}  // namespace caisson::vmm
