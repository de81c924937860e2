// SPDX-License-Identifier: Apache-2.0
#include "agent/cgroup/delegation.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include "protocol/agent/agent.pb.h"
#include "tests/support/scratch_directory.h"

namespace caisson::agent {
namespace {

class DelegationTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "giving files away needs root";
    }
    for (const char* name : {"cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "memory.max"}) {
      scratch_.write("c/" + std::string(name), "");
    }
    request_.add_namespaces()->set_kind(CLONE_NEWCGROUP);
    request_.mutable_init()->mutable_user()->set_uid(1000);
    v1::Mount& mount = *request_.add_mounts();
    mount.set_type("cgroup");
    mount.set_destination("/sys/fs/cgroup");
  }
  uid_t owner_of(const std::string& name) const { return scratch_.stat(name).st_uid; }
  void expect_kept(const char* why) {
    EXPECT_TRUE(delegate_cgroup(cgroup_, request_));
    EXPECT_EQ(owner_of("c"), 0U) << why;
    EXPECT_EQ(owner_of("c/cgroup.procs"), 0U) << why;
  }

  test::ScratchDirectory scratch_;
  Cgroup cgroup_ = std::move(Cgroup::create(scratch_.path(), "/c").value());
  v1::CreateContainerRequest request_;
};

TEST_F(DelegationTest, user_gets_the_cgroup_and_what_the_kernel_says_and_no_limit) {
  ASSERT_TRUE(delegate_cgroup(cgroup_, request_));
  for (const char* name : {"c", "c/cgroup.procs", "c/cgroup.threads", "c/cgroup.subtree_control"}) {
    EXPECT_EQ(owner_of(name), 1000U) << name;
    EXPECT_EQ(scratch_.stat(name).st_gid, ::getegid()) << name;
  }
  EXPECT_EQ(owner_of("c/memory.max"), 0U);
}

TEST_F(DelegationTest, owner_is_whom_the_guest_takes_the_user_for) {
  request_.add_namespaces()->set_kind(CLONE_NEWUSER);
  v1::IdMapping& mapping = *request_.add_uid_mappings();
  mapping.set_host_id(100000);
  mapping.set_size(65536);
  request_.mutable_init()->mutable_user()->set_uid(0);
  ASSERT_TRUE(delegate_cgroup(cgroup_, request_));
  EXPECT_EQ(owner_of("c"), 100000U);
}

TEST_F(DelegationTest, cgroup_is_kept_unless_all_of_it_was_asked_for) {
  const v1::CreateContainerRequest all = request_;
  request_.clear_namespaces();
  expect_kept("no namespace of its own");
  request_ = all;
  request_.mutable_mounts(0)->set_flags(MS_RDONLY);
  expect_kept("read-only");
  request_ = all;
  request_.mutable_mounts(0)->set_destination("/elsewhere");
  expect_kept("not where it belongs");
  request_ = all;
  request_.mutable_mounts(0)->set_type("tmpfs");
  expect_kept("no cgroups");
  request_ = all;
  request_.mutable_init()->mutable_user()->set_uid(0);
  expect_kept("root");
}

TEST_F(DelegationTest, link_in_the_place_of_a_file_is_not_followed) {
  scratch_.write("target", "");
  std::filesystem::remove(scratch_ / "c/cgroup.procs");
  std::filesystem::create_symlink("../target", scratch_ / "c/cgroup.procs");
  ASSERT_TRUE(delegate_cgroup(cgroup_, request_));
  EXPECT_EQ(owner_of("target"), 0U);
}

}  // namespace
}  // namespace caisson::agent
