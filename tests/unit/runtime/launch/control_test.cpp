// SPDX-License-Identifier: Apache-2.0
// Who answers is caisson-vmm, where an intruder may be: what is no answer is an error, in bounded time and
// size.
#include "runtime/launch/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <thread>

#include "protocol/agent/agent.pb.h"
#include "tests/support/fake_sandbox.h"
#include "tests/support/unix_listener.h"

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Control : public ::testing::Test {
 protected:
  [[nodiscard]] const ContainerDirectory& directory() const { return locked_->directory(); }

  // Accepts, reads a line and says `answer`; what was asked is in asked_, with how many descriptors.
  std::thread server(const std::string& answer) {
    return std::thread([this, answer] {
      const UniqueFd client(::accept(listener_.get(), nullptr, nullptr));
      test::Received request = test::receive(client.get());
      asked_ = std::move(request.text);
      descriptors_ = request.descriptors.size();
      (void)::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    });
  }
  Result<std::string> ask(const std::string& answer, Verb verb = Verb::counters) {
    std::thread thread = server(answer);
    auto heard = ask_vmm(directory(), verb);
    thread.join();
    return heard;
  }

  test::ScratchDirectory scratch_;
  StateRoot root_{(scratch_.path() / "root").string()};
  Result<LockedContainer> locked_ = root_.reserve("box");
  UniqueFd listener_ = test::listen_at(directory().control_socket());
  std::string asked_;
  size_t descriptors_ = 0;
};

TEST_F(Control, answer_is_its_line) {
  EXPECT_EQ(ask("{\"ok\":true,\"exits\":1}\nmore"), "{\"ok\":true,\"exits\":1}");
  EXPECT_EQ(asked_, "{\"verb\":\"counters\"}\n");
  ASSERT_TRUE(ask("{\"ok\":true}\n", Verb::pause));
  EXPECT_EQ(asked_, "{\"verb\":\"pause\"}\n");
}

TEST_F(Control, error_is_told_made_harmless) {
  const auto heard = ask("{\"error\":\"no\\u001b[2J\"}\n", Verb::resume);
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().code, EIO);
  EXPECT_EQ(heard.error().message, "resume machine: no?[2J");
  EXPECT_EQ(ask("{\"error\":7}\n", Verb::stop).error().message, "stop machine: failed");
}

TEST_F(Control, what_is_no_object_is_no_answer) {
  for (const char* answer : {"[]\n", "7\n", "{\n", "\n", "\"x\"\n"}) {
    const auto heard = ask(answer);
    ASSERT_FALSE(heard) << answer;
    EXPECT_EQ(heard.error().code, EPROTO);
    EXPECT_THAT(heard.error().message, HasSubstr("not a JSON object"));
  }
}

TEST_F(Control, answer_without_an_end_is_none) {
  for (const std::string& answer : {std::string(), std::string("{\"ok\""), std::string(100'000, 'x')}) {
    const auto heard = ask(answer);
    ASSERT_FALSE(heard);
    EXPECT_THAT(heard.error().message, HasSubstr("it hung up or talks too much"));
  }
}

TEST_F(Control, nobody_listening_is_an_error) {
  listener_.reset();
  const auto heard = ask_vmm(directory(), Verb::counters);
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().code, ECONNREFUSED);
}

TEST_F(Control, files_are_given_by_name_with_their_descriptors) {
  const UniqueFd file(::memfd_create("served", MFD_CLOEXEC));
  agent::v1::Process process;
  process.add_standard()->set_device_minor(3);
  auto& standard = *process.add_standard();
  standard.set_number(static_cast<uint32_t>(file.get()));
  standard.set_served_name("fd-7-1");
  auto& preserved = *process.add_preserved();
  preserved.set_number(static_cast<uint32_t>(file.get()));
  preserved.set_served_name("fd-7-3");
  std::thread thread = server("{\"ok\":true}\n");
  const auto given = GivenFiles::give(directory(), process);
  thread.join();
  ASSERT_TRUE(given) << given.error().message;
  EXPECT_EQ(asked_, "{\"names\":[\"fd-7-1\",\"fd-7-3\"],\"verb\":\"serve\"}\n");
  EXPECT_EQ(descriptors_, 2U);
}

TEST_F(Control, without_files_nobody_is_asked) {
  listener_.reset();
  agent::v1::Process process;
  process.add_standard()->set_device_minor(3);
  EXPECT_TRUE(GivenFiles::give(directory(), process));
}

TEST_F(Control, files_that_are_refused_are_an_error) {
  const UniqueFd file(::memfd_create("served", MFD_CLOEXEC));
  agent::v1::Process process;
  process.add_preserved()->set_number(static_cast<uint32_t>(file.get()));
  process.mutable_preserved(0)->set_served_name("fd-7-3");
  std::thread thread = server("{\"error\":\"full\"}\n");
  const auto given = GivenFiles::give(directory(), process);
  thread.join();
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().message, "give files to the guest: full");
}

TEST(AwakeGuest, is_asked_for_only_of_a_paused_container) {
  test::FakeSandbox sandbox;
  for (const Status status : {Status::running, Status::created, Status::creating}) {
    EXPECT_TRUE(AwakeGuest::of(sandbox.directory(), sandbox.record(status)));
  }
  EXPECT_THAT(sandbox.heard(), ElementsAre());
  EXPECT_TRUE(AwakeGuest::of(sandbox.directory(), sandbox.record(Status::paused)));
  EXPECT_THAT(sandbox.heard(), ElementsAre("vmm wake: paused"));
}

TEST(AwakeGuest, that_cannot_be_woken_is_an_error) {
  test::FakeSandbox sandbox;
  sandbox.refuse("vmm wake", {.code = EIO, .message = "no"});
  const auto awake = AwakeGuest::of(sandbox.directory(), sandbox.record(Status::paused));
  ASSERT_FALSE(awake);
  EXPECT_EQ(awake.error().message, "wake machine: no");
}

}  // namespace
}  // namespace caisson::runtime
