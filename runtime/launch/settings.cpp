// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/settings.h"

#include <algorithm>

#include "runtime/launch/guest_size.h"
#include "runtime/launch/knobs.h"

namespace caisson::runtime {
namespace {

// Of a busy host without KVM; a guest that works takes a second or two.
constexpr std::chrono::seconds kDefaultBootPatience{120};

Result<bool> choose_flag(const oci::Config& config, const std::string& name) {
  const std::string asked = annotation(config, name);
  if (!asked.empty() && asked != "true" && asked != "false") {
    return fail(EINVAL, "annotations[\"org.caisson." + name + "\"]: must be true or false");
  }
  return asked == "true";
}

Result<Hypervisor> choose_hypervisor(const oci::Config& config) {
  std::string name = annotation(config, "hypervisor");
  const char* const asked_by =
      name.empty() ? "CAISSON_HYPERVISOR" : "annotations[\"org.caisson.hypervisor\"]";
  if (name.empty()) name = environment("CAISSON_HYPERVISOR");
  if (name.empty()) return Hypervisor::automatic;
  if (const auto known = find_hypervisor(name)) return *known;
  return fail(EINVAL, std::string(asked_by) + ": \"" + name + "\" is unknown; auto, kvm and qemu are known");
}

Result<std::chrono::seconds> choose_boot_patience() {
  const std::string asked = environment("CAISSON_BOOT_TIMEOUT");
  if (asked.empty()) {
    return kDefaultBootPatience;
  }
  constexpr uint32_t kLongestSeconds = 86400;
  if (const auto seconds = number_within(asked, kLongestSeconds)) {
    return std::chrono::seconds(*seconds);
  }
  return fail(EINVAL, "CAISSON_BOOT_TIMEOUT: \"" + asked + "\" is not a number of seconds from 1 to " +
                          std::to_string(kLongestSeconds));
}

Result<std::string> choose_kernel_arguments() {
  std::string asked = environment("CAISSON_KERNEL_ARGUMENTS");
  // Linux takes 2047 characters in all (COMMAND_LINE_SIZE in arch/x86/include/asm/setup.h) and drops what is
  // beyond.
  constexpr size_t kLongest = 1024;
  const bool printable = std::ranges::all_of(asked, [](char c) { return c >= ' ' && c <= '~'; });
  if (asked.size() > kLongest || !printable) {
    return fail(EINVAL, "CAISSON_KERNEL_ARGUMENTS: not at most " + std::to_string(kLongest) +
                            " characters of printable ASCII, the words of a kernel's command line");
  }
  return asked;
}

Result<uint32_t> choose_hang_patience() {
  constexpr uint32_t kDefaultSeconds = 60;
  constexpr uint32_t kLongestSeconds = 86400;
  const std::string asked = environment("CAISSON_HANG_TIMEOUT");
  if (asked.empty() || asked == "0") {
    return asked.empty() ? kDefaultSeconds : 0;
  }
  if (const auto seconds = number_within(asked, kLongestSeconds)) {
    return *seconds;
  }
  return fail(EINVAL, "CAISSON_HANG_TIMEOUT: \"" + asked + "\" is not a number of seconds from 0 to " +
                          std::to_string(kLongestSeconds));
}

Result<UserRange> choose_users() {
  const std::string asked = environment("CAISSON_QEMU_USERS");
  if (asked.empty()) {
    return kDefaultUsers;
  }
  if (const auto range = parse_user_range(asked)) {
    return *range;
  }
  return fail(EINVAL, "CAISSON_QEMU_USERS: \"" + asked +
                          "\" is not FIRST-LAST, user ids without root's (0) and nobody's (65534), such as " +
                          to_string(kDefaultUsers));
}

}  // namespace

Result<MachineSettings> machine_settings(const oci::Config& config) {
  MachineSettings settings;
  settings.hypervisor = TRY(choose_hypervisor(config));
  TRY(choose_size(config, settings.machine));
  settings.grows_by_need = grows_by_need(config, settings.machine);
  settings.machine.console = TRY(choose_flag(config, "console"));
  settings.machine.count_instructions = TRY(choose_flag(config, "count-instructions"));
  settings.machine.extra_kernel_arguments = TRY(choose_kernel_arguments());
  settings.machine.users = TRY(choose_users());
  settings.boot_patience = TRY(choose_boot_patience());
  settings.hang_seconds = TRY(choose_hang_patience());
  return settings;
}

Result<bool> loopback_for_host_network() {
  const std::string asked = environment("CAISSON_HOST_NETWORK");
  if (!asked.empty() && asked != "refuse" && asked != "loopback") {
    return fail(EINVAL, "CAISSON_HOST_NETWORK: \"" + asked + "\" is unknown; refuse and loopback are known");
  }
  return asked == "loopback";
}

}  // namespace caisson::runtime
