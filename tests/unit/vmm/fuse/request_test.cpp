// SPDX-License-Identifier: Apache-2.0
// Requests as a hostile kernel may send them: each refusal by its errno, each bound at its edge.
#include "vmm/fuse/request.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/support/virtio/fake_driver.h"

namespace caisson::vmm::fuse {
namespace {

using Bytes = std::vector<std::byte>;

Bytes message_of(std::string_view arguments, int length_error = 0) {
  fuse_in_header header{};
  header.len = static_cast<uint32_t>(static_cast<int>(sizeof(header) + arguments.size()) + length_error);
  header.opcode = FUSE_LOOKUP;
  header.unique = 77;
  header.nodeid = 5;
  Bytes bytes(sizeof(header) + arguments.size());
  std::memcpy(bytes.data(), &header, sizeof(header));
  std::memcpy(bytes.data() + sizeof(header), arguments.data(), arguments.size());
  return bytes;
}

template <typename T>
int code_of(const Result<T>& result) {
  return result ? 0 : result.error().code;
}

// A chain that goes back.
class FuseRequest : public ::testing::Test {
 protected:
  ~FuseRequest() override {
    if (chain_) {
      queue_.push(std::move(*chain_), 0);
    }
  }
  const Chain& chain(std::span<const std::byte> first, std::span<const std::byte> second = {}) {
    auto builder = driver_.chain();
    builder.out(first);
    if (!second.empty()) {
      builder.out(second);
    }
    builder.submit();
    chain_ = queue_.pop().value();
    return *chain_;
  }

  test::FakeMemory memory_;
  test::FakeDriver driver_{memory_};
  VirtQueue queue_ = driver_.device_queue();
  std::optional<Chain> chain_;
};

TEST_F(FuseRequest, header_cut_in_two_is_whole) {
  const Bytes bytes = message_of("abc");
  const auto request = Request::parse(chain(std::span(bytes).first(17), std::span(bytes).subspan(17)));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->header().unique, 77U);
  EXPECT_EQ(request->header().nodeid, 5U);
  EXPECT_EQ(request->header().opcode, static_cast<uint32_t>(FUSE_LOOKUP));
}

TEST_F(FuseRequest, header_of_39_bytes_is_no_request) {
  const Bytes bytes = message_of("");
  EXPECT_EQ(code_of(Request::parse(chain(std::span(bytes).first(39)))), EPROTO);
}

TEST_F(FuseRequest, length_one_more_than_the_chain_is_no_request) {
  EXPECT_EQ(code_of(Request::parse(chain(message_of("abc", 1)))), EPROTO);
}

TEST_F(FuseRequest, length_one_less_than_the_chain_is_no_request) {
  EXPECT_EQ(code_of(Request::parse(chain(message_of("abc", -1)))), EPROTO);
}

TEST_F(FuseRequest, has_no_arguments_before_they_are_copied) {
  auto request = Request::parse(chain(message_of("abc")));
  ASSERT_TRUE(request);
  EXPECT_EQ(code_of(request->take_bytes(1)), EINVAL);
  EXPECT_EQ(request->payload_bytes(), 3U);
}

TEST_F(FuseRequest, arguments_stay_as_they_were_copied_whatever_the_guest_writes_then) {
  const Bytes bytes = message_of("abc");
  const uint64_t address = memory_.allocate(bytes.size());
  memory_.write(address, bytes);
  driver_.chain().out_at(address, static_cast<uint32_t>(bytes.size())).submit();
  chain_ = queue_.pop().value();
  auto request = Request::parse(*chain_);
  ASSERT_TRUE(request);
  Bytes scratch(16);
  ASSERT_TRUE(request->copy_arguments(*chain_, 3, scratch));
  memory_.write(address + sizeof(fuse_in_header), test::as_bytes("xyz"));
  EXPECT_EQ(std::memcmp(request->take_bytes(3).value().data(), "abc", 3), 0);
}

TEST_F(FuseRequest, no_more_is_copied_than_asked_for_and_the_rest_is_payload) {
  auto request = Request::parse(chain(message_of("abcdef")));
  ASSERT_TRUE(request);
  Bytes scratch(16);
  ASSERT_TRUE(request->copy_arguments(*chain_, 2, scratch));
  EXPECT_TRUE(request->take_bytes(2));
  EXPECT_EQ(code_of(request->take_bytes(1)), EINVAL);
  EXPECT_EQ(request->payload_offset(), sizeof(fuse_in_header) + 2);
  EXPECT_EQ(request->payload_bytes(), 4U);
}

TEST_F(FuseRequest, scratch_bounds_what_is_copied) {
  auto request = Request::parse(chain(message_of("abcdef")));
  ASSERT_TRUE(request);
  Bytes scratch(4);
  ASSERT_TRUE(request->copy_arguments(*chain_, 100, scratch));
  EXPECT_TRUE(request->take_bytes(4));
  EXPECT_EQ(code_of(request->take_bytes(1)), EINVAL);
}

TEST(FuseMessage, of_the_device_is_as_long_as_it_says) {
  EXPECT_TRUE(Request::parse(message_of("abc")));
  EXPECT_EQ(code_of(Request::parse(message_of("abc", 1))), EPROTO);
  EXPECT_EQ(code_of(Request::parse(message_of("abc", -1))), EPROTO);
  const Bytes bytes = message_of("");
  EXPECT_EQ(code_of(Request::parse(std::span(bytes).first(39))), EPROTO);
}

TEST(FuseMessage, fixed_argument_is_taken_whole_or_not_at_all) {
  const Bytes bytes = message_of("12345678");
  auto request = Request::parse(bytes);
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->take<uint32_t>());
  EXPECT_EQ(code_of(request->take<uint64_t>()), EINVAL);
  EXPECT_EQ(request->take<uint32_t>().value(), 0x38373635U);
  EXPECT_EQ(code_of(request->take_bytes(1)), EINVAL);
  EXPECT_TRUE(request->take_bytes(0));
}

