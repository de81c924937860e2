// SPDX-License-Identifier: Apache-2.0
// LINK: caisson_agent
// The agent's small parsers of foreign bytes: a stream's hello, events as the host reads them,
// /proc/<pid>/stat whose name is the container's, what a container says of its readiness. The first byte
// chooses.
#include <cstdlib>

#include "agent/container/notify_socket.h"
#include "agent/proc/process_entry.h"
#include "agent/service/stream_port.h"
#include "protocol/agent/agent.pb.h"
#include "protocol/agent/event_reader.h"

namespace {

void read_events(std::string_view bytes) {
  caisson::agent::EventReader reader;
  reader.feed(bytes);
  caisson::agent::v1::AgentEvent event;
  while (true) {
    const auto whole = reader.next(event);
    if (!whole || !*whole) {
      return;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caisson::agent;
  if (size == 0) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 4) {
    case 0:
      if (const auto hello = parse_hello(bytes);
          hello && (hello->process == 0 || hello->kind > StreamKind::preserved)) {
        std::abort();
      }
      break;
    case 1:
      read_events(bytes);
      break;
    case 2:
      (void)says_ready(bytes);
      break;
    default:
      (void)parse_proc_stat(bytes, 100);
      break;
  }
  return 0;
}
