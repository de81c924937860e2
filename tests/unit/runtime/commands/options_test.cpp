// SPDX-License-Identifier: Apache-2.0
#include "runtime/commands/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;
using Arguments = std::vector<std::string>;

// A program with a verb "v" that has every kind of option, and a verb "x" that runs a command.
class OptionsTest : public ::testing::Test {
 protected:
  OptionsTest() {
    program_.require_subcommand(1);
    Options options(*program_.add_subcommand("v"), after_);
    options.id(id_);
    options.positional("signal", positional_, "");
    options.flag("-f,--flag", flag_, "");
    options.text("-t,--text", text_, "");
    options.texts("-m,--many", texts_, "");
    options.number("--number", number_, "");
    options.optional_number("--optional", optional_, "");
    options.choice("--choice", choice_, {"a", "b"}, "");
    Options rest(*program_.add_subcommand("x"), after_);
    rest.texts("-m,--many", texts_, "");
    rest.rest(rest_, "usage");
    Options any(*program_.add_subcommand("any"), after_);
    any.anything();
  }
  // Whether it is taken; as main() parses it.
  bool parse(Arguments arguments) {
    after_ = cut_after_marker(arguments, program_);
    std::reverse(arguments.begin(), arguments.end());
    try {
      program_.parse(std::move(arguments));
      return true;
    } catch (const CLI::ParseError&) {
      return false;
    }
  }

  CLI::App program_;
  Arguments after_;
  std::string id_;
  std::string positional_;
  std::string text_;
  std::string choice_ = "a";
  Arguments texts_;
  Arguments rest_;
  std::optional<int64_t> optional_;
  int64_t number_ = 1;
  bool flag_ = false;
};

TEST_F(OptionsTest, fill_their_variables) {
  ASSERT_TRUE(parse({"v", "-f", "--text", "t", "-m", "1", "--many", "2", "--number", "-3", "--optional", "4",
                     "--choice", "b", "box", "KILL"}));
  EXPECT_TRUE(flag_);
  EXPECT_EQ(text_, "t");
  EXPECT_THAT(texts_, ElementsAre("1", "2"));
  EXPECT_EQ(number_, -3);
  EXPECT_EQ(optional_, 4);
  EXPECT_EQ(choice_, "b");
  EXPECT_EQ(id_, "box");
  EXPECT_EQ(positional_, "KILL");
}

TEST_F(OptionsTest, not_given_leave_them_alone) {
  ASSERT_TRUE(parse({"v", "box"}));
  EXPECT_FALSE(flag_);
  EXPECT_EQ(number_, 1);
  EXPECT_FALSE(optional_);
  EXPECT_EQ(choice_, "a");
  EXPECT_THAT(texts_, ElementsAre());
}

TEST_F(OptionsTest, one_value_each_time) {
  ASSERT_TRUE(parse({"v", "-m", "1", "box", "KILL"}));
  EXPECT_THAT(texts_, ElementsAre("1"));
  EXPECT_EQ(id_, "box");
}

TEST_F(OptionsTest, what_is_wrong_is_refused) {
  EXPECT_FALSE(parse({"v"})) << "the id is wanted";
  EXPECT_FALSE(parse({"v", "--number", "x", "box"}));
  EXPECT_FALSE(parse({"v", "--optional", "1x", "box"}));
  EXPECT_FALSE(parse({"v", "--choice", "c", "box"}));
  EXPECT_FALSE(parse({"v", "--fish", "box"}));
  EXPECT_FALSE(parse({"fish"}));
  EXPECT_FALSE(parse({}));
}

TEST_F(OptionsTest, rest_is_the_commands_own) {
  ASSERT_TRUE(parse({"x", "-m", "1", "box", "ls", "-m", "2", "--", "-l"}));
  EXPECT_THAT(texts_, ElementsAre("1"));
  EXPECT_THAT(rest_, ElementsAre("box", "ls", "-m", "2", "--", "-l"));
}

TEST_F(OptionsTest, marker_before_the_command_is_ours) {
  ASSERT_TRUE(parse({"x", "-m", "1", "--", "ls", "--", "-l"}));
  EXPECT_THAT(rest_, ElementsAre("ls", "--", "-l"));
}

TEST_F(OptionsTest, unknown_option_before_the_command_is_refused) {
  EXPECT_FALSE(parse({"x", "--fish", "ls"}));
}

TEST_F(OptionsTest, marker_of_a_verb_without_a_rest_is_the_librarys) {
  Arguments arguments{"v", "--", "box"};
  EXPECT_THAT(cut_after_marker(arguments, program_), ElementsAre());
  EXPECT_THAT(arguments, ElementsAre("v", "--", "box"));
}

TEST_F(OptionsTest, marker_is_cut_with_what_follows) {
  Arguments arguments{"x", "a", "--", "b", "--", "c"};
  EXPECT_THAT(cut_after_marker(arguments, program_), ElementsAre("b", "--", "c"));
  EXPECT_THAT(arguments, ElementsAre("x", "a"));
}

TEST_F(OptionsTest, verb_that_refuses_all_takes_anything) {
  EXPECT_TRUE(parse({"any", "--fish", "x", "-y"}));
}

}  // namespace
}  // namespace caisson::runtime
