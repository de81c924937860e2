// SPDX-License-Identifier: Apache-2.0
#include "common/socket_path.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/scratch_directory.h"

namespace caisson {
namespace {

class DeepSocket : public testing::Test {
 protected:
  // Whether a socket bound there can be connected to.
  static bool works(const std::string& path) {
    const auto place = SocketPath::of(path);
    const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM, 0));
    const UniqueFd client(::socket(AF_UNIX, SOCK_STREAM, 0));
    return place && ::bind(listener.get(), place->address(), SocketPath::size()) == 0 &&
           ::listen(listener.get(), 1) == 0 &&
           ::connect(client.get(), SocketPath::of(path)->address(), SocketPath::size()) == 0 &&
           std::filesystem::is_socket(path);
  }

  test::ScratchDirectory scratch_;
  std::string top_ = scratch_.path();
};

TEST_F(DeepSocket, path_of_any_length_is_bound_and_connected) {
  EXPECT_TRUE(works(top_ + "/s"));
  // Around the size of the kernel's field, and far beyond.
  for (const size_t length : {106U, 107U, 108U, 109U, 255U}) {
    const std::string directory = top_ + "/" + std::string(length - top_.size() - 4, 'd');
    std::filesystem::create_directory(directory);
    ASSERT_EQ((directory + "/s").size() + 1, length);
    EXPECT_TRUE(works(directory + "/s")) << length;
  }
}

TEST_F(DeepSocket, name_that_is_too_long_by_itself_is_refused) {
  EXPECT_EQ(SocketPath::of(top_ + "/" + std::string(120, 's')).error().code, ENAMETOOLONG);
}

TEST_F(DeepSocket, directory_that_is_missing_is_told) {
  EXPECT_EQ(SocketPath::of(top_ + "/" + std::string(120, 'd') + "/s").error().code, ENOENT);
}

}  // namespace
}  // namespace caisson
