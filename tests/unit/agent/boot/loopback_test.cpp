// SPDX-License-Identifier: Apache-2.0
#include "agent/boot/loopback.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "common/unique_fd.h"
#include "tests/support/in_namespaces.h"

namespace caisson::agent {
namespace {

bool is_up() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  EXPECT_EQ(::ioctl(socket.get(), SIOCGIFFLAGS, &request), 0);
  return (request.ifr_flags & IFF_UP) != 0;
}

TEST(Loopback, of_a_new_network_namespace_is_brought_up) {
  if (const std::string why = test::why_no_namespaces(); !why.empty()) {
    GTEST_SKIP() << why;
  }
  test::in_namespaces([] {
    EXPECT_FALSE(is_up());
    ASSERT_TRUE(bring_loopback_up());
    EXPECT_TRUE(is_up());
  });
}

}  // namespace
}  // namespace caisson::agent
