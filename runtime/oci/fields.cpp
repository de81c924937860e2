// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/fields.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace caisson::runtime::oci {

Result<void> read_members(const Value& value, std::span<const Row> rows, void* object) {
  uint64_t seen = 0;  // bit n: row n; no object of the specification has 64 fields
  TRY(value.for_each_member([&](std::string_view name, const Value& member) -> Result<void> {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.name == name; });
    if (row == rows.end()) {
      spdlog::debug("{}: unknown property, ignored as the specification demands", member.path());
      return {};
    }
    if (row->treatment == Treatment::refused) {
      return member.is_void() ? Result<void>() : member.bad("not supported: " + std::string(row->note));
    }
    if (member.is_null()) {
      return {};
    }
    seen |= uint64_t{1} << (row - rows.begin());
    return row->read(member, object);
  }));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].required && (seen >> i & 1) == 0) {
      return value.bad(std::string(rows[i].name) + " is missing");
    }
  }
  return {};
}

}  // namespace caisson::runtime::oci
