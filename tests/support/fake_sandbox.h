// SPDX-License-Identifier: Apache-2.0
// A container whose machine is a child process of the test and whose agent and control socket are a thread of
// it: it hears what it is asked, and what was on record of the container at that moment, and answers as it
// was told.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/ttrpc/frame.h"
#include "common/ttrpc/status.h"
#include "common/ttrpc/ttrpc.pb.h"
#include "common/unique_fd.h"
#include "protocol/agent/names.h"
#include "protocol/agent/stream_hello.h"
#include "runtime/state/state_directory.h"
#include "tests/support/child_process.h"
#include "tests/support/scratch_directory.h"
#include "tests/support/unix_listener.h"

namespace caisson::test {

class FakeSandbox {
 public:
  FakeSandbox()
      : locked_(root_.reserve("box")),
        vsock_(listen_at(directory().vsock_socket())),
        control_(listen_at(directory().control_socket())),
        stop_(::eventfd(0, EFD_CLOEXEC)),
        server_([this] { serve(); }) {}
  ~FakeSandbox() {
    const uint64_t one = 1;
    EXPECT_EQ(::write(stop_.get(), &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
    server_.join();
  }
  FakeSandbox(const FakeSandbox&) = delete;
  FakeSandbox& operator=(const FakeSandbox&) = delete;

  [[nodiscard]] const runtime::StateRoot& root() const { return root_; }
  [[nodiscard]] const runtime::ContainerDirectory& directory() const { return locked_->directory(); }
  [[nodiscard]] ChildProcess& machine() { return machine_; }
  // For code that takes the lock itself.
  void unlock() { locked_->unlock(); }

  // The container's state, and puts it on record.
  runtime::ContainerState record(runtime::Status status) {
    runtime::ContainerState state;
    state.id = "box";
    state.oci_version = "1.0.2";
    state.bundle = scratch_.path();
    state.status = status;
    state.started = status == runtime::Status::running;
    state.init_process = 1;
    state.vmm = runtime::ProcessIdentity::of(machine_.pid()).value();
    state.maker = runtime::ProcessIdentity::of(::getpid()).value();
    EXPECT_TRUE(directory().save(state));
    return state;
  }
  [[nodiscard]] runtime::ContainerState on_record() const { return directory().load().value(); }

  // What a call of the agent (`method`) or a verb is answered with from now on: an error, or a payload.
  void refuse(const std::string& what, Error error) {
    const std::lock_guard lock(mutex_);
    errors_[what] = std::move(error);
  }
  void answer(const std::string& method, const google::protobuf::MessageLite& payload) {
    const std::lock_guard lock(mutex_);
    payloads_[method] = payload.SerializeAsString();
  }

  // The answer to `method` comes once `trigger` has been heard.
  void answer_after(const std::string& method, const std::string& trigger) {
    const std::lock_guard lock(mutex_);
    triggers_[method] = trigger;
  }

  // The guest's end of a process's stream, once it has been opened.
  UniqueFd stream(agent::StreamKind kind) {
    std::unique_lock lock(mutex_);
    const auto found = [&] { return streams_.contains(kind); };
    EXPECT_TRUE(opened_.wait_for(lock, std::chrono::seconds(60), found)) << "it is not opened";
    return found() ? std::move(streams_.extract(kind).mapped()) : UniqueFd();
  }

  // "METHOD" of the agent and "vmm VERB", each with the status on record: "PauseContainer: paused".
  [[nodiscard]] std::vector<std::string> heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  // The request that came last by this method.
  template <typename Request>
  [[nodiscard]] Request last(const std::string& method) {
    const std::lock_guard lock(mutex_);
    Request request;
    EXPECT_TRUE(request.ParseFromString(requests_[method])) << method;
    return request;
  }

 private:
  struct Connection {
    UniqueFd fd;
    bool is_control = false;
    bool has_port = false;  // "CONNECT" has been answered
    bool is_stream = false;
    std::string bytes;
    ttrpc::FrameReader frames;
  };

  static void send(const Connection& to, const std::string& text) {
    (void)::send(to.fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }

  // Until stop_ is told.
  void serve() {
    std::list<Connection> connections;
    while (true) {
      std::vector<pollfd> watched = {{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                                     {.fd = vsock_.get(), .events = POLLIN, .revents = 0},
                                     {.fd = control_.get(), .events = POLLIN, .revents = 0}};
      for (const Connection& one : connections) {
        watched.push_back({.fd = one.fd.get(), .events = POLLIN, .revents = 0});
      }
      if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return;
      if (watched[0].revents != 0) return;
      size_t index = 3;
      for (auto one = connections.begin(); one != connections.end(); ++index) {
        one = watched[index].revents == 0 || hear(*one) ? std::next(one) : connections.erase(one);
      }
      for (const size_t listener : {1U, 2U}) {
        if (watched[listener].revents != 0) {
          connections.push_back(
              {.fd = UniqueFd(::accept4(watched[listener].fd, nullptr, nullptr, SOCK_CLOEXEC)),
               .is_control = listener == 2});
        }
      }
    }
  }

  // Whether it goes on.
  bool hear(Connection& from) {
    std::array<char, 65536> chunk{};
    const ssize_t size = ::recv(from.fd.get(), chunk.data(), chunk.size(), 0);
    if (size <= 0) return false;
    from.bytes.append(chunk.data(), static_cast<size_t>(size));
    if (from.is_control || !from.has_port) {
      const size_t end = from.bytes.find('\n');
      if (end == std::string::npos) return true;
      const std::string line = from.bytes.substr(0, end);
      from.bytes.erase(0, end + 1);
      if (from.is_control) {
        send(from, answer_to_verb(line));
      } else {
        send(from, "OK 1\n");
        from.has_port = true;
        from.is_stream = line.ends_with(" " + std::to_string(agent::kStreamPort));
      }
    }
    if (from.is_stream) return from.bytes.size() < sizeof(agent::StreamHello) || !keep_stream(from);
    if (from.has_port) {
      from.frames.feed(from.bytes);
      from.bytes.clear();
      for (auto frame = from.frames.next(); frame && *frame; frame = from.frames.next()) {
        answer_call(**frame, from);
      }
    }
    return true;
  }

  void note(const std::string& what) {
    const auto state = directory().load();
    std::string status = state ? std::string(runtime::status_name(state->status)) : "no record";
    if (state && state->is_starting) status += ", starting";
    heard_.push_back(what + ": " + status);
  }

  std::string answer_to_verb(const std::string& line) {
    const std::lock_guard lock(mutex_);
    constexpr std::string_view kBefore = R"({"verb":")";
    const std::string verb =
        line.starts_with(kBefore)
            ? line.substr(kBefore.size(), line.find('"', kBefore.size()) - kBefore.size())
            : line;
    note("vmm " + verb);
    const auto error = errors_.find("vmm " + verb);
    return error == errors_.end() ? "{\"ok\":true}\n" : "{\"error\":\"" + error->second.message + "\"}\n";
  }

  bool keep_stream(Connection& from) {
    const std::lock_guard lock(mutex_);
    agent::StreamHello hello;
    std::memcpy(&hello, from.bytes.data(), sizeof(hello));
    EXPECT_EQ(hello.magic, agent::StreamHello::kMagic);
    streams_[hello.kind] = std::move(from.fd);
    opened_.notify_all();
    return true;
  }

  void answer_call(const ttrpc::Frame& frame, const Connection& to) {
    const std::lock_guard lock(mutex_);
    ttrpc::wire::Request request;
    EXPECT_TRUE(request.ParseFromString(frame.payload));
    note(request.method());
    requests_[request.method()] = request.payload();
    ttrpc::wire::Response response;
    if (const auto error = errors_.find(request.method()); error != errors_.end()) {
      ttrpc::put_error(error->second, *response.mutable_status());
    } else {
      response.set_payload(payloads_[request.method()]);
    }
    const std::string bytes =
        ttrpc::encode_frame(frame.header.stream, ttrpc::FrameType::response, response.SerializeAsString())
            .value();
    if (const auto trigger = triggers_.find(request.method()); trigger != triggers_.end()) {
      held_.push_back({.trigger = trigger->second, .to = to.fd.get(), .bytes = bytes});
      return;
    }
    send(to, bytes);
    for (const Held& one : held_) {
      if (one.trigger == request.method()) {
        (void)::send(one.to, one.bytes.data(), one.bytes.size(), MSG_NOSIGNAL);
      }
    }
    std::erase_if(held_, [&](const Held& one) { return one.trigger == request.method(); });
  }

  struct Held {
    std::string trigger;
    int to;  // a connection that its user keeps open until it is answered
    std::string bytes;
  };

  ChildProcess machine_;  // before there is a thread
  ScratchDirectory scratch_;
  runtime::StateRoot root_{(scratch_.path() / "root").string()};
  Result<runtime::LockedContainer> locked_;
  UniqueFd vsock_;
  UniqueFd control_;
  UniqueFd stop_;
  std::mutex mutex_;
  std::vector<std::string> heard_;
  std::map<std::string, Error> errors_;
  std::map<std::string, std::string> payloads_;
  std::map<std::string, std::string> requests_;
  std::map<std::string, std::string> triggers_;
  std::vector<Held> held_;
  std::map<agent::StreamKind, UniqueFd> streams_;
  std::condition_variable opened_;
  std::thread server_;
};

}  // namespace caisson::test
