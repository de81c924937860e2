// SPDX-License-Identifier: Apache-2.0
// A place of the container's file system: what it is, what it holds, what can be done there.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>

#include "tests/differential/probe/files.h"
#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {
namespace {

struct MountFlag {
  unsigned long bit;
  const char* name;
};
constexpr std::array kMountFlags = {
    MountFlag{ST_RDONLY, "ro"},         MountFlag{ST_NOSUID, "nosuid"},
    MountFlag{ST_NODEV, "nodev"},       MountFlag{ST_NOEXEC, "noexec"},
    MountFlag{ST_SYNCHRONOUS, "sync"},  MountFlag{ST_MANDLOCK, "mand"},
    MountFlag{ST_NOATIME, "noatime"},   MountFlag{ST_NODIRATIME, "nodiratime"},
    MountFlag{ST_RELATIME, "relatime"}, MountFlag{8192 /* ST_NOSYMFOLLOW */, "nosymfollow"},
};

void tell_flags(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) < 0) {
    tell(path + " flags", outcome(-1));
    return;
  }
  std::string names;
  for (const MountFlag& flag : kMountFlags) {
    if ((info.f_flag & flag.bit) != 0) {
      names += (names.empty() ? "" : " ") + std::string(flag.name);
    }
  }
  tell(path + " flags", names);
}

// What a new file is like there; it is taken away again.
void tell_creation(const std::string& path) {
  const std::string name = path + "/.made by the probe";
  const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0777);
  if (fd < 0) {
    tell(path + " new file", outcome(fd));
    return;
  }
  ::close(fd);
  tell(path + " new file", describe(name));
  tell(path + " new file executable", outcome(::faccessat(AT_FDCWD, name.c_str(), X_OK, AT_EACCESS)));
  tell(path + " new file set-user-id", outcome(::chmod(name.c_str(), 04755)));
  tell(path + " new file's owner changed", outcome(::chown(name.c_str(), 12, 34)));
  tell(path + " new file removed", outcome(::unlink(name.c_str())));
}

void tell_directory(const std::string& path) {
  std::string names;
  for (const std::string& name : names_in(path)) {
    names += "<" + name + ">";
    tell(path + "/" + name + " there", describe(path + "/" + name));
  }
  tell(path + " entries", names);
  tell_creation(path);
}

void tell_file(const std::string& path) {
  tell(path + " content", read_text(path).substr(0, 80));
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
  tell(path + " writing", outcome(fd));
  if (fd >= 0) {
    ::close(fd);
  }
  tell(path + " executable", outcome(::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS)));
}

void look(const std::string& path) {
  tell(path + " is", describe(path));
  struct stat info {};
  if (::stat(path.c_str(), &info) < 0) {
    tell(path + " found", outcome(-1));
    return;
  }
  tell_flags(path);
  if (S_ISDIR(info.st_mode)) {
    tell_directory(path);
  } else {
    tell_file(path);
  }
}

}  // namespace

void tell_looks(Arguments arguments) {
  for (const std::string_view argument : arguments) {
    if (argument.starts_with("look=")) {
      look(std::string(argument.substr(5)));
    }
  }
}

}  // namespace caisson::probe
