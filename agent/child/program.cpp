// SPDX-License-Identifier: Apache-2.0
// The user's program: its environment, finding it, executing it. Error texts are runc's, because engines read
// them.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <unordered_map>

#include "agent/child/child.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

// LIMIT: of /etc/passwd, which is the container's.
constexpr size_t kMaxPasswdBytes = 1U << 20;

// Go's spelling of the errors engines look for.
std::string reason(int code) {
  switch (code) {
    case ENOENT:
      return "no such file or directory";
    case EACCES:
      return "permission denied";
    case ENOEXEC:
      return "exec format error";
    case EISDIR:
      return "is a directory";
    case ENOTDIR:
      return "not a directory";
    default: {
      std::string text = fail_errno("", code).value().message.substr(2);
      std::transform(text.begin(), text.begin() + 1, text.begin(),
                     [](char c) { return static_cast<char>(c | 0x20); });
      return text;
    }
  }
}

std::string_view variable(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string& entry : environment) {
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return std::string_view(entry).substr(name.size() + 1);
    }
  }
  return {};
}

std::string read_passwd() {
  // O_NONBLOCK: it may be a FIFO that nobody writes.
  const UniqueFd file(::open("/etc/passwd", O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) < 0 || !S_ISREG(info.st_mode)) {
    return {};
  }
  std::string text(std::min<size_t>(static_cast<size_t>(info.st_size), kMaxPasswdBytes), '\0');
  const ssize_t n = ::read(file.get(), text.data(), text.size());
  text.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return text;
}

// Field `index` of a line of colon-separated ones.
std::string_view field(std::string_view line, int index) {
  for (; index > 0; --index) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      return {};
    }
    line.remove_prefix(colon + 1);
  }
  return line.substr(0, line.find(':'));
}

std::string home_of(uint32_t uid) {
  const std::string text = read_passwd();
  const std::string number = std::to_string(uid);
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (field(line, 2) == number && !field(line, 5).empty()) {
      return std::string(field(line, 5));
    }
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return "/";
}

// 0, or why this file cannot be executed.
int check_executable(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) < 0) {
    return errno;
  }
  if (S_ISDIR(info.st_mode)) {
    return EISDIR;
  }
  if (::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) < 0) {
    return errno;
  }
  return (info.st_mode & 0111) != 0 ? 0 : EACCES;
}

Result<std::string> search_path(const std::string& name, std::string_view path) {
  while (true) {
    const size_t colon = std::min(path.find(':'), path.size());
    std::string directory(path.substr(0, colon));
    std::string candidate = (directory.empty() ? "." : directory) + "/" + name;
    if (check_executable(candidate) == 0) {
      return candidate;
    }
    if (colon == path.size()) {
      return fail(ENOENT, "exec: \"" + name + "\": executable file not found in $PATH");
    }
    path.remove_prefix(colon + 1);
  }
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  list.reserve(strings.size() + 1);
  for (std::string& string : strings) {
    list.push_back(string.data());
  }
  list.push_back(nullptr);
  return list;
}

}  // namespace

Result<void> complete_environment(Child& child) {
  const v1::Process& process = *child.plan.process;
  // A program looks up the first entry of a name, config.json means the last: as in runc and crun, each name
  // is there once.
  std::unordered_map<std::string, size_t> places;
  const auto set = [&child, &places](const std::string& entry) {
    const auto [place, is_new] =
        places.try_emplace(entry.substr(0, entry.find('=')), child.environment.size());
    if (is_new) {
      child.environment.push_back(entry);
    } else {
      child.environment[place->second] = entry;
    }
  };
  for (const std::string& entry : process.env()) {
    set(entry);
  }
  if (variable(child.environment, "HOME").empty()) {
    set("HOME=" + home_of(process.user().uid()));
  }
  return {};
}

Result<void> find_executable(Child& child) {
  const v1::Process& process = *child.plan.process;
  if (process.without_program()) {
    return {};
  }
  if (process.args().empty()) {
    return fail(EINVAL, "execute process: args is empty");
  }
  const std::string& name = process.args(0);
  if (name.find('/') == std::string::npos) {
    child.executable = TRY(search_path(name, variable(child.environment, "PATH")));
    return {};
  }
  if (const int code = check_executable(name); code != 0) {
    const std::string what =
        code == ENOENT || code == ENOTDIR ? "stat " + name + ": " + reason(code) : reason(code);
    return fail(code == EISDIR ? EACCES : code, "exec: \"" + name + "\": " + what);
  }
  child.executable = name;
  return {};
}

Result<void> wait_for_start(Child& child) {
  TRY(child.control.send(ControlKind::ready));
  return child.control.expect(ControlKind::go);
}

Result<void> bequeath(Child& child) {
  // Belt and braces: everything is opened close-on-exec already.
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  for (const Placed& placed : child.preserved) {
    if (::fcntl(placed.number, F_SETFD, 0) < 0) {
      return fail_errno("pass descriptor " + std::to_string(placed.number));
    }
  }
  return {};
}

Result<void> execute(Child& child) {
  const v1::Process& process = *child.plan.process;
  if (process.without_program()) {
    return fail(EINVAL, "execute process: the configuration has none");
  }
  std::vector<std::string> args(process.args().begin(), process.args().end());
  const std::vector<char*> argv = pointers(args);
  const std::vector<char*> envp = pointers(child.environment);
  ::execve(child.executable.c_str(), argv.data(), envp.data());
  const int code = errno;
  return fail(code, "exec " + child.executable + ": " + reason(code));
}

}  // namespace caisson::agent