// What take_string() makes of arguments: the text, or its errno as a number.
std::string string_of(std::string_view arguments, size_t most) {
  const Bytes bytes = message_of(arguments);
  auto request = Request::parse(bytes).value();
  const auto text = request.take_string(most);
  return text ? std::string(*text) : std::to_string(text.error().code);
}

TEST(FuseMessage, string_ends_at_its_nul) {
  using std::string_literals::operator""s;
  EXPECT_EQ(string_of("abc\0def"s, 10), "abc");
  EXPECT_EQ(string_of("\0"s, 10), "");
  EXPECT_EQ(string_of("abc\0"s, 3), "abc");
}

TEST(FuseMessage, string_without_a_nul_is_refused) {
  EXPECT_EQ(string_of("abc", 10), std::to_string(EINVAL));
  EXPECT_EQ(string_of("abc", 3), std::to_string(EINVAL));
  EXPECT_EQ(string_of("", 10), std::to_string(EINVAL));
}

TEST(FuseMessage, string_one_byte_too_long_is_too_long) {
  using std::string_literals::operator""s;
  EXPECT_EQ(string_of("abcd\0"s, 3), std::to_string(ENAMETOOLONG));
}

int name_code(std::string_view text) {
  std::string arguments(text);
  arguments.push_back('\0');
  const Bytes bytes = message_of(arguments);
  auto request = Request::parse(bytes).value();
  const auto name = request.take_name();
  if (name) {
    EXPECT_EQ(name->view(), text);
    EXPECT_STREQ(name->c_str(), std::string(text).c_str());
  }
  return code_of(name);
}

TEST(FuseMessage, name_is_one_component) {
  for (const char* name : {"a", "...", ".a", "..a", "a.", " ", "\n", "a\\b"}) {
    EXPECT_EQ(name_code(name), 0) << name;
  }
  for (const char* name : {"", ".", "..", "/", "a/", "/a", "a/b", "../a"}) {
    EXPECT_EQ(name_code(name), EINVAL) << name;
  }
}

TEST(FuseMessage, name_has_255_bytes_at_most) {
  EXPECT_EQ(name_code(std::string(255, 'n')), 0);
  EXPECT_EQ(name_code(std::string(256, 'n')), ENAMETOOLONG);
}

TEST(FuseMessage, second_name_follows_the_first) {
  using std::string_literals::operator""s;
  const Bytes bytes = message_of("old\0new\0"s);
  auto request = Request::parse(bytes).value();
  EXPECT_EQ(request.take_name()->view(), "old");
  EXPECT_EQ(request.take_name()->view(), "new");
  EXPECT_EQ(code_of(request.take_name()), EINVAL);
}

}  // namespace
}  // namespace caisson::vmm::fuse
