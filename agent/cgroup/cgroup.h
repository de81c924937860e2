// SPDX-License-Identifier: Apache-2.0
// One cgroup of the guest's version 2 hierarchy: made for a container, removed with it.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::agent {

class Cgroup {
 public:
  // `root` is the mount of the hierarchy, `path` is beneath it ("/a/b"). Parents are made, and all
  // controllers of the guest are passed down to it.
  static Result<Cgroup> create(const std::string& root, const std::string& path);
  Cgroup(Cgroup&&) = default;
  Cgroup& operator=(Cgroup&&) = default;

  // The directory of one beneath this one; "/" is this one. No ".." in it.
  [[nodiscard]] Result<UniqueFd> open_below(std::string_view path) const;

  // Writes `value` to the file `name` of this cgroup. The error names both.
  [[nodiscard]] Result<void> write(const std::string& name, const std::string& value) const;
  [[nodiscard]] Result<std::string> read(const std::string& name) const;
  // The number behind `key` in a file of "key value" lines; 0 when it is not there.
  [[nodiscard]] uint64_t read_key(const std::string& name, const std::string& key) const;
  // The pids in it and below.
  [[nodiscard]] Result<std::vector<pid_t>> processes() const;
  // Some process is in it or below.
  [[nodiscard]] bool is_populated() const { return read_key("cgroup.events", "populated") != 0; }
  // Kills every process in it and below.
  [[nodiscard]] Result<void> kill() const;
  // EBUSY while processes are in it. Cgroups that the container has made beneath go with it.
  [[nodiscard]] Result<void> remove() const;

  [[nodiscard]] int directory() const { return directory_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  Cgroup(UniqueFd directory, std::string path) : directory_(std::move(directory)), path_(std::move(path)) {}

  UniqueFd directory_;
  std::string path_;  // in the file system
};

// The place of a process in the hierarchy ("/c1"), from the text of its /proc/<pid>/cgroup.
Result<std::string> parse_cgroup_path(std::string_view text);

}  // namespace caisson::agent
