// SPDX-License-Identifier: Apache-2.0
// LINK: caisson_sandbox
// What foreign text becomes before anybody reads it: bounded, valid UTF-8 without anything a terminal obeys,
// and nothing more the second time. Then the same bytes as the agent's events, through the log they end in.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "common/harmless.h"
#include "common/log/log.h"
#include "common/ttrpc/parser_log.h"
#include "protocol/agent/agent.pb.h"
#include "protocol/agent/event_reader.h"
#include "vmm/sandbox/guest_log.h"

namespace {

void must(bool is_so) {
  if (!is_so) {
    std::abort();
  }
}

void check_text(std::string_view foreign, size_t limit, caisson::Lines lines) {
  const std::string clean = caisson::harmless(foreign, limit, lines);
  must(clean.size() <= limit);
  must(caisson::harmless(clean, limit, lines) == clean);
  for (const char c : clean) {
    const auto byte = static_cast<unsigned char>(c);
    must((byte >= 0x20 && byte != 0x7f) || (c == '\n' && lines == caisson::Lines::many));
  }
  // Throws over what is no UTF-8.
  (void)nlohmann::json(clean).dump();
}

void log_events(std::string_view bytes) {
  caisson::vmm::GuestLog log;
  caisson::agent::EventReader reader;
  reader.feed(bytes);
  caisson::agent::v1::AgentEvent event;
  while (true) {
    const auto whole = reader.next(event);
    if (!whole || !*whole) {
      return;
    }
    log.write(event.log());
  }
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
  if (size == 0) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  check_text(bytes, data[0], caisson::Lines::one);
  check_text(bytes, caisson::kMostForeignBytes, caisson::Lines::many);
  log_events(bytes);
  return 0;
}
