// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/network_namespace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

class NetworkNamespace : public ::testing::Test {
 protected:
  ~NetworkNamespace() override { ::unsetenv("CAISSON_HOST_NETWORK"); }
  Result<UniqueFd> open(const std::string& path) {
    config_.linux_.namespaces = {{.type = {CLONE_NEWNET}, .path = path}};
    return open_network_namespace(config_);
  }
  static void take_loopback_instead() { ::setenv("CAISSON_HOST_NETWORK", "loopback", 1); }

  test::ScratchDirectory scratch_;
  oci::Config config_;
};

TEST_F(NetworkNamespace, of_its_own_is_made_anew) {
  const auto network = open("");
  ASSERT_TRUE(network) << network.error().message;
  EXPECT_FALSE(*network);
}

TEST_F(NetworkNamespace, without_one_it_would_be_the_hosts) {
  const auto network = open_network_namespace(config_);
  ASSERT_FALSE(network);
  EXPECT_EQ(network.error().code, EINVAL);
  EXPECT_THAT(network.error().message, ::testing::StartsWith("linux.namespaces: no \"network\" is listed"));
}

TEST_F(NetworkNamespace, hosts_own_is_refused) {
  const auto network = open("/proc/self/ns/net");
  ASSERT_FALSE(network);
  EXPECT_EQ(network.error().code, EINVAL);
  EXPECT_THAT(network.error().message, ::testing::HasSubstr("/proc/self/ns/net is the host's own"));
}

TEST_F(NetworkNamespace, another_is_opened) {
  scratch_.write("net", "");
  const auto network = open(scratch_ / "net");
  ASSERT_TRUE(network) << network.error().message;
  EXPECT_TRUE(*network);
}

TEST_F(NetworkNamespace, absent_one_is_told_by_its_path) {
  const auto network = open(scratch_ / "none");
  ASSERT_FALSE(network);
  EXPECT_EQ(network.error().code, ENOENT);
  EXPECT_THAT(network.error().message, ::testing::StartsWith("linux.namespaces (network): open " +
                                                             (scratch_ / "none").string() + ": "));
}

TEST_F(NetworkNamespace, loopback_may_stand_in_for_the_hosts) {
  take_loopback_instead();
  for (const std::string path : {"", "/proc/self/ns/net"}) {
    const auto network = open(path);
    ASSERT_TRUE(network) << network.error().message;
    EXPECT_FALSE(*network) << "a new one, and not the host's";
  }
  config_.linux_.namespaces.clear();
  EXPECT_FALSE(*open_network_namespace(config_));
}

}  // namespace
}  // namespace caisson::runtime
