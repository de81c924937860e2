// SPDX-License-Identifier: Apache-2.0
// Descriptors beyond stdio, of containers made by the real agent on this host.
#include "agent/io/preserved_descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "protocol/agent/agent.pb.h"
#include "tests/support/agent_container.h"
#include "tests/unit/agent/io/loop_fixture.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, bad_descriptors_to_inherit_are_refused_and_good_ones_are_there) {
  const auto outcome = [&](uint64_t token, const std::vector<agent::v1::PreservedDescriptor>& preserved) {
    auto request = container_request("c", token, {"ls", "/proc/self/fd"});
    for (const auto& one : preserved) {
      *request.mutable_init()->add_preserved() = one;
    }
    const auto created = client_->create_container(request, soon());
    return created ? 0 : created.error().code;
  };
  const auto descriptor = [](uint32_t number, bool reads, bool writes, uint32_t minor = 0) {
    agent::v1::PreservedDescriptor one;
    one.set_number(number);
    one.set_reads(reads);
    one.set_writes(writes);
    one.set_device_minor(minor);
    return one;
  };
  EXPECT_EQ(outcome(1, {descriptor(2, true, false)}), EINVAL);
  EXPECT_EQ(outcome(1, {descriptor(512, true, false)}), EINVAL);
  EXPECT_EQ(outcome(1, {descriptor(~0U, true, false)}), EINVAL);
  EXPECT_EQ(outcome(1, {descriptor(4, true, false), descriptor(4, false, true)}), EINVAL);
  EXPECT_EQ(outcome(1, {descriptor(4, false, false)}), EINVAL);
  EXPECT_EQ(outcome(1, {descriptor(4, true, false, 11)}), EINVAL);
  std::vector<agent::v1::PreservedDescriptor> many;
  for (uint32_t number = 3; number < 3 + agent::kMostPreserved + 1; ++number) {
    many.push_back(descriptor(number, true, number % 2 == 0, number % 3 == 0 ? 3 : 0));
  }
  EXPECT_EQ(outcome(1, many), E2BIG);
  many.back() = descriptor(511, true, true);
  many.erase(many.begin());
  EXPECT_EQ(outcome(1, many), 0);
}

TEST_F(AgentContainer, bad_standard_descriptors_are_refused) {
  const auto outcome = [&](const std::vector<agent::v1::PreservedDescriptor>& standard) {
    auto request = container_request("c", 1, {"true"});
    for (const auto& one : standard) {
      *request.mutable_init()->add_standard() = one;
    }
    const auto created = client_->create_container(request, soon());
    return created ? 0 : created.error().code;
  };
  const auto descriptor = [](uint32_t number, uint32_t minor, const std::string& name = "") {
    agent::v1::PreservedDescriptor one;
    one.set_number(number);
    one.set_reads(true);
    one.set_device_minor(minor);
    one.set_served_name(name);
    return one;
  };
  EXPECT_EQ(outcome({descriptor(3, 3)}), EINVAL);
  EXPECT_EQ(outcome({descriptor(~0U, 3)}), EINVAL);
  EXPECT_EQ(outcome({descriptor(0, 3), descriptor(0, 5)}), EINVAL);
  EXPECT_EQ(outcome({descriptor(0, 0)}), EINVAL) << "a stream";
  EXPECT_EQ(outcome({descriptor(0, 11)}), EINVAL) << "a device that is not known";
  EXPECT_EQ(outcome({descriptor(0, 0, "../x")}), EINVAL);
  EXPECT_EQ(outcome({descriptor(0, 0, "no-such")}), ENOENT);
  EXPECT_EQ(outcome({descriptor(0, 3), descriptor(1, 7)}), 0);
}

}  // namespace
}  // namespace caisson::test

namespace caisson::agent {
namespace {

class PreservedTest : public LoopTest {
 protected:
  v1::PreservedDescriptor& add(uint32_t number, bool reads, bool writes) {
    v1::PreservedDescriptor& one = *wanted_.Add();
    one.set_number(number);
    one.set_reads(reads);
    one.set_writes(writes);
    return one;
  }
  template <typename Outcome>
  static void expect_refused(const Outcome& outcome, int code, const std::string& message) {
    ASSERT_FALSE(outcome) << "not refused: " << message;
    EXPECT_EQ(outcome.error().code, code);
    EXPECT_EQ(outcome.error().message, message);
  }

