// SPDX-License-Identifier: Apache-2.0
// A directory of the host that is gone with its object, and short ways to fill and read it.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "common/unique_fd.h"

namespace caisson::test {

class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "caisson-test-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error("cannot make a temporary directory");
    }
    ::chmod(name.c_str(), 0755);
    path_ = name;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  void write(std::string_view name, std::string_view text) const { std::ofstream(path_ / name) << text; }
  [[nodiscard]] std::string read(std::string_view name) const {
    std::ifstream file(path_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] UniqueFd open(std::string_view name = ".") const {
    return UniqueFd(::open((path_ / name).c_str(), O_PATH | O_CLOEXEC));
  }
  [[nodiscard]] struct stat stat(std::string_view name) const {
    struct stat stat = {};
    ::lstat((path_ / name).c_str(), &stat);
    return stat;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace caisson::test
