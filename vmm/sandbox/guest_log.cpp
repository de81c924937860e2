// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/guest_log.h"

#include <spdlog/spdlog.h>

#include <string>

#include "common/harmless.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::vmm {
namespace {

// What the log adds to a record: an empty one is a line too.
constexpr size_t kLineBytes = 100;
// LIMIT: of one record; the agent's own are a sentence.
constexpr size_t kMostRecordBytes = 4096;

spdlog::level::level_enum level_of(agent::v1::Log::Level level) {
  switch (level) {
    case agent::v1::Log::ERROR:
      return spdlog::level::err;
    case agent::v1::Log::WARNING:
      return spdlog::level::warn;
    case agent::v1::Log::INFO:
      return spdlog::level::info;
    default:
      return spdlog::level::debug;
  }
}

}  // namespace

void GuestLog::write(const agent::v1::Log& record) {
  std::string line = "guest: " + harmless(record.message(), kMostRecordBytes);
  for (const auto& [key, value] : record.fields()) {
    if (line.size() > kMostRecordBytes) {
      break;
    }
    line += " " + harmless(key, kMostRecordBytes) + "=\"" + harmless(value, kMostRecordBytes) + "\"";
  }
  say(level_of(record.level()), harmless(line, kMostRecordBytes));
}

void GuestLog::say(spdlog::level::level_enum level, std::string_view text) {
  if (used_bytes_ > kRationBytes || !spdlog::should_log(level)) {
    return;
  }
  used_bytes_ += text.size() + kLineBytes;
  if (used_bytes_ > kRationBytes) {
    spdlog::warn("guest has written {} KiB of log, its further records are dropped", kRationBytes / 1024);
    return;
  }
  spdlog::log(level, "{}", text);
}

}  // namespace caisson::vmm
