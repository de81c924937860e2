// SPDX-License-Identifier: Apache-2.0
#include "runtime/state/container_state.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>
#include <nlohmann/json.hpp>

#include "common/harmless.h"
#include "protocol/sandbox/exit_record.h"

namespace caisson::runtime {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kStatusNames[] = {"creating", "created", "running", "paused", "stopped"};

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <typename T>
bool take(const Json& object, const char* key, T& out) {
  const auto found = object.find(key);
  if (found == object.end()) {
    return false;
  }
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) return false;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!found->is_boolean()) return false;
  } else if constexpr (std::is_same_v<T, int64_t>) {
    if (!found->is_number_integer()) return false;
  } else if constexpr (std::is_integral_v<T>) {
    if (!found->is_number_unsigned()) return false;
  } else {
    // A list or a map of strings.
    if (!found->is_structured()) return false;
    for (const auto& element : *found) {
      if (!element.is_string()) return false;
    }
    if (found->is_array() == std::is_same_v<T, std::map<std::string, std::string>> && !found->empty())
      return false;
    if (found->empty()) return true;
  }
  out = found->template get<T>();
  return true;
}

// Members that came later: a container made before them, and running still, is one that cannot grow.
bool take_newer_members(const Json& document, ContainerState& state) {
  const auto take_newer = [&document](const char* key, auto& out) {
    return !document.contains(key) || take(document, key, out);
  };
  state.guest.ram.boot_bytes = state.guest.ram.usable_bytes;
  state.guest.max_memory_bytes = state.guest.ram.usable_bytes;
  state.guest.max_cpus = state.guest.cpus;
  state.started = state.status == Status::running || state.status == Status::paused;
  return take_newer("started", state.started) && take_newer("isStarting", state.is_starting) &&
         take_newer("maker", state.maker.pid) && take_newer("makerStartTime", state.maker.start_time) &&
         take_newer("pidNamespace", state.pid_namespace) && take_newer("isMakers", state.is_makers) &&
         take_newer("guestBootMemoryBytes", state.guest.ram.boot_bytes) &&
         take_newer("guestMaxMemoryBytes", state.guest.max_memory_bytes) &&
         take_newer("guestMemoryBytesByNeed", state.guest.by_need_bytes) &&
         take_newer("guestMaxCpus", state.guest.max_cpus) && take_newer("cgroupPath", state.cgroup_path) &&
         take_newer("cpuQuotaUs", state.cpu_time.quota_us) &&
         take_newer("cpuPeriodUs", state.cpu_time.period_us);
}

}  // namespace

std::string_view status_name(Status status) {
  return kStatusNames[static_cast<size_t>(status)];
}

Status ContainerState::current_status() const {
  if (status == Status::stopped || vmm.is_alive()) {
    return status == Status::created && is_starting ? Status::running : status;
  }
  // `creating` without a process yet: its maker is at work, or died there.
  return status == Status::creating && vmm.pid == 0 && (maker.pid == 0 || maker.is_alive()) ? Status::creating
                                                                                            : Status::stopped;
}

std::string to_json(const ContainerState& state) {
  return dump({{"id", state.id},
               {"ociVersion", state.oci_version},
               {"status", status_name(state.status)},
               {"bundle", state.bundle},
               {"rootfs", state.rootfs},
               {"created", state.created},
               {"annotations", state.annotations},
               {"owner", state.owner},
               {"pid", static_cast<uint64_t>(state.vmm.pid)},
               {"pidStartTime", state.vmm.start_time},
               {"maker", static_cast<uint64_t>(state.maker.pid)},
               {"makerStartTime", state.maker.start_time},
               {"pidNamespace", state.pid_namespace},
               {"isMakers", state.is_makers},
               {"started", state.started},
               {"isStarting", state.is_starting},
               {"initProcess", state.init_process},
               {"machine", state.machine},
               {"guestBootMemoryBytes", state.guest.ram.boot_bytes},
               {"guestMemoryBytes", state.guest.ram.usable_bytes},
               {"guestMaxMemoryBytes", state.guest.max_memory_bytes},
               {"guestMemoryBytesByNeed", state.guest.by_need_bytes},
               {"guestCpus", state.guest.cpus},
               {"guestMaxCpus", state.guest.max_cpus},
               {"cpuQuotaUs", state.cpu_time.quota_us},
               {"cpuPeriodUs", state.cpu_time.period_us},
               {"cgroupPath", state.cgroup_path},
               {"cgroups", state.cgroups},
               {"systemdUnit", state.systemd_unit}});
}

Result<ContainerState> parse_container_state(std::string_view json) {
  const Json document = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) {
    return fail(EINVAL, "read state.json: not a JSON object");
  }
  ContainerState state;
  std::string status;
  const bool whole =
      take(document, "id", state.id) && take(document, "ociVersion", state.oci_version) &&
      take(document, "status", status) && take(document, "bundle", state.bundle) &&
      take(document, "rootfs", state.rootfs) && take(document, "created", state.created) &&
      take(document, "annotations", state.annotations) && take(document, "owner", state.owner) &&
      take(document, "pid", state.vmm.pid) && take(document, "pidStartTime", state.vmm.start_time) &&
      take(document, "initProcess", state.init_process) && take(document, "machine", state.machine) &&
      take(document, "guestMemoryBytes", state.guest.ram.usable_bytes) &&
      take(document, "guestCpus", state.guest.cpus) && take(document, "cgroups", state.cgroups) &&
      take(document, "systemdUnit", state.systemd_unit);
  const auto* const known = std::find(std::begin(kStatusNames), std::end(kStatusNames), status);
  if (whole && known == std::end(kStatusNames)) {
    return fail(EINVAL, "read state.json: unknown status \"" + status + "\"");
  }
  state.status = static_cast<Status>(known - std::begin(kStatusNames));
  if (!whole || !take_newer_members(document, state) || state.vmm.pid < 0 || state.maker.pid < 0 ||
      state.cpu_time.period_us == 0) {
    return fail(EINVAL, "read state.json: a field is missing or of a wrong type");
  }
  return state;
}

std::string oci_state_json(const ContainerState& state, Status status) {
  Json document = {{"ociVersion", state.oci_version}, {"id", state.id}, {"status", status_name(status)}};
  if (status != Status::stopped) {
    document["pid"] = state.vmm.pid;
  }
  document["bundle"] = state.bundle;
  if (!state.annotations.empty()) {
    document["annotations"] = state.annotations;
  }
  return dump(document);
}

std::string reason_of_end(std::string_view exit_json) {
  const ExitRecord record = parse_exit_record(exit_json);
  return record.guest_lost.empty() && record.out_of_memory ? "out of memory" : record.guest_lost;
}

std::string timestamp_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm calendar{};
  ::gmtime_r(&now.tv_sec, &calendar);
  std::array<char, 32> seconds{};
  std::strftime(seconds.data(), seconds.size(), "%Y-%m-%dT%H:%M:%S", &calendar);
  std::string fraction = std::to_string(now.tv_nsec);
  fraction.insert(0, 9 - fraction.size(), '0');
  return std::string(seconds.data()) + "." + fraction + "Z";
}

}  // namespace caisson::runtime
