// SPDX-License-Identifier: Apache-2.0
// What the agent reads of foreign bytes, malformed first.
#include <gtest/gtest.h>

#include <cstring>

#include "agent/mounts/exports.h"
#include "agent/proc/process_entry.h"
#include "agent/service/stream_port.h"
#include "protocol/agent/agent.pb.h"
#include "protocol/agent/event_reader.h"

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

TEST(AgentEvents, message_over_the_limit_and_bad_protobuf_end_the_stream) {
  v1::AgentEvent event;
  EventReader reader;
  reader.feed(std::string("\x00\x01\x00\x01", 4));
  EXPECT_EQ(reader.next(event).error().code, EMSGSIZE);
  EventReader other;
  other.feed(std::string("\x00\x00\x00\x01\xff", 5));
  EXPECT_EQ(other.next(event).error().code, EPROTO);
}

TEST(AgentEvents, message_in_pieces_is_put_together) {
  v1::AgentEvent sent;
  sent.mutable_log()->set_message("hello");
  const std::string bytes = encode_event(sent).value();
  EventReader reader;
  v1::AgentEvent event;
  reader.feed(std::string_view(bytes).substr(0, 3));
  EXPECT_FALSE(reader.next(event).value());
  reader.feed(std::string_view(bytes).substr(3));
  EXPECT_TRUE(reader.next(event).value());
  EXPECT_EQ(event.log().message(), "hello");
}

TEST(ProcStat, name_with_brackets_and_spaces_does_not_shift_the_fields) {
  const auto entry = parse_proc_stat(
      "42 (a) R 1 (b) S 7 42 42 34817 42 4194304 1 2 3 4 150 50 0 0 20 0 1 0 1000 0 0 0", 100);
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_EQ(entry->ppid, 7);
  EXPECT_EQ(entry->tty, "pts/1");
  EXPECT_EQ(entry->cpu_time_ns, 2'000'000'000U);
  EXPECT_EQ(entry->start_time_ns, 10'000'000'000U);
  EXPECT_EQ(entry->command, "[a) R 1 (b]");
}

TEST(ProcStat, cut_short_is_refused) {
  for (const char* text : {"", "1", "1 (", "1 (x", "1 (x)", "1 (x) ", "1 (x) S", "1 (x) S 1 2 3", ")("}) {
    EXPECT_FALSE(parse_proc_stat(text, 100)) << text;
  }
}

TEST(ExportName, that_is_a_path_is_refused) {
  for (const char* name : {"", ".", "..", "a/b", "/", "a\nb"}) {
    EXPECT_FALSE(check_export_name(name)) << name;
  }
  EXPECT_FALSE(check_export_name(std::string(65, 'a')));
  EXPECT_TRUE(check_export_name("rootfs-1_2.x"));
}

}  // namespace
}  // namespace caisson::agent
