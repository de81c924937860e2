// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/control.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/harmless.h"
#include "protocol/agent/agent.pb.h"
#include "protocol/control/message.h"
#include "runtime/system/unix_socket.h"

namespace caisson::runtime {
namespace {

constexpr size_t kMaxAnswerBytes = 64UL << 10;  // LIMIT: one line of counters
constexpr std::chrono::seconds kPatience{30};

Result<std::string> read_line(int socket) {
  std::string line;
  std::array<char, 4096> chunk{};
  // For the whole line: who answers a byte at a time must not hold us for ever.
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (line.find('\n') == std::string::npos) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd entry{.fd = socket, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready == 0) {
      return fail(ETIMEDOUT, "read answer of caisson-vmm: it keeps silent");
    }
    const ssize_t got = ready < 0 ? -1 : ::recv(socket, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
      continue;
    }
    if (got < 0) {
      return fail_errno("read answer of caisson-vmm");
    }
    if (got == 0 || line.size() + static_cast<size_t>(got) > kMaxAnswerBytes) {
      return fail(EPROTO, "read answer of caisson-vmm: it hung up or talks too much");
    }
    line.append(chunk.data(), static_cast<size_t>(got));
  }
  return line.substr(0, line.find('\n'));
}

// The answer's line.
Result<std::string> hear_answer(const UniqueFd& socket, const std::string& what) {
  std::string line = TRY(read_line(socket.get()));
  const auto answer = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object()) {
    return fail(EPROTO, "read answer of caisson-vmm: not a JSON object");
  }
  if (const auto error = answer.find(control_message::kError); error != answer.end()) {
    return fail(
        EIO, what + ": " + (error->is_string() ? harmless(error->get_ref<const std::string&>()) : "failed"));
  }
  return line;
}

Result<std::string> ask(const UniqueFd& socket, Verb verb) {
  const std::string request = nlohmann::json({{control_message::kVerb, name_of(verb)}}).dump() + "\n";
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return fail_errno("ask caisson-vmm");
  }
  return hear_answer(socket, std::string(name_of(verb)) + " machine");
}

}  // namespace

Result<std::string> ask_vmm(const ContainerDirectory& directory, Verb verb) {
  return ask(TRY(connect_unix(directory.control_socket())), verb);
}

Result<GivenFiles> GivenFiles::give(const ContainerDirectory& directory, const agent::v1::Process& process) {
  static_assert(kMostServed <= kMostSent);
  auto names = nlohmann::json::array();
  std::vector<int> descriptors;
  for (const auto* list : {&process.standard(), &process.preserved()}) {
    for (const agent::v1::PreservedDescriptor& one : *list) {
      if (!one.served_name().empty()) {
        names.push_back(one.served_name());
        descriptors.push_back(static_cast<int>(one.number()));
      }
    }
  }
  if (descriptors.empty()) {
    return GivenFiles(UniqueFd());
  }
  UniqueFd connection = TRY(connect_unix(directory.control_socket()));
  const nlohmann::json request = {{control_message::kVerb, name_of(Verb::serve)},
                                  {control_message::kNames, names}};
  TRY(send_descriptors(connection.get(), descriptors, request.dump() + "\n"));
  TRY(hear_answer(connection, "give files to the guest"));
  return GivenFiles(std::move(connection));
}

Result<AwakeGuest> AwakeGuest::of(const ContainerDirectory& directory, const ContainerState& state) {
  if (state.status != Status::paused) {
    return AwakeGuest(UniqueFd());
  }
  UniqueFd connection = TRY(connect_unix(directory.control_socket()));
  TRY(ask(connection, Verb::wake));
  return AwakeGuest(std::move(connection));
}

}  // namespace caisson::runtime
