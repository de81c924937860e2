// SPDX-License-Identifier: Apache-2.0
#include "agent/ids/id_map.h"

#include <gtest/gtest.h>
#include <sched.h>

namespace caisson::agent {
namespace {

v1::CreateContainerRequest with_users() {
  v1::CreateContainerRequest request;
  request.add_namespaces()->set_kind(CLONE_NEWUSER);
  v1::IdMapping& mapping = *request.add_uid_mappings();
  mapping.set_container_id(10);
  mapping.set_host_id(1000);
  mapping.set_size(5);
  v1::IdMapping& groups = *request.add_gid_mappings();
  groups.set_container_id(0);
  groups.set_host_id(2000);
  groups.set_size(1);
  return request;
}

TEST(IdMap, ids_are_themselves_without_a_user_namespace_of_the_containers_own) {
  v1::CreateContainerRequest request = with_users();
  request.clear_namespaces();
  EXPECT_EQ(uid_in_guest(request, 7), 7U);
  v1::Namespace& joined = *request.add_namespaces();
  joined.set_kind(CLONE_NEWUSER);
  joined.set_join_container("other");
  EXPECT_EQ(uid_in_guest(request, 7), 7U);
}

TEST(IdMap, ids_are_mapped_from_the_first_to_the_last_of_a_range) {
  const v1::CreateContainerRequest request = with_users();
  EXPECT_EQ(uid_in_guest(request, 9), std::nullopt);
  EXPECT_EQ(uid_in_guest(request, 10), 1000U);
  EXPECT_EQ(uid_in_guest(request, 14), 1004U);
  EXPECT_EQ(uid_in_guest(request, 15), std::nullopt);
  EXPECT_EQ(gid_in_guest(request, 0), 2000U);
  EXPECT_EQ(gid_in_guest(request, 1), std::nullopt);
}

TEST(IdMap, range_at_the_end_of_all_ids_does_not_begin_again) {
  v1::CreateContainerRequest request = with_users();
  request.mutable_uid_mappings(0)->set_container_id(UINT32_MAX - 1);
  EXPECT_EQ(uid_in_guest(request, UINT32_MAX), 1001U);
  EXPECT_EQ(uid_in_guest(request, 0), std::nullopt);
}

TEST(IdMap, namespace_is_made_where_it_is_asked_for_and_not_joined) {
  v1::CreateContainerRequest request = with_users();
  EXPECT_TRUE(makes_namespace(request, CLONE_NEWUSER));
  EXPECT_FALSE(makes_namespace(request, CLONE_NEWPID));
  request.mutable_namespaces(0)->set_join_container("other");
  EXPECT_FALSE(makes_namespace(request, CLONE_NEWUSER));
}

}  // namespace
}  // namespace caisson::agent