  PreservedDescriptors::Wanted wanted_;
  PreservedDescriptors descriptors_{*loop_};
};

TEST_F(PreservedTest, numbers_are_within_bounds_and_each_there_once) {
  add(3, true, false);
  add(511, true, false);
  EXPECT_TRUE(descriptors_.prepare(wanted_));
  for (const uint32_t number : {0U, 2U, 512U, UINT32_MAX, 511U}) {
    wanted_.RemoveLast();
    add(number, true, false);
    if (number == 511) {
      add(number, true, false);
    }
    expect_refused(descriptors_.prepare(wanted_), EINVAL,
                   "pass descriptor " + std::to_string(number) + ": bad number");
  }
  wanted_.Clear();
  add(2, true, false).set_device_minor(3);
  EXPECT_TRUE(PreservedDescriptors::prepare_standard(wanted_));
  add(3, true, false).set_device_minor(3);
  expect_refused(PreservedDescriptors::prepare_standard(wanted_), EINVAL, "pass descriptor 3: bad number");
}

TEST_F(PreservedTest, devices_are_those_of_which_any_is_as_good_as_another) {
  for (const uint32_t minor : {3U, 5U, 7U, 8U, 9U}) {
    wanted_.Clear();
    add(3, true, true).set_device_minor(minor);
    const auto made = descriptors_.prepare(wanted_);
    ASSERT_TRUE(made) << minor;
    struct stat info {};
    ASSERT_EQ(::fstat(made->front().fd.get(), &info), 0);
    EXPECT_EQ(info.st_rdev, dev_t{0x100} + minor);
    EXPECT_EQ(::fcntl(made->front().fd.get(), F_GETFL) & O_ACCMODE, O_RDWR);
  }
  for (const uint32_t minor : {1U, 2U, 4U, 11U, 256U + 3U}) {
    wanted_.Clear();
    add(3, true, false).set_device_minor(minor);
    expect_refused(descriptors_.prepare(wanted_), EINVAL, "pass descriptor 3: unknown device");
  }
}

TEST_F(PreservedTest, file_of_the_host_is_opened_as_its_caller_had_it_and_by_a_name) {
  v1::PreservedDescriptor& one = add(7, false, true);
  one.set_served_name("file-1");
  one.set_appends(true);
  const auto made = descriptors_.prepare(wanted_);
  ASSERT_TRUE(made);
  EXPECT_FALSE(made->front().fd);
  EXPECT_EQ(made->front().file.number, 7);
  EXPECT_EQ(made->front().file.name, "file-1");
  EXPECT_EQ(made->front().file.flags, O_WRONLY | O_APPEND);
  one.set_served_name("../file");
  expect_refused(descriptors_.prepare(wanted_), EINVAL,
                 "pass descriptor 7: use export \"../file\": not a name");
}

TEST_F(PreservedTest, stream_is_a_pipe_or_a_socket_that_reaches_the_host_once) {
  add(3, true, false);
  add(4, false, true);
  add(5, true, true);
  auto made = descriptors_.prepare(wanted_);
  ASSERT_TRUE(made);
  SocketPair in;
  SocketPair out;
  SocketPair both;
  ASSERT_TRUE(descriptors_.attach(3, std::move(in.theirs)));
  ASSERT_TRUE(descriptors_.attach(4, std::move(out.theirs)));
  ASSERT_TRUE(descriptors_.attach(5, std::move(both.theirs)));
  for (const int number : {3, 4, 5, 6}) {
    SocketPair again;
    expect_refused(descriptors_.attach(number, std::move(again.theirs)), ENOENT,
                   "attach stream: the process waits for none of that descriptor");
  }
  std::array<char, 8> text{};
  ASSERT_EQ(::send(in.ours.get(), "in", 2, MSG_NOSIGNAL), 2);
  turn();
  EXPECT_EQ(::read(made->at(0).fd.get(), text.data(), text.size()), 2);
  ASSERT_EQ(::write(made->at(1).fd.get(), "out", 3), 3);
  EXPECT_EQ(read_from(out.ours), "out");
  ASSERT_EQ(::send(both.ours.get(), "there", 5, MSG_NOSIGNAL), 5);
  turn();
  EXPECT_EQ(::read(made->at(2).fd.get(), text.data(), text.size()), 5);
  ASSERT_EQ(::write(made->at(2).fd.get(), "back", 4), 4);
  EXPECT_EQ(read_from(both.ours), "back");
  // Its output ends though somebody holds it still.
  descriptors_.end_output();
  EXPECT_EQ(read_from(out.ours), "");
}

TEST_F(PreservedTest, stream_that_is_neither_read_nor_written_is_refused_and_so_are_too_many) {
  add(3, false, false);
  expect_refused(descriptors_.prepare(wanted_), EINVAL, "pass descriptor 3: neither read nor written");
  wanted_.Clear();
  for (uint32_t i = 0; i < kMostPreserved; ++i) {
    add(3 + i, true, false);
  }
  EXPECT_TRUE(descriptors_.prepare(wanted_));
  add(400, true, false);
  expect_refused(descriptors_.prepare(wanted_), E2BIG,
                 "pass descriptors: a process takes at most " + std::to_string(kMostPreserved));
}

}  // namespace
}  // namespace caisson::agent
