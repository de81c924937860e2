// SPDX-License-Identifier: Apache-2.0
// What the runtime tells a new caisson-vmm: one JSON document in a memfd, and the descriptors it inherits.
// runtime/lifecycle writes it, vmm/sandbox reads it. Both use this file, so that they cannot drift apart.
// docs/launch.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/host_clock.h"
#include "common/log/log.h"
#include "common/result.h"
#include "protocol/launch/machine_spec.h"

namespace caisson {

// Descriptors caisson-vmm is started with, beside the container's stdio on 0, 1 and 2.
inline constexpr int kLaunchFd = 3;  // the document
inline constexpr int kStatusFd = 4;  // SOCK_SEQPACKET to the starter

// On kStatusFd caisson-vmm sends one LaunchStatus; the starter, once the container is on record (state.json),
// answers with kCommit and closes. A close without it tells caisson-vmm that its starter died: it stops.
inline constexpr char kCommit = 'c';

// How caisson-vmm is started: caisson-vmm --launch <id>, and the document on kLaunchFd.
inline constexpr const char* kLaunchOption = "--launch";

enum class Hypervisor { automatic, kvm, qemu };
// "auto", "kvm", "qemu", in the order of the enumeration.
inline constexpr std::string_view kHypervisorNames[] = {"auto", "kvm", "qemu"};
[[nodiscard]] constexpr std::string_view name_of(Hypervisor hypervisor) {
  return kHypervisorNames[static_cast<size_t>(hypervisor)];
}
[[nodiscard]] std::optional<Hypervisor> find_hypervisor(std::string_view name);

struct LaunchSpec {
  // One directory or file of the host that the guest may see, as a child of the virtio-fs root.
  struct Export {
    std::string name;  // [A-Za-z0-9_.-]{1,64}
    int fd = -1;       // inherited; O_PATH descriptor of the directory or file
    bool read_only = false;
    // Mounts beneath a read-only export stay as writable as they are.
    bool writable_beneath = false;
    // The guest sees mounts of the host beneath the export too (rbind). Otherwise it sees the directories
    // that they cover.
    bool recursive = false;
    // For a Unix socket: the port by which the guest reaches its server. Otherwise 0.
    uint32_t socket_port = 0;
    // Only the container writes to it (its root file system), so long cache times are safe.
    bool exclusive = false;
    // The descriptor names a mount that is attached nowhere and stays so. The mount itself is served, and no
    // copy of it.
    bool detached = false;
  };

  // One mount of the container, as a process that joins caisson-vmm's mount namespace finds it (podman cp):
  // docs/launch.md.
  struct ViewMount {
    std::string destination;  // absolute, in the container; "/" first
    std::string export_name;  // empty: a file system of the guest, which the host cannot show
  };

  // The service manager that is told when the container is ready (NOTIFY_SOCKET, sd_notify(3)).
  struct ServiceManager {
    int fd = -1;            // inherited; a datagram socket connected to the manager's
    bool main_pid = false;  // also tell it that caisson-vmm is the service's main process
  };

  // How descriptors 0, 1 and 2 of caisson-vmm are tied to the container's first process. A descriptor that is
  // neither a stream nor served is a device of the guest's.
  struct Stdio {
    // Descriptor 0 is a terminal (the slave side of the engine's pty): one terminal stream that follows the
    // window size. The other members are then unset.
    bool terminal = false;
    bool input = false;  // a stream of bytes; so are the next two
    bool output = false;
    bool error = false;
    bool error_is_output = false;  // standard error goes to the stream of standard output
  };

  // An open file that the guest has by its descriptor (vmm/virtio/fs/served_files.h).
  struct Served {
    std::string name;  // PreservedDescriptor.served_name
    int fd = -1;       // 0, 1, 2 or inherited
  };

  // A descriptor that the container's first process inherits beside its stdio, as a stream of bytes.
  struct Preserved {
    int number = -1;      // its number in the process
    int fd = -1;          // inherited by caisson-vmm; a pipe or stream socket
    bool reads = false;   // the process reads
    bool writes = false;  // the process writes. Both: a stream socket
  };

  std::string id;                // of the sandbox, for logs and process titles
  std::string state_directory;   // absolute; vsock.sock and control.sock are made in it before the guest runs
  std::string output_directory;  // absolute; all that caisson-vmm can still write to while it does
  Hypervisor hypervisor = Hypervisor::automatic;
  MachineSpec machine;
  HostClock::Reading clock;   // the starter's
  uint32_t hang_seconds = 0;  // how long the guest may keep silent before that is reported; 0: for ever
  std::vector<Export> exports;
  std::vector<ViewMount> view;  // in order of mounting; empty: nothing is shown
  Stdio stdio;
  uint64_t init_process = 0;  // CreateContainerRequest.process
  std::vector<Preserved> preserved;
  std::vector<Served> served;
  std::optional<ServiceManager> service_manager;
  // A directory of the host, absolute, made for this container alone. Empty: it has none.
  std::string memory_cgroup;
  LogOptions log;
};

// What caisson-vmm reports once on kStatusFd: ready (the agent answered the handshake) or why there is no
// guest.
struct LaunchStatus {
  bool ready = false;
  Error error;               // when not ready
  std::string machine;       // "kvm" or "qemu"
  std::string announcement;  // why a fallback was taken; empty when none was
  std::string agent_version;
  std::string kernel_release;
  uint64_t agent_tsc_at_start = 0;  // see agent.proto Ready
  uint64_t agent_tsc_at_ready = 0;
};

[[nodiscard]] std::string to_json(const LaunchSpec& spec);
[[nodiscard]] std::string to_json(const LaunchStatus& status);
Result<LaunchSpec> parse_launch_spec(std::string_view json);
// LIMIT: a status message is at most 64 KiB.
Result<LaunchStatus> parse_launch_status(std::string_view json);

}  // namespace caisson
