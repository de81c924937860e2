// SPDX-License-Identifier: Apache-2.0
#include "protocol/sandbox/exit_record.h"

#include <nlohmann/json.hpp>

#include "common/harmless.h"

namespace caisson {
namespace {

constexpr const char* kExitCode = "exitCode";
constexpr const char* kOutOfMemory = "outOfMemory";
constexpr const char* kGuestLost = "guestLost";

}  // namespace

std::string to_text(const ExitRecord& record) {
  const nlohmann::json document = {
      {kExitCode, record.exit_code}, {kOutOfMemory, record.out_of_memory}, {kGuestLost, record.guest_lost}};
  return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

ExitRecord parse_exit_record(std::string_view text) {
  ExitRecord record;
  const nlohmann::json document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) {
    return record;
  }
  if (const auto code = document.find(kExitCode); code != document.end() && code->is_number_integer()) {
    record.exit_code = static_cast<int>(code->get<int64_t>() & 0xff);
  }
  if (const auto killed = document.find(kOutOfMemory); killed != document.end() && killed->is_boolean()) {
    record.out_of_memory = killed->get<bool>();
  }
  if (const auto lost = document.find(kGuestLost); lost != document.end() && lost->is_string()) {
    record.guest_lost = harmless(lost->get_ref<const std::string&>(), kMostForeignBytes, Lines::many);
  }
  return record;
}

}  // namespace caisson
