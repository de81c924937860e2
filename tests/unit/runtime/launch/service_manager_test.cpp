// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/service_manager.h"

#include <gtest/gtest.h>

#include "protocol/agent/agent.pb.h"

namespace caisson::runtime {
namespace {

TEST(ServiceManager, no_name_is_none) {
  EXPECT_FALSE(find_service_manager(nullptr)->has_value());
  EXPECT_FALSE(find_service_manager("")->has_value());
}

TEST(ServiceManager, what_is_no_name_of_a_socket_is_refused) {
  for (const std::string& name : {std::string("relative"), std::string("/"), std::string("@"),
                                  "/" + std::string(200, 'x'), std::string("vsock:2:1")}) {
    EXPECT_EQ(find_service_manager(name.c_str()).error().code, EINVAL) << name;
  }
}

TEST(ServiceManager, one_that_is_not_there_still_has_its_directory) {
  const auto manager = find_service_manager("/nonexistent/socket");
  ASSERT_TRUE(manager && manager->has_value());
  EXPECT_FALSE((*manager)->socket);
  EXPECT_EQ((*manager)->directory, "/nonexistent/socket");
  EXPECT_EQ((*find_service_manager("@caisson-test-nobody"))->directory, "/run/notify");
}

TEST(ServiceManager, the_environment_has_the_guests_socket_alone) {
  agent::v1::Process process;
  for (const char* variable : {"A=b", "NOTIFY_SOCKET=/one", "NOTIFY_SOCKETS=2", "NOTIFY_SOCKET=/two"}) {
    process.add_env(variable);
  }
  set_notify_socket("/run/x", process);
  ASSERT_EQ(process.env_size(), 3);
  EXPECT_EQ(process.env(0), "A=b");
  EXPECT_EQ(process.env(1), "NOTIFY_SOCKETS=2");
  EXPECT_EQ(process.env(2), "NOTIFY_SOCKET=/run/x/notify");
}

}  // namespace
}  // namespace caisson::runtime
