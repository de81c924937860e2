// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/overlay.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "runtime/oci/mount_options.h"

namespace caisson::runtime {
namespace {

struct KnownOption {
  std::string_view key;
  bool has_value;
};

// linux/Documentation/filesystems/overlayfs.rst, but for those of layers that are no directories.
constexpr KnownOption kKnown[] = {
    {"lowerdir", true}, {"upperdir", true},   {"workdir", true},   {"redirect_dir", true},
    {"index", true},    {"metacopy", true},   {"xino", true},      {"nfs_export", true},
    {"uuid", true},     {"userxattr", false}, {"volatile", false}, {"default_permissions", false},
};

bool names_layers(std::string_view key) {
  return key == "lowerdir" || key == "upperdir" || key == "workdir";
}

std::string value_of(const std::vector<std::pair<std::string, std::string>>& options, std::string_view key) {
  const auto found =
      std::find_if(options.begin(), options.end(), [&](const auto& option) { return option.first == key; });
  return found == options.end() ? std::string() : found->second;
}

// Where they were relative, they would count from wherever caisson was started.
Result<void> check_layers(std::string_view key, std::string_view value, const std::string& context) {
  for (size_t start = 0; start <= value.size();) {
    size_t end = start;
    while (end < value.size() && value[end] != ':') end += value[end] == '\\' ? 2U : 1U;
    end = std::min(end, value.size());
    if (key != "lowerdir") end = value.size();
    if (start >= value.size() || value[start] != '/') {
      return fail(EINVAL, context + ": " + std::string(key) + ": \"" + std::string(value) +
                              "\" is not an absolute path of the host" +
                              (key == "lowerdir" ? ", nor several with ':' between" : ""));
    }
    start = end + 1;
  }
  return {};
}

Result<std::pair<std::string, std::string>> read_option(const std::string& word, const std::string& context) {
  const size_t equals = word.find('=');
  std::pair<std::string, std::string> option(word.substr(0, equals),
                                             equals == std::string::npos ? "" : word.substr(equals + 1));
  const auto known = std::find_if(std::begin(kKnown), std::end(kKnown),
                                  [&](const KnownOption& one) { return one.key == option.first; });
  if (known == std::end(kKnown) || known->has_value != (equals != std::string::npos)) {
    return fail(EINVAL, context + ": " + word + ": is no option of an overlay; correct it, or leave it out");
  }
  if (names_layers(option.first)) {
    TRY(check_layers(option.first, option.second, context));
  }
  return option;
}

// The kernel says more about a refused option than an errno can: "e overlay: …\n".
std::string kernels_word(int file_system) {
  std::array<char, 512> text{};
  const ssize_t size = ::read(file_system, text.data(), text.size());
  std::string word(text.data(), size > 2 ? static_cast<size_t>(size) : 0);
  while (word.ends_with('\n')) word.pop_back();
  return word.empty() ? "" : " (" + word.substr(2) + ")";
}

Result<void> configure(int file_system, unsigned command, const char* key, const char* value,
                       const std::string& context) {
  if (::syscall(SYS_fsconfig, file_system, command, key, value, 0) == 0) {
    return {};
  }
  const int code = errno;
  return fail_errno(context + (key == nullptr ? ": mount overlay" : std::string(": overlay: ") + key) +
                        kernels_word(file_system),
                    code);
}

// LIMIT: of fsconfig(2), with the byte that ends it.
constexpr size_t kMostOfAString = 256;

// The directories that an option names, opened once: the kernel gets them by descriptor, whatever becomes of
// their names, and however long those are. Between lower ones stands ':', and '\' before one that is none.
Result<std::vector<std::string>> open_layers(std::string_view key, std::string_view value,
                                             std::vector<UniqueFd>& opened, const std::string& context) {
  std::vector<std::string> places;
  std::string path;
  const auto finish = [&]() -> Result<void> {
    UniqueFd layer(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!layer) {
      return fail_errno(context + ": " + std::string(key) + ": open " + path);
    }
    places.push_back("/proc/self/fd/" + std::to_string(layer.get()));
    opened.push_back(std::move(layer));
    path.clear();
    return {};
  };
  const bool is_list = key == "lowerdir";
  for (size_t i = 0; i < value.size(); ++i) {
    if (is_list && value[i] == ':') {
      TRY(finish());
    } else {
      i += is_list && value[i] == '\\' && i + 1 < value.size() ? 1U : 0U;
      path += value[i];
    }
  }
  TRY(finish());
  return places;
}

Result<void> add_layers(int file_system, const std::string& key, const std::vector<std::string>& places,
                        const std::string& context) {
  std::string joined;
  for (const std::string& place : places) joined += (joined.empty() ? "" : ":") + place;
  if (joined.size() < kMostOfAString) {
    return configure(file_system, FSCONFIG_SET_STRING, key.c_str(), joined.c_str(), context);
  }
  // Linux 6.8 takes them one by one.
  for (const std::string& place : places) {
    TRY(configure(file_system, FSCONFIG_SET_STRING, "lowerdir+", place.c_str(),
                  context + ": " + std::to_string(places.size()) +
                      " layers, which the host's kernel takes from Linux 6.8 on"));
  }
  return {};
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> overlay_options(
    const std::vector<std::string>& options, const std::string& context) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const std::string& word : options) {
    // What the tables of all mounts know is set on the mount, by the guest too.
    if (!oci::parse_mount_options({&word, 1}).data.empty()) {
      found.push_back(TRY(read_option(word, context)));
    }
  }
  if (value_of(found, "lowerdir").empty()) {
    return fail(EINVAL, context + ": lowerdir is missing, which an overlay needs");
  }
  if (value_of(found, "upperdir").empty() != value_of(found, "workdir").empty()) {
    return fail(EINVAL,
                context + ": upperdir and workdir: give both, or none for an overlay that is read-only");
  }
  return found;
}

Result<UniqueFd> make_overlay(const std::vector<std::string>& options, const std::string& context) {
  const auto wanted = TRY(overlay_options(options, context));
  const UniqueFd file_system(static_cast<int>(::syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC)));
  if (!file_system) {
    return fail_errno(context + ": the host's kernel makes no overlay (module \"overlay\")");
  }
  std::vector<UniqueFd> layers;
  for (const auto& [key, value] : wanted) {
    if (names_layers(key)) {
      TRY(add_layers(file_system.get(), key, TRY(open_layers(key, value, layers, context)), context));
      continue;
    }
    // A key without a value is a flag.
    const bool is_flag = value.empty();
    TRY(configure(file_system.get(), is_flag ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING, key.c_str(),
                  is_flag ? nullptr : value.c_str(), context));
  }
  TRY(configure(file_system.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, context));
  UniqueFd root(
      static_cast<int>(::syscall(SYS_fsmount, file_system.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV)));
  if (!root) {
    return fail_errno(context + ": mount overlay");
  }
  return root;
}

}  // namespace caisson::runtime
