// SPDX-License-Identifier: Apache-2.0
#include "agent/container/container.h"

#include <gtest/gtest.h>

namespace caisson::agent {
namespace {

TEST(ContainerTable, id_is_a_name_of_so_many_bytes) {
  ContainerTable table;
  for (const std::string& id : {std::string("a"), std::string("A-b_c+d.9"), std::string(1024, 'x')}) {
    EXPECT_TRUE(table.add(id)) << id;
    EXPECT_EQ(table.find(id).value()->id, id);
  }
  for (const std::string& id : {std::string(), std::string("."), std::string(".."), std::string("a/b"),
                                std::string("../x"), std::string("a b"), std::string("a\nb"),
                                std::string("a\0b", 3), std::string("\xc3\xa9"), std::string(1025, 'x')}) {
    const auto refused = table.add(id);
    ASSERT_FALSE(refused) << id;
    EXPECT_EQ(refused.error().code, EINVAL);
    EXPECT_EQ(refused.error().message, "create container: not an id");
  }
}

TEST(ContainerTable, id_is_taken_until_it_is_removed) {
  ContainerTable table;
  ASSERT_TRUE(table.add("c"));
  EXPECT_EQ(table.add("c").error().code, EEXIST);
  table.remove("c");
  EXPECT_EQ(table.find("c").error().code, ENOENT);
  EXPECT_TRUE(table.add("c"));
}

TEST(ContainerTable, containers_are_so_many_and_no_more) {
  ContainerTable table;
  for (int i = 0; i < 256; ++i) {
    ASSERT_TRUE(table.add(std::to_string(i)));
  }
  const auto refused = table.add("late");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EAGAIN);
  table.remove("7");
  EXPECT_TRUE(table.add("late"));
}

TEST(ContainerTable, container_without_a_process_neither_runs_nor_is_created) {
  ContainerTable table;
  ASSERT_TRUE(table.add("c"));
  for (const auto& found : {table.find_running("c"), table.find_created("c"), table.find_enterable("c")}) {
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, EBUSY);
    EXPECT_EQ(found.error().message, "container c is not running yet");
  }
  EXPECT_EQ(table.find_enterable("other").error().code, ENOENT);
}

}  // namespace
}  // namespace caisson::agent
