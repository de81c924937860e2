// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/file_tree.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <string_view>

namespace caisson::vmm {
namespace {

// glibc 2.36 has wrappers for these, in a header that clashes with linux/mount.h.
int open_tree(int directory, const char* path, unsigned flags) {
  return static_cast<int>(
      ::syscall(SYS_open_tree, directory, path, flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
}
int move_mount(int tree, int directory, const char* path) {
  return static_cast<int>(::syscall(SYS_move_mount, tree, "", directory, path, MOVE_MOUNT_F_EMPTY_PATH));
}
int set_attributes(int tree, uint64_t attributes) {
  mount_attr wanted{};
  wanted.attr_set = attributes;
  wanted.propagation = 1U << 18U;  // MS_PRIVATE: what is mounted there later does not come with it
  return static_cast<int>(::syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &wanted, sizeof(wanted)));
}

constexpr uint64_t kFileAttributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
constexpr uint64_t kDeviceAttributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;

// Where a distribution has none of a name, it has no use for it. The directory of the program's loader comes
// first: its libraries lie there too.
constexpr std::array kShown = {
    "/etc/ld.so.cache",  // where the other libraries lie
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/share/qemu",                     // firmware
    "/usr/share/seabios",                  // likewise, by links from the former
    "/sys/kernel/mm/transparent_hugepage"  // read by malloc, which is asked for huge pages
};

constexpr const char* kLoaderName = "loader";

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Adds the names of `path` before those of `rest`.
void put_first(std::string_view path, std::vector<std::string>& rest) {
  std::vector<std::string> names;
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    if (!name.empty() && name != ".") {
      names.emplace_back(name);
    }
  }
  rest.insert(rest.end(), names.rbegin(), names.rend());  // the last is the next
}

Result<void> made(int result, const std::string& what) {
  if (result < 0 && errno != EEXIST) {
    return fail_errno("make " + what + " for QEMU to find");
  }
  return {};
}

Result<UniqueFd> empty_root() {
  const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC)));
  // LIMIT: names and a loader are all it holds.
  if (!context || ::syscall(SYS_fsconfig, context.get(), FSCONFIG_SET_STRING, "size", "4m", 0) < 0 ||
      ::syscall(SYS_fsconfig, context.get(), FSCONFIG_SET_STRING, "mode", "755", 0) < 0 ||
      ::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
    return fail_errno("make a root for QEMU");
  }
  UniqueFd root(static_cast<int>(
      ::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)));
  if (!root) {
    return fail_errno("make a root for QEMU");
  }
  return root;
}

}  // namespace

Result<std::string> loader_of(int program_fd, const std::string& program) {
  const auto no_program = [&program] {
    return fail(ENOEXEC, "execute " + program +
                             ": not a dynamically linked program of 64 bits; QEMU itself is needed, not a "
                             "script that starts it");
  };
  Elf64_Ehdr header{};
  if (::pread(program_fd, &header, sizeof(header), 0) != sizeof(header) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_phentsize != sizeof(Elf64_Phdr)) {
    return no_program();
  }
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    if (::pread(program_fd, &segment, sizeof(segment),
                static_cast<off_t>(header.e_phoff + i * sizeof(segment))) != sizeof(segment)) {
      return no_program();
    }
    if (segment.p_type != PT_INTERP || segment.p_filesz < 2 || segment.p_filesz > PATH_MAX) {
      continue;
    }
    std::string path(segment.p_filesz - 1, '\0');  // without its end
    if (::pread(program_fd, path.data(), path.size(), static_cast<off_t>(segment.p_offset)) ==
            static_cast<ssize_t>(path.size()) &&
        path.front() == '/') {
      return path;
    }
  }
  return no_program();
}

Result<FileTree> FileTree::prepare(int program_fd, const std::string& program, const std::string& device) {
  FileTree files;
  files.root_ = TRY(empty_root());
  const std::string loader = TRY(loader_of(program_fd, program));
  const std::string real_loader = TRY(files.follow(loader));
  TRY(files.show(parent_of(real_loader), kFileAttributes));
  TRY(files.follow(program));  // QEMU looks for modules and firmware from its own directory, which is empty
  for (const char* path : kShown) {
    TRY(files.show(path, kFileAttributes));
  }
  if (!device.empty()) {
    TRY(files.show(device, kDeviceAttributes));
  }
  TRY(made(::mkdirat(files.root_.get(), "proc", 0755), "/proc"));
  TRY(files.copy_loader(real_loader));
  if (set_attributes(files.root_.get(), kFileAttributes) < 0) {
    return fail_errno("make the root of QEMU read-only");
  }
  return files;
}

bool FileTree::is_beneath_a_place(const std::string& path) const {
  return std::ranges::any_of(places_, [&path](const Place& place) {
    return path == place.path || path.starts_with(place.path + "/");
  });
}

