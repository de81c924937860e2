// SPDX-License-Identifier: Apache-2.0
// Readers of the values that config.json spells as strings and the kernel as numbers.
#include <linux/mount.h>
#include <spdlog/spdlog.h>

#include "runtime/oci/device.h"
#include "runtime/oci/linux.h"
#include "runtime/oci/names.h"
#include "runtime/oci/process.h"

namespace caisson::runtime::oci {
namespace {

Result<uint64_t> read_name(const Value& value, std::span<const Name> names) {
  const std::string name = TRY(value.string());
  const auto number = find_number(names, name);
  if (!number) {
    return value.bad("unknown value \"" + name + "\"");
  }
  return *number;
}

}  // namespace

Result<void> read(const Value& value, CapabilitySet& out) {
  return value.for_each_element([&out](const Value& element) -> Result<void> {
    const std::string name = TRY(element.string());
    if (const auto number = find_number(capability_names(), name)) {
      out.bits |= uint64_t{1} << *number;
    } else {
      // [oci] config.md, capabilities: what cannot be mapped "MUST be logged as a warning".
      spdlog::warn("{}: unknown capability {}, left out", element.path(), name);
    }
    return {};
  });
}

Result<void> read(const Value& value, RlimitKind& out) {
  out.number = static_cast<uint32_t>(TRY(read_name(value, rlimit_names())));
  return {};
}

Result<void> read(const Value& value, NamespaceKind& out) {
  out.flag = TRY(read_name(value, namespace_names()));
  return {};
}

Result<void> read(const Value& value, Propagation& out) {
  if (!value.is_void()) {
    out.flags = TRY(read_name(value, propagation_names()));
  }
  return {};
}

Result<void> read(const Value& value, DeviceType& out) {
  const std::string letter = TRY(value.string());
  if (letter.empty()) {
    return {};
  }
  if (letter.size() != 1 || std::string_view("abcup").find(letter[0]) == std::string_view::npos) {
    return value.bad("unknown device type \"" + letter + "\"; a, b, c, u and p are known");
  }
  out.letter = letter[0];
  return {};
}

}  // namespace caisson::runtime::oci
