// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/delete.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;

class Delete : public ::testing::Test {
 protected:
  // A container that has ended: it has no machine.
  void make(const std::string& id) {
    const auto locked = root_.reserve(id);
    ASSERT_TRUE(locked) << locked.error().message;
    ContainerState state;
    state.id = id;
    state.oci_version = "1.0.2";
    state.status = Status::running;
    ASSERT_TRUE(locked->directory().save(state));
  }
  [[nodiscard]] std::vector<std::string> ids() const { return root_.list().value(); }

  test::ScratchDirectory scratch_;
  StateRoot root_{(scratch_.path() / "root").string()};
};

TEST(MayBeDeleted, what_runs_or_is_paused_only_by_force) {
  for (const Status status : {Status::running, Status::paused}) {
    const auto checked = check_may_be_deleted("box", status, Force::no);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, EBUSY);
    EXPECT_EQ(checked.error().message,
              "cannot delete container box that is not stopped: " + std::string(status_name(status)) +
                  "; kill it first, or give --force");
    EXPECT_TRUE(check_may_be_deleted("box", status, Force::yes));
  }
  for (const Status status : {Status::creating, Status::created, Status::stopped}) {
    EXPECT_TRUE(check_may_be_deleted("box", status, Force::no));
  }
}

TEST_F(Delete, takes_away_one_that_has_ended_and_no_other) {
  make("a");
  make("b");
  ASSERT_TRUE(delete_container(root_, "a", Force::no));
  EXPECT_THAT(ids(), ElementsAre("b"));
}

TEST_F(Delete, of_none_is_fine_by_force_alone) {
  const auto deleted = delete_container(root_, "a", Force::no);
  ASSERT_FALSE(deleted);
  EXPECT_EQ(deleted.error().code, ENOENT);
  EXPECT_TRUE(delete_container(root_, "a", Force::yes));
}

TEST_F(Delete, name_that_is_none_is_refused_by_force_too) {
  const auto deleted = delete_container(root_, "../a", Force::yes);
  ASSERT_FALSE(deleted);
  EXPECT_EQ(deleted.error().code, EINVAL);
}

TEST_F(Delete, damaged_record_takes_force) {
  make("a");
  ASSERT_TRUE(root_.find("a")->write("state.json", "{"));
  const auto deleted = delete_container(root_, "a", Force::no);
  ASSERT_FALSE(deleted);
  EXPECT_EQ(deleted.error().code, EBADMSG);
  EXPECT_THAT(ids(), ElementsAre("a"));
}

TEST_F(Delete, one_that_never_had_a_record_goes) {
  ASSERT_TRUE(root_.reserve("a"));
  ASSERT_TRUE(delete_container(root_, "a", Force::no));
  EXPECT_THAT(ids(), ElementsAre());
}

TEST_F(Delete, by_a_pattern_takes_those_that_match) {
  make("web-1");
  make("web-2");
  make("db");
  ASSERT_TRUE(delete_matching(root_, "^web", Force::no));
  EXPECT_THAT(ids(), ElementsAre("db"));
  EXPECT_TRUE(delete_matching(root_, "^web", Force::no));
}

TEST_F(Delete, by_a_malformed_pattern_takes_none) {
  make("a");
  const auto deleted = delete_matching(root_, "(", Force::yes);
  ASSERT_FALSE(deleted);
  EXPECT_EQ(deleted.error().code, EINVAL);
  EXPECT_THAT(ids(), ElementsAre("a"));
}

TEST_F(Delete, by_a_pattern_names_the_one_that_fails) {
  make("a");
  ASSERT_TRUE(root_.find("a")->write("state.json", "{"));
  const auto deleted = delete_matching(root_, "a", Force::no);
  ASSERT_FALSE(deleted);
  EXPECT_THAT(deleted.error().message, ::testing::StartsWith("delete a: "));
}

}  // namespace
}  // namespace caisson::runtime
