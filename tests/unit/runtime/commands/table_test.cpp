// SPDX-License-Identifier: Apache-2.0
#include "runtime/commands/table.h"

#include <gtest/gtest.h>

namespace caisson::runtime {
namespace {

TEST(Table, header_alone_is_as_runc_prints_it) {
  EXPECT_EQ(Table({"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}).text(),
            "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n");
}

TEST(Table, wide_cells_keep_three_spaces) {
  Table table({"ID", "PID"});
  table.add({"a-rather-long-name", "1"});
  EXPECT_EQ(table.text(), "ID                   PID\na-rather-long-name   1\n");
}

}  // namespace
}  // namespace caisson::runtime
