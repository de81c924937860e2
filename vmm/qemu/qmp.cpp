// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/qmp.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "common/harmless.h"

namespace caisson::vmm {
namespace {

// LIMIT: the greeting and every event we know are below 1 KiB.
constexpr size_t kMaxLineBytes = 65536;
// LIMIT: what of it goes into a message.
constexpr size_t kMostWordBytes = 1024;

std::string string_at(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string()
             ? harmless(found->get_ref<const std::string&>(), kMostWordBytes)
             : std::string();
}

Result<std::optional<QmpEvent>> parse_line(std::string_view line) {
  const nlohmann::json object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    return fail(EPROTO, "parse QEMU monitor line: not a JSON object");
  }
  if (const auto error = object.find("error"); error != object.end()) {
    return fail(EPROTO,
                "command QEMU: " + (error->is_object() ? string_at(*error, "desc") : std::string("refused")));
  }
  QmpEvent event{.name = string_at(object, "event"), .reason = {}};
  if (event.name.empty()) {
    return std::nullopt;  // the greeting, or the return of qmp_capabilities
  }
  if (const auto data = object.find("data"); data != object.end() && data->is_object()) {
    event.reason = string_at(*data, "reason");
  }
  return event;
}

}  // namespace

Result<std::vector<QmpEvent>> QmpReader::feed(std::span<const char> bytes) {
  std::vector<QmpEvent> events;
  pending_.append(bytes.begin(), bytes.end());
  size_t start = 0;
  for (size_t end = 0; (end = pending_.find('\n', start)) != std::string::npos; start = end + 1) {
    if (std::optional<QmpEvent> event =
            TRY(parse_line(std::string_view(pending_).substr(start, end - start)))) {
      events.push_back(std::move(*event));
    }
  }
  pending_.erase(0, start);
  if (pending_.size() > kMaxLineBytes) {
    return fail(EPROTO, "parse QEMU monitor line: longer than 64 KiB");
  }
  return events;
}

}  // namespace caisson::vmm
