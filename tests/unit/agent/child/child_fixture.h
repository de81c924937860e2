// SPDX-License-Identifier: Apache-2.0
// A child as clone_child() makes it, for tests that run its steps one by one, in namespaces of their own.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "agent/child/child.h"
#include "protocol/agent/agent.pb.h"
#include "tests/support/in_namespaces.h"

namespace caisson::agent {

class ChildSteps : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = test::why_no_namespaces(); !why.empty()) {
      GTEST_SKIP() << why;
    }
  }

  // Within in_namespaces(): a root for the container, a mount of its own at kRoot.
  void make_root() {
    ::umask(0);  // as leave_the_agent() leaves it
    std::filesystem::create_directories(kRoot);
    ASSERT_EQ(::mount("root", kRoot, "tmpfs", 0, "mode=755"), 0);
    child_.root = open_path(kRoot);
    child_.proc = open_path("/proc");
  }
  static UniqueFd open_path(const std::string& path) {
    return UniqueFd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  }
  static std::string in_root(const std::string& path) { return kRoot + path; }
  static void make_directory(const std::string& path) { std::filesystem::create_directories(in_root(path)); }
  static void make_link(const std::string& target, const std::string& path) {
    std::filesystem::create_symlink(target, in_root(path));
  }
  static void write_file(const std::string& path, std::string_view text) { std::ofstream(path) << text; }
  static std::string read_file(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void mount_tmpfs(const std::string& path) {
    std::filesystem::create_directories(path);
    ASSERT_EQ(::mount("test", path.c_str(), "tmpfs", 0, "mode=755"), 0);
  }
  // Why a file cannot be made there; 0: it can.
  static int why_not_writable(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    return file ? 0 : errno;
  }
  static struct stat look_at(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
    return info;
  }
  // The rest of a line of /proc/self/status behind its key.
  static std::string status(const std::string& key) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with(key + ":")) {
        const size_t start = line.find_first_not_of(" \t", key.size() + 1);
        return start == std::string::npos ? "" : line.substr(start);
      }
    }
    return "no " + key;
  }
  static void expect_error(const Result<void>& outcome, int code, const std::string& message) {
    ASSERT_FALSE(outcome) << "not refused: " << message;
    EXPECT_EQ(outcome.error().code, code) << outcome.error().message;
    EXPECT_EQ(outcome.error().message, message);
  }

  static constexpr const char* kRoot = "/tmp/root";

  v1::CreateContainerRequest request_;
  v1::Process& process_ = *request_.mutable_init();
  ChildSpec plan_{.process = &process_, .container = &request_};
  Control::Pair control_ = std::move(Control::create_pair().value());
  Child child_{.plan = plan_,
               .control = control_.child,
               .joins = {},
               .preserved = {},
               .binds = {},
               .exports = {},
               .root = {},
               .proc = {},
               .terminal = {},
               .executable = {},
               .environment = {}};
};

// Keeps the standard descriptors of a test from the code that takes them over.
class KeptStdio {
 public:
  KeptStdio() {
    std::fflush(nullptr);
    for (int fd = 0; fd < 3; ++fd) {
      kept_.at(static_cast<size_t>(fd)).reset(::fcntl(fd, F_DUPFD_CLOEXEC, 100));
    }
  }
  KeptStdio(const KeptStdio&) = delete;
  KeptStdio& operator=(const KeptStdio&) = delete;
  ~KeptStdio() {
    std::fflush(nullptr);
    for (int fd = 0; fd < 3; ++fd) {
      ::dup2(kept_.at(static_cast<size_t>(fd)).get(), fd);
    }
  }

 private:
  std::array<UniqueFd, 3> kept_;
};

}  // namespace caisson::agent
