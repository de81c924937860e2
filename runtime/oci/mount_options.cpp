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

// Words of runc and crun that are neither.
struct OtherOption {
  std::string_view name;
  bool MountOptions::*meaning;
  bool MountOptions::*also;
};

constexpr OtherOption kOtherOptions[] = {
    {"copy-symlink", &MountOptions::copy_link, nullptr},
    {"dest-nofollow", &MountOptions::keep_destination_link, nullptr},
    {"idmap", &MountOptions::idmap, nullptr},
    {"ridmap", &MountOptions::idmap, &MountOptions::idmap_beneath},
    {"src-nofollow", &MountOptions::keep_source_link, nullptr},
    {"tmpcopyup", &MountOptions::tmpcopyup, nullptr},
};

enum class Of { bind, any };

struct Refusal {
  std::string_view name;
  bool clears;
  uint64_t flag;
  Of of;
  std::string_view reason;
};

constexpr std::string_view kOfWholeFileSystem =
    "is of a whole file system, and a bind mount shows what the host has mounted; mount it so on the host, "
    "and "
    "leave this out";
constexpr std::string_view kNoMandatoryLocks = "Linux has had no mandatory locks since 5.15; leave it out";

constexpr Refusal kRefusals[] = {
    {"sync", false, MS_SYNCHRONOUS, Of::bind, kOfWholeFileSystem},
    {"dirsync", false, MS_DIRSYNC, Of::bind, kOfWholeFileSystem},
    {"mand", false, MS_MANDLOCK, Of::any, kNoMandatoryLocks},
    {"noacl", true, MS_POSIXACL, Of::any, "the guest's file systems keep access control lists; leave it out"},
    {"remount", false, MS_REMOUNT, Of::any,
     "a mount is made once, with all of its options; give them to the entry that makes it"},
};

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
    } else if (const auto* other = find_option(kOtherOptions, word)) {
      options.*other->meaning = true;
      if (other->also != nullptr) options.*other->also = true;
    } else if (!word.empty()) {
      options.data += (options.data.empty() ? "" : ",") + word;
    }
  }
  return options;
}

Result<void> check_mount_options(const MountOptions& options, bool is_bind, std::string_view type,
                                 const std::string& context) {
  for (const Refusal& refusal : kRefusals) {
    const uint64_t given = refusal.clears ? options.flags_cleared : options.flags;
    if ((given & refusal.flag) != 0 && (is_bind || refusal.of == Of::any)) {
      return fail(EINVAL, context + ": " + std::string(refusal.name) + ": " + std::string(refusal.reason));
    }
  }
  // What no table knows is for the file system, and a bind mount makes none.
  if (is_bind && !options.data.empty()) {
    return fail(EINVAL, context + ": " + options.data.substr(0, options.data.find(',')) +
                            ": is no option of a bind mount; correct it, or leave it out");
  }
  if (options.tmpcopyup && (is_bind || type != "tmpfs")) {
    return fail(EINVAL, context + ": tmpcopyup: fills a tmpfs only; leave it out, or set type to \"tmpfs\"");
  }
  if (!is_bind && (options.keep_source_link || options.copy_link)) {
    return fail(EINVAL, context + ": " + (options.copy_link ? "copy-symlink" : "src-nofollow") +
                            ": is about the source of a bind mount; leave it out");
  }
  return {};
}

std::vector<std::string_view> mount_option_names() {
  std::vector<std::string_view> names;
  for (const auto& option : kOtherOptions) names.push_back(option.name);
  for (const auto& option : kFlagOptions) names.push_back(option.name);
  for (const auto& option : kRecursiveOptions) names.push_back(option.name);
  for (const auto& option : propagation_names()) names.push_back(option.name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace caisson::runtime::oci
