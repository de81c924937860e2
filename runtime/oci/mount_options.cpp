// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/mount_options.h"

#include <linux/mount.h>

#include <algorithm>

#include "runtime/oci/names.h"

// <sys/mount.h> and <linux/mount.h> cannot be included together in Debian 12's C library; the latter has both
// sets.

namespace caisson::runtime::oci {
namespace {

struct FlagOption {
  std::string_view name;
  bool clears;
  uint64_t flag;
};

constexpr FlagOption kFlagOptions[] = {
    {"acl", false, MS_POSIXACL},
    {"async", true, MS_SYNCHRONOUS},
    {"atime", true, MS_NOATIME},
    {"bind", false, MS_BIND},
    {"defaults", false, 0},
    {"dev", true, MS_NODEV},
    {"diratime", true, MS_NODIRATIME},
    {"dirsync", false, MS_DIRSYNC},
    {"exec", true, MS_NOEXEC},
    {"iversion", false, MS_I_VERSION},
    {"lazytime", false, MS_LAZYTIME},
    {"loud", true, MS_SILENT},
    {"mand", false, MS_MANDLOCK},
    {"noacl", true, MS_POSIXACL},
    {"noatime", false, MS_NOATIME},
    {"nodev", false, MS_NODEV},
    {"nodiratime", false, MS_NODIRATIME},
    {"noexec", false, MS_NOEXEC},
    {"noiversion", true, MS_I_VERSION},
    {"nolazytime", true, MS_LAZYTIME},
    {"nomand", true, MS_MANDLOCK},
    {"norelatime", true, MS_RELATIME},
    {"nostrictatime", true, MS_STRICTATIME},
    {"nosuid", false, MS_NOSUID},
    {"nosymfollow", false, MS_NOSYMFOLLOW},
    {"rbind", false, MS_BIND | MS_REC},
    {"relatime", false, MS_RELATIME},
    {"remount", false, MS_REMOUNT},
    {"ro", false, MS_RDONLY},
    {"rw", true, MS_RDONLY},
    {"silent", false, MS_SILENT},
    {"strictatime", false, MS_STRICTATIME},
    {"suid", true, MS_NOSUID},
    {"symfollow", true, MS_NOSYMFOLLOW},
    {"sync", false, MS_SYNCHRONOUS},
};

// An access-time policy replaces the whole field, so each of its options clears MOUNT_ATTR__ATIME too.
struct AttributeOption {
  std::string_view name;
  uint64_t set;
  uint64_t clear;
};

constexpr AttributeOption kRecursiveOptions[] = {
    {"ratime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"rdev", 0, MOUNT_ATTR_NODEV},
    {"rdiratime", 0, MOUNT_ATTR_NODIRATIME},
    {"rexec", 0, MOUNT_ATTR_NOEXEC},
    {"rnoatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"rnodev", MOUNT_ATTR_NODEV, 0},
    {"rnodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"rnoexec", MOUNT_ATTR_NOEXEC, 0},
    {"rnorelatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"rnostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"rnosuid", MOUNT_ATTR_NOSUID, 0},
    {"rnosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"rrelatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"rro", MOUNT_ATTR_RDONLY, 0},
    {"rrw", 0, MOUNT_ATTR_RDONLY},
    {"rstrictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"rsuid", 0, MOUNT_ATTR_NOSUID},
    {"rsymfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
};

constexpr std::string_view kOtherOptions[] = {"tmpcopyup", "idmap", "ridmap"};

template <typename Table>
const auto* find_option(const Table& table, std::string_view name) {
  const auto* found =
      std::find_if(std::begin(table), std::end(table), [&](const auto& o) { return o.name == name; });
  return found == std::end(table) ? nullptr : found;
}

}  // namespace

MountOptions parse_mount_options(std::span<const std::string> words) {
  MountOptions options;
  for (const std::string& word : words) {
    if (const auto* option = find_option(kFlagOptions, word)) {
      // The last word on a flag wins.
      if (option->clears) {
        options.flags &= ~option->flag;
        options.flags_cleared |= option->flag;
      } else {
        options.flags |= option->flag;
        options.flags_cleared &= ~option->flag;
      }
    } else if (const auto* recursive = find_option(kRecursiveOptions, word)) {
      options.recursive_set = (options.recursive_set & ~recursive->clear) | recursive->set;
      options.recursive_clear = (options.recursive_clear & ~recursive->set) | recursive->clear;
    } else if (const auto propagation = find_number(propagation_names(), word)) {
      options.propagation.push_back(*propagation);
    } else if (word == "tmpcopyup") {
      options.tmpcopyup = true;
    } else if (word == "idmap" || word == "ridmap") {
      options.idmap = true;
      options.idmap_beneath = options.idmap_beneath || word == "ridmap";
    } else if (!word.empty()) {
      options.data += (options.data.empty() ? "" : ",") + word;
    }
  }
  return options;
}

std::vector<std::string_view> mount_option_names() {
  std::vector<std::string_view> names(std::begin(kOtherOptions), std::end(kOtherOptions));
  for (const auto& option : kFlagOptions) names.push_back(option.name);
  for (const auto& option : kRecursiveOptions) names.push_back(option.name);
  for (const auto& option : propagation_names()) names.push_back(option.name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace caisson::runtime::oci
