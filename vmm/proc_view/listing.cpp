// SPDX-License-Identifier: Apache-2.0
#include "vmm/proc_view/listing.h"

#include <dirent.h>
#include <linux/fuse.h>
#include <sys/stat.h>

#include <optional>
#include <span>

namespace caisson::vmm {
namespace {

struct Listed {
  std::string name;
  ProcNode node;
};

// The `index`-th entry of a directory, "." and ".." being the first two.
std::optional<Listed> listed(ProcNode directory, const ProcDirectory* known, uint64_t index) {
  if (index < 2) {
    return Listed{.name = index == 0 ? "." : "..", .node = directory};
  }
  index -= 2;
  const std::span<const ProcEntry> entries = entries_of(directory);
  if (index < entries.size()) {
    const ProcEntry& entry = entries[index];
    return Listed{.name = std::string(entry.name), .node = {.pid = directory.pid, .file = entry.file}};
  }
  index -= entries.size();
  if (known == nullptr || index >= known->pids.size()) {
    return std::nullopt;
  }
  return Listed{.name = std::to_string(known->pids[index]), .node = {.pid = known->pids[index]}};
}

void append_entry(std::string& text, const Listed& entry, uint64_t next_offset) {
  fuse_dirent head{};
  head.ino = number_of(entry.node);
  head.off = next_offset;
  head.namelen = static_cast<uint32_t>(entry.name.size());
  head.type = IFTODT(attr_of(entry.node).mode);
  const size_t padding = FUSE_DIRENT_SIZE(&head) - FUSE_NAME_OFFSET - entry.name.size();
  text.append(reinterpret_cast<const char*>(&head), FUSE_NAME_OFFSET)
      .append(entry.name)
      .append(padding, '\0');
}

}  // namespace

std::string listing_of(ProcNode directory, const ProcDirectory* known, uint64_t offset, size_t bytes) {
  std::string text;
  for (;; ++offset) {
    const auto entry = listed(directory, known, offset);
    const size_t before = text.size();
    if (entry) {
      append_entry(text, *entry, offset + 1);
    }
    if (!entry || text.size() > bytes) {
      text.resize(before);
      return text;
    }
  }
}

}  // namespace caisson::vmm
