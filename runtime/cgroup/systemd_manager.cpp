// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/systemd_manager.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "runtime/cgroup/systemd_call.h"
#include "runtime/cgroup/systemd_library.h"

namespace caisson::runtime {
namespace {

// Only root may use it, and it needs no message bus: systemd's own socket.
constexpr const char* kPrivateAddress = "unix:path=/run/systemd/private";
// What a job's end looks like: JobRemoved(u id, o job, s unit, s result).
struct Job {
  std::string path;    // of the one that is waited for; empty: not known yet
  std::string result;  // "done" when it went well; empty: under way
  std::vector<std::pair<std::string, std::string>> ended;  // before the path was known
};

}  // namespace

struct SystemdManager::Bus {
  SystemdLibrary library{};
  sd_bus* bus = nullptr;
  Job job;

  Bus() = default;
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;
  ~Bus() {
    if (bus != nullptr) {
      library.flush_close_unref(bus);
    }
  }

  static int on_job_removed(sd_bus_message* message, void* self, sd_bus_error*);
  Result<void> await_job(const std::string& what);
  Result<std::string> cgroup_of(const std::string& unit) const;
};

int SystemdManager::Bus::on_job_removed(sd_bus_message* message, void* self, sd_bus_error*) {
  auto& bus = *static_cast<Bus*>(self);
  uint32_t id = 0;
  const char* job = nullptr;
  const char* unit = nullptr;
  const char* result = nullptr;
  if (bus.library.read(message, "uoss", &id, &job, &unit, &result) < 0) {
    return 0;
  }
  if (bus.job.path.empty()) {
    bus.job.ended.emplace_back(job, result);
  } else if (bus.job.path == job) {
    bus.job.result = result;
  }
  return 0;
}

Result<void> SystemdManager::Bus::await_job(const std::string& what) {
  for (const auto& [path, result] : job.ended) {
    if (path == job.path) {
      job.result = result;
    }
  }
  const auto deadline = std::chrono::steady_clock::now() + kSystemdPatience;
  while (job.result.empty()) {
    const int moved = library.process(bus, nullptr);
    if (moved < 0) {
      return fail(-moved, "systemd: " + what + ": " + std::strerror(-moved));
    }
    if (moved > 0) {
      continue;
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return fail(ETIMEDOUT, "systemd: " + what + ": not done within " +
                                 std::to_string(kSystemdPatience.count()) + " s");
    }
    if (const int waited = library.wait(bus, static_cast<uint64_t>(left.count()));
        waited < 0 && waited != -EINTR) {
      return fail(-waited, "systemd: " + what + ": " + std::strerror(-waited));
    }
  }
  const std::string result = job.result;
  job = Job{};
  return result == "done" ? Result<void>()
                          : fail(EIO, "systemd: " + what + ": " + result + "; see journalctl");
}

Result<std::string> SystemdManager::Bus::cgroup_of(const std::string& unit) const {
  char* object = nullptr;
  char* cgroup = nullptr;
  sd_bus_error error = SD_BUS_ERROR_NULL;
  int got = library.path_encode("/org/freedesktop/systemd1/unit", unit.c_str(), &object);
  if (got >= 0) {
    got = library.get_property_string(bus, kSystemdDestination, object, "org.freedesktop.systemd1.Scope",
                                      "ControlGroup", &error, &cgroup);
  }
  const std::string why = error.message != nullptr ? error.message : std::strerror(-got);
  const std::string path = got < 0 ? "" : cgroup;
  library.error_free(&error);
  std::free(object);
  std::free(cgroup);
  if (got < 0) {
    return fail(-got, "systemd: read the cgroup of " + unit + ": " + why);
  }
  if (!path.starts_with('/') || path.size() < 2) {
    return fail(EPROTO, "systemd: " + unit + " has no cgroup of its own");
  }
  return path;
}

SystemdManager::SystemdManager(std::unique_ptr<Bus> bus) : bus_(std::move(bus)) {}
SystemdManager::SystemdManager(SystemdManager&&) noexcept = default;
SystemdManager::~SystemdManager() = default;

Result<SystemdManager> SystemdManager::connect() {
  auto bus = std::make_unique<Bus>();
  bus->library = TRY(load_systemd_library());
  const SystemdLibrary& library = bus->library;
  int opened = library.bus_new(&bus->bus);
  opened = opened < 0 ? opened : library.set_address(bus->bus, kPrivateAddress);
  opened = opened < 0 ? opened : library.start(bus->bus);
  if (opened < 0) {
    // Where caisson runs in a container of its own that is given the host's message bus.
    library.flush_close_unref(bus->bus);
    bus->bus = nullptr;
    if (const int system = library.open_system(&bus->bus); system < 0) {
      return fail(-opened, std::string("--systemd-cgroup: connect to systemd at /run/systemd/private: ") +
                               std::strerror(-opened) +
                               "; without systemd let the engine use its cgroupfs manager "
                               "(podman --cgroup-manager=cgroupfs, dockerd native.cgroupdriver=cgroupfs)");
    }
  }
  const int matched = library.match_signal(bus->bus, nullptr, nullptr, kSystemdManagerPath, kSystemdManager,
                                           "JobRemoved", Bus::on_job_removed, bus.get());
  if (matched < 0) {
    return fail(-matched, std::string("systemd: listen for jobs: ") + std::strerror(-matched));
  }
  SystemdCall subscribe(library, bus->bus, "Subscribe");
  TRY(subscribe.make());
  return SystemdManager(std::move(bus));
}

Result<std::string> SystemdManager::start_scope(const ScopeName& name, const std::string& description,
                                                pid_t process, const std::vector<ScopeProperty>& properties) {
  Bus& bus = *bus_;
  SystemdCall start(bus.library, bus.bus, "StartTransientUnit");
  start.append("ss", name.unit.c_str(), "replace");
  start.open('a', "(sv)");
  start.append("(sv)", "Description", "s", description.c_str());
  start.append("(sv)", "Slice", "s", name.slice.c_str());
  start.append("(sv)", "PIDs", "au", 1, static_cast<uint32_t>(process));
  start.append("(sv)", "Delegate", "b", 1);
  start.append("(sv)", "DefaultDependencies", "b", 0);
  // A scope that fails is not to stay behind and keep its name taken.
  start.append("(sv)", "CollectMode", "s", "inactive-or-failed");
  // Engines read usage from these controllers.
  for (const char* accounting : {"CPUAccounting", "MemoryAccounting", "TasksAccounting", "IOAccounting"}) {
    start.append("(sv)", accounting, "b", 1);
  }
  for (const ScopeProperty& property : properties) start.append(property);
  start.close();
  start.append("a(sa(sv))", 0);
  TRY(start.make());
  bus.job.path = TRY(start.object_path());
  TRY(bus.await_job("start " + name.unit));

  return bus.cgroup_of(name.unit);
}

Result<void> SystemdManager::set_properties(const std::string& unit,
                                            const std::vector<ScopeProperty>& properties) {
  if (properties.empty()) {
    return {};
  }
  SystemdCall set(bus_->library, bus_->bus, "SetUnitProperties");
  set.append("sb", unit.c_str(), 1);
  set.open('a', "(sv)");
  for (const ScopeProperty& property : properties) set.append(property);
  set.close();
  return set.make();
}

Result<void> SystemdManager::stop(const std::string& unit) {
  SystemdCall stop(bus_->library, bus_->bus, "StopUnit");
  stop.append("ss", unit.c_str(), "replace");
  if (auto stopped = stop.make(); !stopped) {
    return stop.is_no_such_unit() ? Result<void>() : stopped;
  }
  bus_->job.path = TRY(stop.object_path());
  return bus_->await_job("stop " + unit);
}

}  // namespace caisson::runtime