// Makes the directories and links that lead to what `path` names, and returns its name without links; an
// empty one if there is no such thing.
Result<std::string> FileTree::follow(const std::string& path) {
  constexpr int kMostLinks = 40;  // LIMIT: as many as the kernel follows
  std::vector<std::string> rest;
  put_first(path, rest);
  std::string reached;
  for (int links = 0; !rest.empty();) {
    const std::string name = std::move(rest.back());
    rest.pop_back();
    if (name == "..") {
      reached.erase(std::min(reached.rfind('/'), reached.size()));
      continue;
    }
    const std::string next = reached + "/" + name;
    const bool is_there = is_beneath_a_place(next);
    struct stat status {};
    if (::lstat(next.c_str(), &status) < 0) {
      return errno == ENOENT ? Result<std::string>(std::string()) : fail_errno("find " + path + " for QEMU");
    }
    if (!S_ISLNK(status.st_mode)) {
      if (!is_there && !rest.empty()) {
        TRY(made(::mkdirat(root_.get(), next.c_str() + 1, 0755), next));
      }
      reached = next;
      continue;
    }
    std::array<char, PATH_MAX> target{};
    const ssize_t size = ::readlink(next.c_str(), target.data(), target.size() - 1);
    if (size < 0 || ++links > kMostLinks) {
      return fail_errno("follow " + next + " for QEMU", size < 0 ? errno : ELOOP);
    }
    if (!is_there) {
      TRY(made(::symlinkat(target.data(), root_.get(), next.c_str() + 1), next));
    }
    if (target.front() == '/') {
      reached.clear();
    }
    put_first(target.data(), rest);
  }
  return reached;
}

Result<void> FileTree::show(const std::string& path, uint64_t attributes) {
  const std::string real = TRY(follow(path));
  if (real.empty() || is_beneath_a_place(real)) {
    return {};
  }
  UniqueFd tree(open_tree(AT_FDCWD, real.c_str(), 0));
  struct stat status {};
  if (!tree || set_attributes(tree.get(), attributes) < 0 || ::fstat(tree.get(), &status) < 0) {
    return fail_errno("show " + real + " to QEMU");
  }
  if (S_ISDIR(status.st_mode)) {
    TRY(made(::mkdirat(root_.get(), real.c_str() + 1, 0755), real));
  } else {
    TRY(made(::mknodat(root_.get(), real.c_str() + 1, S_IFREG | 0444, 0), real));
  }
  places_.push_back({.path = real, .tree = std::move(tree)});
  return {};
}

// A process whose loader it may execute but not read is one the kernel lets nobody look into and dumps no
// core of (exec's would_dump(), ptrace(2) on "dumpable"); of the program itself a copy would be too large.
Result<void> FileTree::copy_loader(const std::string& loader) {
  const UniqueFd original(::open(loader.c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd copy(::openat(root_.get(), kLoaderName, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700));
  struct stat status {};
  if (!original || !copy || ::fstat(original.get(), &status) < 0) {
    return fail_errno("copy " + loader + " for QEMU");
  }
  for (off_t done = 0; done < status.st_size;) {
    if (::sendfile(copy.get(), original.get(), &done, static_cast<size_t>(status.st_size - done)) <= 0) {
      return fail_errno("copy " + loader + " for QEMU");
    }
  }
  if (::fchmod(copy.get(), 0111) < 0) {
    return fail_errno("copy " + loader + " for QEMU");
  }
  loader_ = loader;
  return {};
}

// On top of the root of this namespace, where its own places are not yet in the way of names.
bool FileTree::put_together() const {
  if (move_mount(root_.get(), AT_FDCWD, "/") < 0) {
    return false;
  }
  for (const Place& place : places_) {
    if (move_mount(place.tree.get(), root_.get(), place.path.c_str() + 1) < 0) {
      return false;
    }
  }
  const int loader = open_tree(root_.get(), kLoaderName, 0);
  if (loader < 0 || move_mount(loader, root_.get(), loader_.c_str() + 1) < 0) {
    return false;
  }
  const int context = static_cast<int>(::syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC));
  if (context < 0 || ::syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "subset", "pid", 0) < 0 ||
      ::syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
    return false;
  }
  const int proc = static_cast<int>(
      ::syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC,
                MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  return proc >= 0 && move_mount(proc, root_.get(), "proc") == 0;
}

bool FileTree::enter() const {
  constexpr unsigned long kPrivate = (1U << 18U) | (1U << 14U);  // MS_PRIVATE | MS_REC
  if (::syscall(SYS_mount, nullptr, "/", nullptr, kPrivate, nullptr) < 0 || !put_together()) {
    return false;
  }
  // pivot_root(".", ".") stacks the old root on the new one; detaching "." then takes it away (pivot_root(2),
  // NOTES).
  constexpr int kDetach = 2;  // MNT_DETACH
  return ::fchdir(root_.get()) == 0 && ::syscall(SYS_pivot_root, ".", ".") == 0 &&
         ::syscall(SYS_umount2, ".", kDetach) == 0 && ::chdir("/") == 0;
}

std::vector<std::string> FileTree::shown() const {
  std::vector<std::string> paths;
  for (const Place& place : places_) {
    paths.push_back(place.path);
  }
  return paths;
}

}  // namespace caisson::vmm
