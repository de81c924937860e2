// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scratch_directory.h"
#include "tests/unit/runtime/commands/verb.h"

namespace caisson::runtime {
namespace {

class List : public ::testing::Test {
 protected:
  void make(const std::string& id) {
    const auto locked = StateRoot(root_).reserve(id);
    ContainerState state;
    state.id = id;
    state.oci_version = "1.0.2";
    state.status = Status::running;
    state.bundle = "/b";
    state.created = "2020-01-01T00:00:00Z";
    state.owner = 4'000'000'000;
    ASSERT_TRUE(locked && locked->directory().save(state));
  }
  [[nodiscard]] std::string list(std::vector<std::string> options = {}) const {
    const Ran ran = run_verb(make_list, std::move(options), root_);
    EXPECT_EQ(ran.code, 0);
    return ran.output;
  }

  test::ScratchDirectory scratch_;
  std::string root_ = scratch_ / "root";
};

TEST_F(List, of_none_is_a_header_null_or_nothing) {
  EXPECT_EQ(list(), "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n");
  EXPECT_EQ(list({"-f", "json"}), "null\n");
  EXPECT_EQ(list({"-q"}), "");
}

TEST_F(List, is_a_table_by_name) {
  make("b");
  make("a");
  EXPECT_EQ(list(),
            "ID          PID         STATUS      BUNDLE      CREATED                OWNER\n"
            "a           0           stopped     /b          2020-01-01T00:00:00Z   #4000000000\n"
            "b           0           stopped     /b          2020-01-01T00:00:00Z   #4000000000\n");
  EXPECT_EQ(list({"--quiet"}), "a\nb\n");
}

TEST_F(List, as_json_is_an_array_on_one_line) {
  make("a");
  make("b");
  const std::string text = list({"--format", "json"});
  EXPECT_THAT(text, ::testing::MatchesRegex(R"(\[\{"ociVersion":"1\.0\.2","id":"a",.*\},\{.*"id":"b",.*\}\])"
                                            "\n"));
}

TEST_F(List, shows_a_half_made_one) {
  ASSERT_TRUE(StateRoot(root_).reserve("half"));
  EXPECT_THAT(list(), ::testing::HasSubstr("half        0           stopped"));
}

TEST_F(List, another_format_is_refused) {
  EXPECT_FALSE(run_verb(make_list, {"-f", "xml"}, root_).is_parsed);
}

}  // namespace
}  // namespace caisson::runtime
