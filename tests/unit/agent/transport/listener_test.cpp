// SPDX-License-Identifier: Apache-2.0
#include "agent/transport/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/support/scratch_directory.h"

namespace caisson::agent {
namespace {

TEST(Listener, host_reaches_it_and_nobody_waits_on_either_end) {
  const test::ScratchDirectory scratch;
  const std::string address = "unix:" + (scratch / "socket").string();
  const auto listener = listen_on(address);
  ASSERT_TRUE(listener) << listener.error().message;
  const auto caller = connect_to(address);
  ASSERT_TRUE(caller) << caller.error().message;
  const UniqueFd accepted(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_TRUE(accepted);
  for (const UniqueFd* socket : {&*listener, &*caller}) {
    EXPECT_NE(::fcntl(socket->get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(::fcntl(socket->get(), F_GETFD), FD_CLOEXEC);
  }
  EXPECT_EQ(listen_on(address).error().code, EADDRINUSE);
  EXPECT_EQ(connect_to("unix:" + (scratch / "absent").string()).error().code, ENOENT);
}

TEST(Listener, address_that_is_none_is_refused) {
  for (const char* address : {"", "tcp:1", "unix", "vsock", "UNIX:/x"}) {
    const auto refused = listen_on(address);
    ASSERT_FALSE(refused) << address;
    EXPECT_EQ(refused.error().message, "parse address: neither vsock: nor unix:");
  }
  for (const char* number : {"", "x", "1x", "-1", " 1", "4294967296"}) {
    for (const std::string& address : {"vsock:" + std::string(number), "vsock:" + std::string(number) + ":1",
                                       "vsock:2:" + std::string(number)}) {
      const auto refused = connect_to(address);
      ASSERT_FALSE(refused) << address;
      EXPECT_EQ(refused.error().code, EINVAL);
      EXPECT_EQ(refused.error().message, "parse address: " + std::string(number) + " is not a number");
    }
  }
}

TEST(Listener, path_longer_than_an_address_is_refused_and_not_cut) {
  for (const size_t length : {size_t{108}, size_t{200}}) {
    EXPECT_EQ(listen_on("unix:/" + std::string(length - 1, 'x')).error().code, ENAMETOOLONG) << length;
  }
  EXPECT_EQ(connect_to("unix:/" + std::string(106, 'x')).error().code, ENOENT);
}

}  // namespace
}  // namespace caisson::agent
