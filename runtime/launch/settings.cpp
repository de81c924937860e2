// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/settings.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "common/guest_layout.h"
#include "runtime/system/files.h"
#include "runtime/system/install_paths.h"

namespace caisson::runtime {
namespace {

std::string environment(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string program_directory() {
  std::array<char, 4096> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  const std::string_view program(path.data(), size > 0 ? static_cast<size_t>(size) : 0);
  return std::string(program.substr(0, program.rfind('/')));
}

// The first that exists, else the last.
std::string pick(const char* variable, const std::string& in_build_tree, const std::string& installed) {
  if (std::string chosen = environment(variable); !chosen.empty()) {
    return chosen;
  }
  return ::access(in_build_tree.c_str(), F_OK) == 0 ? in_build_tree : installed;
}

Result<void> must_be_readable(const std::string& path, const char* what, const char* variable, int mode) {
  if (::access(path.c_str(), mode) == 0) {
    return {};
  }
  return fail_errno(std::string("find ") + what + " at " + path + " (install it, or set " + variable + ")");
}

std::string annotation(const oci::Config& config, const std::string& name) {
  const auto found = config.annotations.find("org.caisson." + name);
  return found == config.annotations.end() ? std::string() : found->second;
}

Result<bool> choose_flag(const oci::Config& config, const std::string& name) {
  const std::string asked = annotation(config, name);
  if (!asked.empty() && asked != "true" && asked != "false") {
    return fail(EINVAL, "annotations[\"org.caisson." + name + "\"]: must be true or false");
  }
  return asked == "true";
}

Result<Hypervisor> choose_hypervisor(const oci::Config& config) {
  std::string name = annotation(config, "hypervisor");
  if (name.empty()) name = environment("CAISSON_HYPERVISOR");
  if (name.empty() || name == "auto") return Hypervisor::automatic;
  if (name == "kvm") return Hypervisor::kvm;
  if (name == "qemu") return Hypervisor::qemu;
  return fail(EINVAL, "choose hypervisor: \"" + name + "\" is unknown; auto, kvm and qemu are known");
}

// A number from 1 to `most`, and nothing behind it.
std::optional<uint32_t> number_within(std::string_view text, uint32_t most) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && number >= 1 && number <= most ? std::optional(number) : std::nullopt;
}

uint64_t host_memory_bytes() {
  return static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGE_SIZE));
}

// The size that the annotation org.caisson.NAME gives.
Result<std::optional<uint64_t>> annotated_size(const oci::Config& config, const std::string& name) {
  const std::string asked = annotation(config, name);
  if (asked.empty()) {
    return std::nullopt;
  }
  const auto bytes = parse_size(asked);
  if (!bytes || *bytes > memory_for_limit(UINT64_MAX)) {
    return fail(EINVAL, "annotations[\"org.caisson." + name + "\"]: \"" + asked +
                            "\" is not a size up to the host's memory, such as 512M");
  }
  return *bytes / kMiB * kMiB;
}

int64_t memory_limit(const oci::Config& config) {
  const auto& memory = config.linux_.resources.memory;
  return memory ? memory->limit.value_or(0) : 0;
}

Result<uint64_t> choose_memory(const oci::Config& config) {
  if (const auto asked = TRY(annotated_size(config, "memory"))) {
    if (*asked < kMinimumMemoryBytes) {
      return fail(EINVAL, "annotations[\"org.caisson.memory\"]: " + annotation(config, "memory") +
                              " is too small to boot; give at least " +
                              std::to_string(kMinimumMemoryBytes / kMiB) + "M");
    }
    return *asked;
  }
  const int64_t limit = memory_limit(config);
  return limit > 0 ? memory_for_limit(static_cast<uint64_t>(limit)) : kDefaultMemoryBytes;
}

