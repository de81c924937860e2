// SPDX-License-Identifier: Apache-2.0
#include "agent/service/stream_port.h"

#include <gtest/gtest.h>

#include <cstring>

namespace caisson::agent {
namespace {

std::string bytes_of(const StreamHello& hello) {
  std::string bytes(sizeof(hello), '\0');
  std::memcpy(bytes.data(), &hello, sizeof(hello));
  return bytes;
}

TEST(StreamHello, well_formed_is_taken) {
  const auto hello = parse_hello(bytes_of({.kind = StreamKind::terminal, .process = 7}));
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->kind, StreamKind::terminal);
  EXPECT_EQ(hello->process, 7U);
}

TEST(StreamHello, descriptor_goes_with_its_kind_alone) {
  const auto hello = parse_hello(bytes_of({.kind = StreamKind::inherited, .descriptor = 300, .process = 7}));
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->descriptor, 300);
  EXPECT_FALSE(parse_hello(bytes_of({.kind = StreamKind::inherited, .descriptor = 0, .process = 7})));
  EXPECT_FALSE(parse_hello(bytes_of({.kind = StreamKind::terminal, .descriptor = 3, .process = 7})));
}

TEST(StreamHello, wrong_length_magic_kind_reserved_and_process_are_refused) {
  const std::string good = bytes_of({.kind = StreamKind::standard_output, .process = 1});
  EXPECT_FALSE(parse_hello(good.substr(1)));
  EXPECT_FALSE(parse_hello(good + "x"));
  for (const unsigned offset : {0U, 4U, 5U, 6U, 7U}) {
    std::string bad = good;
    bad.at(offset) = '\xee';
    EXPECT_EQ(parse_hello(bad).error().code, EPROTO) << offset;
  }
  EXPECT_FALSE(parse_hello(bytes_of({.kind = StreamKind::standard_input, .process = 0})));
}

}  // namespace
}  // namespace caisson::agent
