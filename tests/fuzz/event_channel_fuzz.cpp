// SPDX-License-Identifier: Apache-2.0
// LINK: caisson_sandbox
// The agent's event stream as caisson-vmm takes it: the first byte says into which pieces it is cut. Whatever
// it is cut into, the same events come out, in order; after what is malformed none does, and the descriptor
// is let go.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "common/log/log.h"
#include "common/ttrpc/parser_log.h"
#include "protocol/agent/agent.pb.h"
#include "vmm/sandbox/event_channel.h"
#include "vmm/sandbox/guest_log.h"

namespace {

void must(bool is_so) {
  if (!is_so) {
    std::abort();
  }
}

// LIMIT: what a socket takes at once, so that this thread never waits for itself.
constexpr size_t kMostBytes = 128UL * 1024;

// A map's order is otherwise anybody's guess.
std::string bytes_of(const caisson::agent::v1::AgentEvent& event) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream sink(&bytes);
    google::protobuf::io::CodedOutputStream stream(&sink);
    stream.SetSerializationDeterministic(true);
    must(event.SerializePartialToCodedStream(&stream));
  }
  return bytes;
}

struct Outcome {
  std::vector<std::string> events;
  bool malformed = false;
};

Outcome at_once(std::string_view bytes) {
  Outcome outcome;
  caisson::agent::EventReader reader;
  reader.feed(bytes);
  caisson::agent::v1::AgentEvent event;
  while (true) {
    const auto whole = reader.next(event);
    if (!whole || !*whole) {
      outcome.malformed = !whole;
      return outcome;
    }
    outcome.events.push_back(bytes_of(event));
  }
}

Outcome in_pieces(std::string_view bytes, size_t piece) {
  Outcome outcome;
  auto loop = caisson::EventLoop::create().value();
  int ends[2] = {-1, -1};
  must(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  const caisson::UniqueFd guest(ends[0]);
  caisson::vmm::GuestLog log;
  const auto channel = caisson::vmm::EventChannel::open(*loop, caisson::UniqueFd(ends[1]),
                                                        [&](const caisson::agent::v1::AgentEvent& event) {
                                                          outcome.events.push_back(bytes_of(event));
                                                          log.write(event.log());
                                                        })
                           .value();
  for (size_t at = 0; at < bytes.size() && !outcome.malformed; at += piece) {
    const std::string_view part = bytes.substr(at, piece);
    const ssize_t sent = ::send(guest.get(), part.data(), part.size(), MSG_NOSIGNAL);
    must(sent == static_cast<ssize_t>(part.size()));
    channel->drain();
    // A closed channel has no other end.
    outcome.malformed = ::send(guest.get(), "", 0, MSG_NOSIGNAL) < 0;
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  caisson::ttrpc::silence_parser();
  must(caisson::set_up_log(
           {.path = "/dev/null", .format = caisson::LogFormat::json, .debug = true, .ration_bytes = 0})
           .has_value());
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > kMostBytes) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  // Few pieces where there is much: each costs a round through the kernel.
  const size_t piece = std::max<size_t>(1 + data[0], bytes.size() / 64);
  const Outcome whole = at_once(bytes);
  const Outcome cut = in_pieces(bytes, piece);
  must(whole.events == cut.events);
  must(whole.malformed == cut.malformed);
  return 0;
}