// Where the host promises no more memory than it has, a mapping is charged whole, touched or not.
bool host_overcommits() {
  const auto mode = read_file("/proc/sys/vm/overcommit_memory", 16);
  return mode && !mode->starts_with('2');
}

// How far a guest may grow unless told otherwise: RAM that nobody touches costs the host next to nothing.
uint64_t usual_max_memory(const oci::Config& config, uint64_t memory_bytes) {
  constexpr uint64_t kLeast = uint64_t{1} << 30;
  constexpr uint64_t kMost = guest_layout::kLargestGrowingBytes;
  if (memory_limit(config) > 0) {
    return std::min({std::max(4 * memory_bytes, kLeast), memory_for_limit(UINT64_MAX), kMost});
  }
  // What it may use, no limit says: as much as it needs, but never so much that the host has nothing left.
  return annotation(config, "memory").empty() && host_overcommits()
             ? std::min(host_memory_bytes() / 2 / guest_layout::kBlockBytes * guest_layout::kBlockBytes,
                        kMost)
             : memory_bytes;
}

Result<uint64_t> choose_max_memory(const oci::Config& config, uint64_t memory_bytes) {
  constexpr uint64_t kMost = guest_layout::kLargestGrowingBytes;
  const auto asked = TRY(annotated_size(config, "max-memory"));
  if (asked && (*asked < memory_bytes || *asked > std::max(memory_bytes, kMost))) {
    return fail(EINVAL, "annotations[\"org.caisson.max-memory\"]: " + annotation(config, "max-memory") +
                            " is not within what the guest has from the beginning, " +
                            std::to_string(memory_bytes / kMiB) + "M, and " + std::to_string(kMost / kMiB) +
                            "M");
  }
  const uint64_t most = asked.value_or(usual_max_memory(config, memory_bytes));
  return most > memory_bytes ? guest_layout::round_up_to_block(most) : memory_bytes;
}

Result<uint32_t> choose_cpus(const oci::Config& config) {
  const std::string asked = annotation(config, "cpus");
  if (!asked.empty()) {
    if (const auto cpus = number_within(asked, kMaximumCpus)) {
      return *cpus;
    }
    return fail(EINVAL, "annotations[\"org.caisson.cpus\"]: \"" + asked + "\" is not a number from 1 to " +
                            std::to_string(kMaximumCpus));
  }
  constexpr uint64_t kDefaultPeriodUs = 100000;
  uint64_t cpus = 1;
  if (const auto& cpu = config.linux_.resources.cpu) {
    const uint64_t period = cpu->period.value_or(0) == 0 ? kDefaultPeriodUs : *cpu->period;
    if (cpu->quota.value_or(0) > 0) {
      cpus = (static_cast<uint64_t>(*cpu->quota) + period - 1) / period;
    } else if (!cpu->cpus.empty()) {
      cpus = count_cpus(cpu->cpus);
      if (cpus == 0) {
        return fail(EINVAL,
                    "linux.resources.cpu.cpus: \"" + cpu->cpus + "\" is not a list of CPUs such as 0-3,5");
      }
    }
  }
  return static_cast<uint32_t>(std::clamp<uint64_t>(cpus, 1, kMaximumCpus));
}

