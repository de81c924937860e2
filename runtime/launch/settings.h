// SPDX-License-Identifier: Apache-2.0
// Where the sandbox's pieces are and how big its machine is: environment, annotations and limits, in that
// order of sources, one place. docs/configuration.md describes what is read here.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/user_range.h"
#include "protocol/launch/launch_spec.h"
#include "runtime/oci/config.h"

namespace caisson::runtime {

struct InstalledFiles {
  std::string vmm;        // caisson-vmm
  std::string kernel;     // vmlinux
  std::string initramfs;  // initramfs.cpio
};

// $CAISSON_VMM, $CAISSON_KERNEL, $CAISSON_INITRAMFS; else beside this program in a build tree; else where
// `cmake --install` puts them. Fails, naming the file, when one cannot be read.
Result<InstalledFiles> find_installed_files();
// The same without the check that they are there, for `check`.
[[nodiscard]] InstalledFiles expected_files();

struct MachineSettings {
  Hypervisor hypervisor = Hypervisor::automatic;
  uint32_t cpus = 1;
  uint64_t memory_bytes = 0;
  uint32_t max_cpus = 1;  // what `update` may give it; never less than the above
  uint64_t max_memory_bytes = 0;
  bool grows_by_need = false;  // to that, without being asked: no limit says how much it may use
  bool console = false;
  bool count_instructions = false;
  std::string extra_kernel_arguments;     // words behind our own; of printable ASCII
  UserRange users = kDefaultUsers;        // see LaunchSpec
  uint32_t hang_seconds = 0;              // likewise
  std::chrono::seconds boot_patience{0};  // from the machine's start to the agent's first word
};

inline constexpr uint64_t kMiB = 1ULL << 20;
// Kernel, agent and page tables of a guest, beyond what its container may use: docs/budgets.md.
inline constexpr uint64_t kGuestOverheadBytes = 48 * kMiB;
inline constexpr uint64_t kDefaultMemoryBytes = 256 * kMiB;
// Below this the guest does not reach its agent.
inline constexpr uint64_t kMinimumMemoryBytes = 64 * kMiB;
inline constexpr uint32_t kMaximumCpus = 64;
// Of a busy host without KVM; a guest that works takes a second or two.
inline constexpr std::chrono::seconds kDefaultBootPatience{120};

Result<MachineSettings> machine_settings(const oci::Config& config);

// $CAISSON_HOST_NETWORK: whether a container that asks for the host's network gets its guest's loopback alone
// instead of being refused.
Result<bool> loopback_for_host_network();

// The guest memory in which a container gets `limit` bytes.
[[nodiscard]] uint64_t memory_for_limit(uint64_t limit);

// "268435456", "256m", "1.5g": K, M, G, T are powers of 1024; an empty optional for anything else.
std::optional<uint64_t> parse_size(std::string_view text);
// The number of CPUs in a list such as "0-3,5"; 0 when it is malformed.
uint32_t count_cpus(std::string_view list);

}  // namespace caisson::runtime
