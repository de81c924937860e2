// SPDX-License-Identifier: Apache-2.0
#include "agent/mounts/tmpfs_size.h"

#include <gtest/gtest.h>
#include <sys/sysinfo.h>

#include "common/guest_layout.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

TEST(TmpfsSize, is_left_to_the_kernel_where_the_guest_does_not_grow) {
  const v1::CreateContainerRequest request;
  EXPECT_EQ(with_tmpfs_size("", request), "");
  EXPECT_EQ(with_tmpfs_size("mode=755", request), "mode=755");
}

TEST(TmpfsSize, is_half_of_what_the_guest_can_become) {
  v1::CreateContainerRequest request;
  request.add_spare_memory_blocks(0);
  request.add_spare_memory_blocks(0);
  struct sysinfo now {};
  ASSERT_EQ(::sysinfo(&now), 0);
  const uint64_t half = (uint64_t{now.totalram} * now.mem_unit + 2 * guest_layout::kBlockBytes) / 2;
  const std::string size = "size=" + std::to_string(half);
  const std::string inodes = "nr_inodes=" + std::to_string(half / 4096);
  EXPECT_EQ(with_tmpfs_size("", request), size + "," + inodes);
  EXPECT_EQ(with_tmpfs_size("mode=755", request), "mode=755," + size + "," + inodes);
  EXPECT_EQ(with_tmpfs_size("nr_inodes=7", request), "nr_inodes=7," + size);
  EXPECT_EQ(with_tmpfs_size("oversize=7", request), "oversize=7," + size + "," + inodes);
}

TEST(TmpfsSize, that_is_given_stays) {
  v1::CreateContainerRequest request;
  request.add_spare_memory_blocks(0);
  for (const char* data : {"size=1m", "mode=755,size=1m", "nr_blocks=5"}) {
    EXPECT_EQ(with_tmpfs_size(data, request), data);
  }
}

}  // namespace
}  // namespace caisson::agent
