// SPDX-License-Identifier: Apache-2.0
// Each call says to the agent what it was given, under its own name; what the agent answers is foreign.
#include "protocol/agent/agent_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "common/ttrpc/ttrpc.pb.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

using ::testing::ElementsAre;

class AgentClientTest : public ::testing::Test {
 protected:
  AgentClientTest() : client_(connection()) {}

  // The answer to the next call, there before it is asked for.
  void answer(const google::protobuf::MessageLite& payload = v1::Empty()) {
    ttrpc::wire::Response response;
    response.set_payload(payload.SerializeAsString());
    send(response);
  }
  void answer_error(int32_t code, const std::string& message) {
    ttrpc::wire::Response response;
    response.mutable_status()->set_code(code);
    response.mutable_status()->set_message(message);
    send(response);
  }
  // What the agent was asked last: of `method`, as Request.
  template <typename Request>
  Request asked(const std::string& method) {
    std::array<char, 65536> bytes{};
    const ssize_t size = ::recv(peer_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    ttrpc::FrameReader reader;
    reader.feed(std::string_view(bytes.data(), size > 0 ? static_cast<size_t>(size) : 0));
    const auto frame = reader.next();
    Request request;
    if (!frame || !*frame) {
      ADD_FAILURE() << "nothing was asked";
      return request;
    }
    ttrpc::wire::Request envelope;
    EXPECT_TRUE(envelope.ParseFromString((*frame)->payload));
    EXPECT_EQ(envelope.service(), "caisson.agent.v1.Agent");
    EXPECT_EQ(envelope.method(), method);
    EXPECT_TRUE(request.ParseFromString(envelope.payload()));
    return request;
  }
  static Deadline soon() { return deadline_in(std::chrono::seconds(20)); }

  UniqueFd peer_;
  AgentClient client_;

 private:
  UniqueFd connection() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    peer_.reset(ends[1]);
    return UniqueFd(ends[0]);
  }
  void send(const ttrpc::wire::Response& response) {
    const std::string bytes =
        ttrpc::encode_frame(stream_, ttrpc::FrameType::response, response.SerializeAsString()).value();
    stream_ += 2;
    ASSERT_EQ(::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  uint32_t stream_ = 1;
};

TEST_F(AgentClientTest, handshake_is_of_version_1) {
  v1::HandshakeResponse response;
  response.set_protocol(1);
  response.set_kernel_release("6.1");
  answer(response);
  const auto shaken = client_.handshake(soon());
  ASSERT_TRUE(shaken) << shaken.error().message;
  EXPECT_EQ(shaken->kernel_release(), "6.1");
  EXPECT_EQ(asked<v1::HandshakeRequest>("Handshake").protocol(), 1U);
}

TEST_F(AgentClientTest, another_version_is_refused_with_the_remedy) {
  for (const uint32_t version : {0U, 2U}) {
    v1::HandshakeResponse response;
    response.set_protocol(version);
    answer(response);
    const auto shaken = client_.handshake(soon());
    ASSERT_FALSE(shaken);
    EXPECT_EQ(shaken.error().code, EPROTO);
    EXPECT_EQ(shaken.error().message,
              "shake hands with the agent: it speaks version " + std::to_string(version) +
                  ", we need 1; reinstall caisson so that runtime and guest image match");
  }
}

TEST_F(AgentClientTest, containers_are_named) {
  answer();
  ASSERT_TRUE(client_.start_container("box", soon()));
  EXPECT_EQ(asked<v1::StartContainerRequest>("StartContainer").container(), "box");
  answer();
  ASSERT_TRUE(client_.delete_container("box", soon()));
  EXPECT_EQ(asked<v1::DeleteContainerRequest>("DeleteContainer").container(), "box");
  answer();
  ASSERT_TRUE(client_.pause_container("box", soon()));
  EXPECT_EQ(asked<v1::PauseContainerRequest>("PauseContainer").container(), "box");
  answer();
  ASSERT_TRUE(client_.resume_container("box", soon()));
  EXPECT_EQ(asked<v1::ResumeContainerRequest>("ResumeContainer").container(), "box");
}

TEST_F(AgentClientTest, what_is_made_has_a_pid) {
  v1::CreateContainerResponse container;
  container.set_guest_pid(12);
  answer(container);
  v1::CreateContainerRequest request;
  request.set_container("box");
  EXPECT_EQ(client_.create_container(request, soon()), 12U);
  EXPECT_EQ(asked<v1::CreateContainerRequest>("CreateContainer").container(), "box");
  v1::CreateProcessResponse process;
  process.set_guest_pid(13);
  answer(process);
  v1::CreateProcessRequest another;
  another.set_token(7);
  EXPECT_EQ(client_.create_process(another, soon()), 13U);
  EXPECT_EQ(asked<v1::CreateProcessRequest>("CreateProcess").token(), 7U);
}

TEST_F(AgentClientTest, signal_is_for_one_process_or_for_all) {
  answer();
  ASSERT_TRUE(client_.signal_process("box", 7, 15, soon()));
  auto request = asked<v1::SignalProcessRequest>("SignalProcess");
  EXPECT_EQ(request.container(), "box");
  EXPECT_EQ(request.process(), 7U);
  EXPECT_EQ(request.signal(), 15U);
  EXPECT_FALSE(request.all());
  answer();
  ASSERT_TRUE(client_.signal_all("box", 9, soon()));
  request = asked<v1::SignalProcessRequest>("SignalProcess");
  EXPECT_EQ(request.container(), "box");
  EXPECT_EQ(request.process(), 0U);
  EXPECT_EQ(request.signal(), 9U);
  EXPECT_TRUE(request.all());
}

TEST_F(AgentClientTest, exit_has_the_bits_of_an_exit) {
  v1::WaitProcessResponse response;
  response.set_exit_code(0xffffff89);
  response.set_signal(0xffffff89);
  response.set_out_of_memory(true);
  answer(response);
  const auto exit = client_.wait_process(7, soon());
  ASSERT_TRUE(exit) << exit.error().message;
  EXPECT_EQ(exit->exit_code, 0x89U);
  EXPECT_EQ(exit->signal, 0x09U);
  EXPECT_TRUE(exit->out_of_memory);
  EXPECT_EQ(asked<v1::WaitProcessRequest>("WaitProcess").process(), 7U);
}

TEST_F(AgentClientTest, terminal_gets_rows_and_columns) {
  answer();
  ASSERT_TRUE(client_.resize_tty(7, 25, 80, soon()));
  const auto request = asked<v1::ResizeTtyRequest>("ResizeTty");
  EXPECT_EQ(request.process(), 7U);
  EXPECT_EQ(request.size().rows(), 25U);
  EXPECT_EQ(request.size().columns(), 80U);
}

TEST_F(AgentClientTest, standard_input_is_closed_by_process) {
  answer();
  ASSERT_TRUE(client_.close_stdin(7, soon()));
  EXPECT_EQ(asked<v1::CloseStdinRequest>("CloseStdin").process(), 7U);
}

TEST_F(AgentClientTest, processes_are_listed) {
  v1::ListProcessesResponse response;
  response.add_processes()->set_pid(3);
  answer(response);
  const auto list = client_.list_processes("box", soon());
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ(list->processes_size(), 1);
  EXPECT_EQ(list->processes(0).pid(), 3U);
  EXPECT_EQ(asked<v1::ListProcessesRequest>("ListProcesses").container(), "box");
}

TEST_F(AgentClientTest, proc_is_read_by_pid) {
  v1::ReadProcResponse response;
  response.add_pids(5);
  answer(response);
  const auto call = client_.start_read_proc("box", 4, soon());
  ASSERT_TRUE(call);
  const auto read = client_.finish_read_proc(*call, soon());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_THAT(read->pids(), ElementsAre(5U));
  const auto request = asked<v1::ReadProcRequest>("ReadProc");
  EXPECT_EQ(request.container(), "box");
  EXPECT_EQ(request.pid(), 4U);
}

TEST_F(AgentClientTest, limits_and_growth_are_passed_on) {
  answer();
  v1::Resources resources;
  resources.set_memory_max(4096);
  ASSERT_TRUE(client_.update_container("box", resources, soon()));
  const auto update = asked<v1::UpdateContainerRequest>("UpdateContainer");
  EXPECT_EQ(update.container(), "box");
  EXPECT_EQ(update.resources().memory_max(), 4096);
  const std::array<uint64_t, 2> blocks = {8, 9};
  answer();
  ASSERT_TRUE(client_.grow_machine(blocks, 3, soon()));
  const auto growth = asked<v1::GrowMachineRequest>("GrowMachine");
  EXPECT_THAT(growth.memory_blocks(), ElementsAre(8U, 9U));
  EXPECT_EQ(growth.cpus(), 3U);
}

TEST_F(AgentClientTest, statistics_are_files) {
  v1::ContainerStatsResponse response;
  (*response.mutable_files())["cpu.stat"] = "usage_usec 1\n";
  answer(response);
  const auto stats = client_.container_stats("box", soon());
  ASSERT_TRUE(stats) << stats.error().message;
  EXPECT_EQ(stats->files().at("cpu.stat"), "usage_usec 1\n");
  EXPECT_EQ(asked<v1::ContainerStatsRequest>("ContainerStats").container(), "box");
}

TEST_F(AgentClientTest, clock_is_adjusted_as_asked) {
  v1::AdjustClockResponse response;
  response.set_time_ns(1'600'000'000'000'000'000);
  answer(response);
  const auto time = client_.adjust_clock(
      {.step = std::chrono::nanoseconds(-5), .slew = std::chrono::nanoseconds(6), .rate_ppb = -7}, soon());
  EXPECT_EQ(time, std::chrono::nanoseconds(1'600'000'000'000'000'000));
  auto request = asked<v1::AdjustClockRequest>("AdjustClock");
  EXPECT_EQ(request.step_ns(), -5);
  EXPECT_EQ(request.slew_ns(), 6);
  EXPECT_EQ(request.rate_ppb(), -7);
  answer(response);
  ASSERT_TRUE(client_.adjust_clock({}, soon()));
  request = asked<v1::AdjustClockRequest>("AdjustClock");
  EXPECT_FALSE(request.has_rate_ppb()) << "none is no rate of 0";
}

TEST_F(AgentClientTest, clock_of_no_age_of_ours_is_refused) {
  constexpr int64_t kLatest = int64_t{1} << 62;
  v1::AdjustClockResponse response;
  for (const int64_t wrong : {int64_t{-1}, kLatest + 1, INT64_MIN, INT64_MAX}) {
    response.set_time_ns(wrong);
    answer(response);
    const auto time = client_.adjust_clock({}, soon());
    ASSERT_FALSE(time) << wrong;
    EXPECT_EQ(time.error().code, EPROTO);
  }
  for (const int64_t right : {int64_t{0}, kLatest}) {
    response.set_time_ns(right);
    answer(response);
    EXPECT_EQ(client_.adjust_clock({}, soon()), std::chrono::nanoseconds(right));
  }
}

TEST_F(AgentClientTest, refusal_of_the_agent_is_the_calls) {
  answer_error(5, "find container box: no such container");
  const auto started = client_.start_container("box", soon());
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ENOENT);
  EXPECT_EQ(started.error().message, "find container box: no such container");
}

TEST_F(AgentClientTest, shutdown_waits_for_no_answer) {
  ASSERT_TRUE(client_.shutdown(soon()));
  asked<v1::ShutdownRequest>("Shutdown");
}

TEST_F(AgentClientTest, agent_that_hangs_up_is_an_error) {
  peer_.reset();
  EXPECT_FALSE(client_.start_container("box", soon()));
}

TEST(Deadline, is_as_far_off_as_was_said) {
  const auto before = std::chrono::steady_clock::now();
  EXPECT_GE(deadline_in(std::chrono::hours(1)), before + std::chrono::hours(1));
  EXPECT_LT(deadline_in(std::chrono::hours(1)), before + std::chrono::hours(2));
}

}  // namespace
}  // namespace caisson::agent
