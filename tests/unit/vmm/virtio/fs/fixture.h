// SPDX-License-Identifier: Apache-2.0
// What the tests of the file server share: a scratch directory exported as "root", and a client that has
// mounted it.
#pragma once

#include <gtest/gtest.h>

#include "tests/support/fs/fuse_client.h"
#include "tests/support/scratch_directory.h"

namespace caisson::test {

struct ExportOptions {
  bool read_only = false;
  bool exclusive = false;
  size_t descriptors = 0;
};

inline vmm::fs::Device::Config config_of(UniqueFd fd, ExportOptions options = {}) {
  vmm::fs::Device::Config config;
  config.server.descriptors = options.descriptors;
  config.server.exports.push_back(
      {.name = "root", .fd = std::move(fd), .read_only = options.read_only, .exclusive = options.exclusive});
  return config;
}

class FsTest : public ::testing::Test {
 protected:
  FsTest() { mount(); }

  void mount(ExportOptions options = {}) {
    client_ = std::make_unique<FuseClient>(config_of(scratch_.open(), options));
    ASSERT_EQ(client_->init().error, 0);
    root_ = client_->walk({"root"});
    ASSERT_NE(root_, 0U);
  }

  // A node the client has looked up below the export.
  uint64_t node(std::string_view name) { return client_->walk({"root", name}); }
  uint64_t open(uint64_t node, uint32_t flags, uint32_t opcode = FUSE_OPEN) {
    return client_->open(node, flags, opcode).as<fuse_open_out>().fh;
  }

  ScratchDirectory scratch_;
  std::unique_ptr<FuseClient> client_;
  uint64_t root_ = 0;
};

}  // namespace caisson::test