Result<uint32_t> choose_max_cpus(const oci::Config& config, uint32_t cpus) {
  const std::string asked = annotation(config, "max-cpus");
  if (asked.empty()) {
    return cpus;
  }
  const auto most = number_within(asked, kMaximumCpus);
  if (!most || *most < cpus) {
    return fail(EINVAL, "annotations[\"org.caisson.max-cpus\"]: \"" + asked + "\" is not a number from " +
                            std::to_string(cpus) + " to " + std::to_string(kMaximumCpus));
  }
  return *most;
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

InstalledFiles expected_files() {
  const std::string here = program_directory();
  return {.vmm = pick("CAISSON_VMM", here + "/caisson-vmm", kInstalledVmm),
          .kernel = pick("CAISSON_KERNEL", here + "/../share/vmlinux", kInstalledKernel),
          .initramfs = pick("CAISSON_INITRAMFS", here + "/../share/initramfs.cpio", kInstalledInitramfs)};
}

Result<InstalledFiles> find_installed_files() {
  InstalledFiles files = expected_files();
  TRY(must_be_readable(files.vmm, "caisson-vmm", "CAISSON_VMM", X_OK));
  TRY(must_be_readable(files.kernel, "the guest kernel", "CAISSON_KERNEL", R_OK));
  TRY(must_be_readable(files.initramfs, "the guest's initramfs", "CAISSON_INITRAMFS", R_OK));
  return files;
}

Result<MachineSettings> machine_settings(const oci::Config& config) {
  MachineSettings settings;
  settings.hypervisor = TRY(choose_hypervisor(config));
  settings.memory_bytes = TRY(choose_memory(config));
  settings.cpus = TRY(choose_cpus(config));
  settings.max_memory_bytes = TRY(choose_max_memory(config, settings.memory_bytes));
  // memory.high is where the agent sets its mark.
  settings.grows_by_need = settings.max_memory_bytes > settings.memory_bytes && memory_limit(config) <= 0 &&
                           !config.linux_.resources.unified.contains("memory.high");
  settings.max_cpus = TRY(choose_max_cpus(config, settings.cpus));
  settings.console = TRY(choose_flag(config, "console"));
  settings.count_instructions = TRY(choose_flag(config, "count-instructions"));
  settings.extra_kernel_arguments = TRY(choose_kernel_arguments());
  settings.boot_patience = TRY(choose_boot_patience());
  settings.users = TRY(choose_users());
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

uint64_t memory_for_limit(uint64_t limit) {
  // The kernel describes each 4 KiB page by 64 bytes. A limit beyond the host's memory limits nothing.
  limit = std::min(limit, host_memory_bytes());
  const uint64_t wanted = limit + limit / 64 + kGuestOverheadBytes;
  return std::max((wanted + kMiB - 1) / kMiB * kMiB, kMinimumMemoryBytes);
}

std::optional<uint64_t> parse_size(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && ((text[digits] >= '0' && text[digits] <= '9') || text[digits] == '.')) {
    ++digits;
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (digits == 0 || error != std::errc() || end != text.data() + digits) {
    return std::nullopt;
  }
  std::string_view unit = text.substr(digits);
  uint64_t factor = 1;
  if (!unit.empty()) {
    constexpr std::string_view kUnits = "kmgt";
    const size_t power = kUnits.find(static_cast<char>(unit[0] | 0x20));
    if (power != std::string_view::npos) {
      factor = 1ULL << (10 * (power + 1));
      unit.remove_prefix(1);
      if (unit.starts_with('i')) unit.remove_prefix(1);
    }
    if (unit == "B" || unit == "b") unit.remove_prefix(1);
    if (!unit.empty()) return std::nullopt;
  }
  const double bytes = number * static_cast<double>(factor);
  constexpr double kLargest = 1ULL << 60;
  return bytes >= 0 && bytes <= kLargest ? std::optional(static_cast<uint64_t>(std::llround(bytes)))
                                         : std::nullopt;
}

uint32_t count_cpus(std::string_view list) {
  constexpr uint32_t kHighestCpu = 8191;  // LIMIT: the kernel's largest NR_CPUS
  uint32_t count = 0;
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    uint32_t first = 0;
    auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), first);
    if (error != std::errc()) return 0;
    uint32_t last = first;
    if (end != item.data() + item.size()) {
      if (*end != '-') return 0;
      const auto [stop, again] = std::from_chars(end + 1, item.data() + item.size(), last);
      if (again != std::errc() || stop != item.data() + item.size()) return 0;
    }
    if (last < first || last > kHighestCpu) return 0;
    count += last - first + 1;
  }
  return count;
}

}  // namespace caisson::runtime
