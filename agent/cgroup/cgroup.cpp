// SPDX-License-Identifier: Apache-2.0
#include "agent/cgroup/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <memory>

namespace caisson::agent {
namespace {

// LIMIT: of one interface file; cgroup.procs of a full guest is the longest.
constexpr size_t kMaxFileBytes = 1U << 20;
// LIMIT: nesting that a container may have made and we follow to remove it.
constexpr int kMaxDepth = 64;

Result<std::string> read_file(int directory, const std::string& name) {
  const UniqueFd file(::openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    return fail_errno("open " + name);
  }
  std::string text;
  std::array<char, 4096> chunk{};
  while (text.size() < kMaxFileBytes) {
    const ssize_t n = ::read(file.get(), chunk.data(), chunk.size());
    if (n < 0) {
      return fail_errno("read " + name);
    }
    if (n == 0) {
      break;
    }
    text.append(chunk.data(), static_cast<size_t>(n));
  }
  return text;
}

// Children have a controller only when every ancestor passes it down.
void pass_controllers_down(int directory) {
  const auto controllers = read_file(directory, "cgroup.controllers");
  const UniqueFd control(::openat(directory, "cgroup.subtree_control", O_WRONLY | O_CLOEXEC));
  if (!controllers || !control) {
    return;
  }
  // One by one: a controller that cannot be passed down must not keep the others back.
  size_t start = 0;
  while (start < controllers->size()) {
    const size_t end = std::min(controllers->find_first_of(" \n", start), controllers->size());
    if (end > start) {
      const std::string word = "+" + controllers->substr(start, end - start);
      [[maybe_unused]] const ssize_t n = ::write(control.get(), word.data(), word.size());
    }
    start = end + 1;
  }
}

Result<UniqueFd> open_directory(int parent, const std::string& name) {
  UniqueFd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) {
    return fail_errno("open cgroup " + name);
  }
  return fd;
}

// Calls `act` with each child directory and its name.
template <typename Act>
Result<void> for_each_child(int directory, const Act& act) {
  const int listed = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(listed < 0 ? nullptr : ::fdopendir(listed), ::closedir);
  if (!entries) {
    return fail_errno("list cgroup");
  }
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (entry->d_type != DT_DIR || name == "." || name == "..") {
      continue;
    }
    // The container may remove its own meanwhile.
    if (const auto child = open_directory(directory, name)) {
      TRY(act(child->get(), name));
    }
  }
  return {};
}

Result<void> collect_processes(int directory, int depth, std::vector<pid_t>& pids) {
  if (depth > kMaxDepth) {
    return fail_errno("list cgroup", ELOOP);
  }
  const std::string text = TRY(read_file(directory, "cgroup.procs"));
  const char* next = text.data();
  const char* const end = text.data() + text.size();
  while (next < end) {
    pid_t pid = 0;
    const auto [stop, error] = std::from_chars(next, end, pid);
    if (error == std::errc{}) {
      pids.push_back(pid);
    }
    next = stop + 1;
  }
  return for_each_child(
      directory, [&](int child, const std::string&) { return collect_processes(child, depth + 1, pids); });
}

Result<void> remove_below(int directory, int depth) {
  if (depth > kMaxDepth) {
    return fail_errno("remove cgroup", ELOOP);
  }
  return for_each_child(directory, [&](int child, const std::string& name) -> Result<void> {
    TRY(remove_below(child, depth + 1));
    if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT) {
      return fail_errno("remove cgroup " + name);
    }
    return {};
  });
}

}  // namespace

Result<Cgroup> Cgroup::create(const std::string& root, const std::string& path) {
  UniqueFd here = TRY(open_directory(AT_FDCWD, root));
  std::string made = root;
  size_t start = 0;
  while (start < path.size()) {
    const size_t slash = std::min(path.find('/', start), path.size());
    const std::string name = path.substr(start, slash - start);
    start = slash + 1;
    if (name.empty() || name == ".") {
      continue;
    }
    if (name == "..") {
      return fail(EINVAL, "make cgroup " + path + ": it holds ..");
    }
    pass_controllers_down(here.get());
    if (::mkdirat(here.get(), name.c_str(), 0755) < 0 && errno != EEXIST) {
      return fail_errno("make cgroup " + path);
    }
    here = TRY(open_directory(here.get(), name));
    made += "/" + name;
  }
  return Cgroup(std::move(here), std::move(made));
}

Result<UniqueFd> Cgroup::open_below(std::string_view path) const {
  UniqueFd here = TRY(open_directory(directory_.get(), "."));
  while (!path.empty()) {
    const std::string name(path.substr(0, path.find('/')));
    path.remove_prefix(std::min(name.size() + 1, path.size()));
    if (name == "..") {
      return fail(EINVAL, "open cgroup: .. is not a sub cgroup path");
    }
    if (!name.empty()) {
      here = TRY(open_directory(here.get(), name));
    }
  }
  return here;
}

Result<void> Cgroup::write(const std::string& name, const std::string& value) const {
  const UniqueFd file(::openat(directory_.get(), name.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file || ::write(file.get(), value.data(), value.size()) < 0) {
    return fail_errno("write " + value + " to cgroup file " + name);
  }
  return {};
}

Result<std::string> Cgroup::read(const std::string& name) const {
  return read_file(directory_.get(), name);
}

uint64_t Cgroup::read_key(const std::string& name, const std::string& key) const {
  const auto text = read(name);
  if (!text) {
    return 0;
  }
  const std::string lines = "\n" + *text;
  const size_t found = lines.find("\n" + key + " ");
  uint64_t value = 0;
  if (found != std::string::npos) {
    const char* digits = lines.data() + found + key.size() + 2;
    std::from_chars(digits, lines.data() + lines.size(), value);
  }
  return value;
}

Result<std::vector<pid_t>> Cgroup::processes() const {
  std::vector<pid_t> pids;
  TRY(collect_processes(directory_.get(), 0, pids));
  return pids;
}

Result<void> Cgroup::kill() const {
  return write("cgroup.kill", "1");
}

Result<void> Cgroup::remove() const {
  TRY(remove_below(directory_.get(), 0));
  if (::rmdir(path_.c_str()) < 0 && errno != ENOENT) {
    return fail_errno("remove cgroup " + path_);
  }
  return {};
}

Result<std::string> parse_cgroup_path(std::string_view text) {
  // "0::/c1"
  constexpr std::string_view kVersion2 = "0::";
  const size_t end = text.find('\n');
  if (!text.starts_with("0::/") || end == std::string_view::npos) {
    return fail(EINVAL, "read cgroup of a process: it is not of version 2");
  }
  return std::string(text.substr(kVersion2.size(), end - kVersion2.size()));
}

}  // namespace caisson::agent
