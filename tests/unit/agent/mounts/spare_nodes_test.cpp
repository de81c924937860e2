// SPDX-License-Identifier: Apache-2.0
#include "agent/mounts/spare_nodes.h"

#include <sys/sysmacros.h>

#include "protocol/agent/agent.pb.h"
#include "tests/unit/agent/mounts/mount_fixture.h"

namespace caisson::agent {
namespace {

TEST_F(MountTest, spare_nodes_are_those_of_the_request_by_their_number) {
  test::in_namespaces([] {
    v1::CreateContainerRequest request;
    ASSERT_TRUE(make_spare_nodes("c", request));
    EXPECT_FALSE(std::filesystem::exists("/dev/.spare-c")) << "there are none to make";
    v1::Device& plain = *request.add_devices();
    plain.set_type(S_IFREG);
    v1::Device& device = *request.add_devices();
    device.set_type(S_IFCHR);
    device.set_major_number(1);
    device.set_minor_number(5);
    device.set_file_mode(0100640);
    device.set_uid(3);
    device.set_gid(4);
    v1::Device& pipe = *request.add_devices();
    pipe.set_type(S_IFIFO);
    ::umask(077);
    ASSERT_TRUE(make_spare_nodes("c", request));
    EXPECT_FALSE(std::filesystem::exists(spare_node("c", 0)));
    struct stat info {};
    ASSERT_EQ(::stat(spare_node("c", 1).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode, mode_t{S_IFCHR | 0640});
    EXPECT_EQ(info.st_rdev, makedev(1, 5));
    EXPECT_EQ(info.st_uid, 3U);
    EXPECT_EQ(info.st_gid, 4U);
    ASSERT_EQ(::stat(spare_node("c", 2).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode, mode_t{S_IFIFO | 0666});
    EXPECT_EQ(make_spare_nodes("c", request).error().code, EEXIST);
    remove_spare_nodes("c");
    EXPECT_FALSE(std::filesystem::exists("/dev/.spare-c"));
  });
}

TEST_F(MountTest, spare_nodes_belong_to_whom_the_guest_takes_their_owner_for) {
  test::in_namespaces([] {
    v1::CreateContainerRequest request;
    request.add_namespaces()->set_kind(CLONE_NEWUSER);
    for (auto* mapping : {request.add_uid_mappings(), request.add_gid_mappings()}) {
      mapping->set_host_id(100000);
      mapping->set_size(10);
    }
    v1::Device& device = *request.add_devices();
    device.set_type(S_IFIFO);
    device.set_uid(3);
    ASSERT_TRUE(make_spare_nodes("c", request));
    struct stat info {};
    ASSERT_EQ(::stat(spare_node("c", 0).c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 100003U);
    EXPECT_EQ(info.st_gid, 100000U);
  });
}

}  // namespace
}  // namespace caisson::agent
