// SPDX-License-Identifier: Apache-2.0
#include "common/resolve_in_root.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <climits>
#include <deque>
#include <string>
#include <vector>

namespace caisson {
namespace {

// LIMIT: as the kernel's MAXSYMLINKS.
constexpr int kMaxLinks = 40;
// LIMIT: each component of the trail holds a descriptor.
constexpr size_t kMaxDepth = 256;

std::deque<std::string> split(std::string_view path) {
  std::deque<std::string> components;
  size_t start = 0;
  while (start <= path.size()) {
    const size_t slash = std::min(path.find('/', start), path.size());
    const std::string_view component = path.substr(start, slash - start);
    if (!component.empty() && component != ".") {
      components.emplace_back(component);
    }
    start = slash + 1;
  }
  return components;
}

class Walk {
 public:
  Walk(int root, std::string_view path, Missing missing, LastLink last)
      : root_(root), path_(path), missing_(missing), last_(last), ahead_(split(path)) {}

  Result<ResolvedPlace> run() {
    while (!ahead_.empty()) {
      const std::string component = std::move(ahead_.front());
      ahead_.pop_front();
      if (component == "..") {
        if (!trail_.empty()) {
          trail_.pop_back();
        }
      } else {
        TRY_CONTEXT(path_, step(component));
      }
    }
    if (!trail_.empty()) {
      return ResolvedPlace{.fd = std::move(trail_.back()), .made = made_};
    }
    UniqueFd root(::openat(root_, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root) {
      return fail_errno("open root");
    }
    return ResolvedPlace{.fd = std::move(root), .made = false};
  }

 private:
  [[nodiscard]] int here() const { return trail_.empty() ? root_ : trail_.back().get(); }

  Result<void> step(const std::string& component) {
    UniqueFd next = TRY(open_or_make(component));
    struct stat info {};
    if (::fstat(next.get(), &info) < 0) {
      return fail_errno("look at " + component);
    }
    if (S_ISLNK(info.st_mode) && !(ahead_.empty() && last_ == LastLink::keep)) {
      return follow(next);
    }
    if (trail_.size() >= kMaxDepth) {
      return fail_errno("walk", ENAMETOOLONG);
    }
    trail_.push_back(std::move(next));
    return {};
  }

  Result<UniqueFd> open_or_make(const std::string& component) {
    UniqueFd fd(::openat(here(), component.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    made_ = false;
    if (!fd && errno == ENOENT && missing_ != Missing::refuse) {
      TRY(make(component));
      fd.reset(::openat(here(), component.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    }
    if (!fd) {
      return fail_errno("open " + component);
    }
    return fd;
  }

  // Somebody else may be quicker: EEXIST is fine, what is there is looked at afterwards.
  Result<void> make(const std::string& component) {
    if (ahead_.empty() && missing_ == Missing::make_file) {
      const UniqueFd file(
          ::openat(here(), component.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755));
      made_ = file.is_valid();
      return made_ || errno == EEXIST ? Result<void>{} : fail_errno("make file " + component);
    }
    made_ = ::mkdirat(here(), component.c_str(), 0755) == 0;
    return made_ || errno == EEXIST ? Result<void>{} : fail_errno("make directory " + component);
  }

  Result<void> follow(const UniqueFd& link) {
    if (++links_ > kMaxLinks) {
      return fail_errno("follow symlinks", ELOOP);
    }
    std::array<char, PATH_MAX> text{};
    const ssize_t n = ::readlinkat(link.get(), "", text.data(), text.size());
    if (n < 0) {
      return fail_errno("read symlink");
    }
    const std::string_view target(text.data(), static_cast<size_t>(n));
    if (target.starts_with('/')) {
      trail_.clear();
    }
    auto components = split(target);
    ahead_.insert(ahead_.begin(), components.begin(), components.end());
    return ahead_.size() <= PATH_MAX ? Result<void>{} : fail_errno("follow symlinks", ENAMETOOLONG);
  }

  int root_;
  std::string_view path_;
  Missing missing_;
  LastLink last_;
  std::deque<std::string> ahead_;
  std::vector<UniqueFd> trail_;
  int links_ = 0;
  bool made_ = false;  // the component looked at last
};

}  // namespace

Result<ResolvedPlace> resolve_place_in_root(int root, std::string_view path, Missing missing, LastLink last) {
  if (path.find('\0') != std::string_view::npos || path.size() >= PATH_MAX) {
    return fail(EINVAL, "resolve path: too long, or holds a NUL");
  }
  return Walk(root, path, missing, last).run();
}

Result<UniqueFd> resolve_in_root(int root, std::string_view path, Missing missing, LastLink last) {
  return std::move(TRY(resolve_place_in_root(root, path, missing, last)).fd);
}

}  // namespace caisson
