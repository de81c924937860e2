// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/systemd_manager.h"

#include <dlfcn.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <type_traits>

namespace caisson::runtime {
namespace {

constexpr const char* kLibrary = "libsystemd.so.0";
// Only root may use it, and it needs no message bus: systemd's own socket.
constexpr const char* kPrivateAddress = "unix:path=/run/systemd/private";
constexpr const char* kDestination = "org.freedesktop.systemd1";
constexpr const char* kManagerPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr const char* kNoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";
// A busy host's systemd may be reloading.
constexpr std::chrono::seconds kPatience{30};

// The functions we use, found once.
struct Library {
  decltype(&::sd_bus_new) bus_new;
  decltype(&::sd_bus_set_address) set_address;
  decltype(&::sd_bus_start) start;
  decltype(&::sd_bus_open_system) open_system;
  decltype(&::sd_bus_flush_close_unref) flush_close_unref;
  decltype(&::sd_bus_match_signal) match_signal;
  decltype(&::sd_bus_process) process;
  decltype(&::sd_bus_wait) wait;
  decltype(&::sd_bus_call) call;
  decltype(&::sd_bus_message_new_method_call) new_method_call;
  decltype(&::sd_bus_message_unref) message_unref;
  decltype(&::sd_bus_message_append) append;
  decltype(&::sd_bus_message_append_array) append_array;
  decltype(&::sd_bus_message_open_container) open_container;
  decltype(&::sd_bus_message_close_container) close_container;
  decltype(&::sd_bus_message_read) read;
  decltype(&::sd_bus_error_free) error_free;
  decltype(&::sd_bus_get_property_string) get_property_string;
  decltype(&::sd_bus_path_encode) path_encode;
};

template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

Result<Library> load_library() {
  void* library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return fail(ENOTSUP, std::string("--systemd-cgroup: needs ") + kLibrary +
                             " (package libsystemd0): " + ::dlerror());
  }
  Library found{};
  const bool whole =
      find(library, "sd_bus_new", found.bus_new) && find(library, "sd_bus_set_address", found.set_address) &&
      find(library, "sd_bus_start", found.start) && find(library, "sd_bus_open_system", found.open_system) &&
      find(library, "sd_bus_flush_close_unref", found.flush_close_unref) &&
      find(library, "sd_bus_match_signal", found.match_signal) &&
      find(library, "sd_bus_process", found.process) && find(library, "sd_bus_wait", found.wait) &&
      find(library, "sd_bus_call", found.call) &&
      find(library, "sd_bus_message_new_method_call", found.new_method_call) &&
      find(library, "sd_bus_message_unref", found.message_unref) &&
      find(library, "sd_bus_message_append", found.append) &&
      find(library, "sd_bus_message_append_array", found.append_array) &&
      find(library, "sd_bus_message_open_container", found.open_container) &&
      find(library, "sd_bus_message_close_container", found.close_container) &&
      find(library, "sd_bus_message_read", found.read) &&
      find(library, "sd_bus_error_free", found.error_free) &&
      find(library, "sd_bus_get_property_string", found.get_property_string) &&
      find(library, "sd_bus_path_encode", found.path_encode);
  return whole ? Result<Library>(found)
               : fail(ENOTSUP, std::string("--systemd-cgroup: ") + kLibrary + " is too old");
}

// What a job's end looks like: JobRemoved(u id, o job, s unit, s result).
struct Job {
  std::string path;    // of the one that is waited for; empty: not known yet
  std::string result;  // "done" when it went well; empty: under way
  std::vector<std::pair<std::string, std::string>> ended;  // before the path was known
};

}  // namespace

struct SystemdManager::Bus {
  Library library{};
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

namespace {

// One call: the message while it is filled, then the answer. Any step that fails makes call() fail.
class Call {
 public:
  Call(const Library& library, sd_bus* bus, const char* method)
      : library_(library), bus_(bus), method_(method) {
    note(library_.new_method_call(bus, &message_, kDestination, kManagerPath, kManager, method));
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    library_.message_unref(message_);
    library_.message_unref(reply_);
    library_.error_free(&error_);
  }

  template <typename... Values>
  void append(const char* types, Values... values) {
    if (failure_ >= 0) {
      note(library_.append(message_, types, values...));
    }
  }

  void append(const ScopeProperty& property) {
    if (const auto* bytes = std::get_if<std::vector<uint8_t>>(&property.value)) {
      append_bytes(property.name, *bytes);
    } else if (const auto* number = std::get_if<uint64_t>(&property.value)) {
      append("(sv)", property.name.c_str(), "t", *number);
    } else if (const auto* flag = std::get_if<bool>(&property.value)) {
      append("(sv)", property.name.c_str(), "b", static_cast<int>(*flag));
    } else {
      append("(sv)", property.name.c_str(), "s", std::get<std::string>(property.value).c_str());
    }
  }

  void open(char type, const char* contents) {
    if (failure_ >= 0) {
      note(library_.open_container(message_, type, contents));
    }
  }
  void close() {
    if (failure_ >= 0) {
      note(library_.close_container(message_));
    }
  }

  Result<void> make() {
    if (failure_ >= 0) {
      constexpr auto kTimeout = std::chrono::microseconds(kPatience).count();
      note(library_.call(bus_, message_, static_cast<uint64_t>(kTimeout), &error_, &reply_));
    }
    if (failure_ < 0) {
      return fail(-failure_, std::string("systemd: ") + method_ + ": " +
                                 (error_.message != nullptr ? error_.message : std::strerror(-failure_)));
    }
    return {};
  }

  Result<std::string> object_path() {
    const char* path = nullptr;
    const int read = library_.read(reply_, "o", &path);
    return read > 0 ? Result<std::string>(path)
                    : fail(EPROTO, std::string("systemd: ") + method_ + ": bad answer");
  }

  [[nodiscard]] bool is_no_such_unit() const {
    return error_.name != nullptr && std::strcmp(error_.name, kNoSuchUnit) == 0;
  }

 private:
  void note(int outcome) { failure_ = outcome < 0 && failure_ >= 0 ? outcome : failure_; }

  void append_bytes(const std::string& name, const std::vector<uint8_t>& bytes) {
    open('r', "sv");
    append("s", name.c_str());
    open('v', "ay");
    if (failure_ >= 0) {
      note(library_.append_array(message_, 'y', bytes.data(), bytes.size()));
    }
    close();
    close();
  }

  const Library& library_;
  sd_bus* bus_;
  const char* method_;
  sd_bus_message* message_ = nullptr;
  sd_bus_message* reply_ = nullptr;
  sd_bus_error error_ = SD_BUS_ERROR_NULL;
  int failure_ = 0;
};

}  // namespace

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
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
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
      return fail(ETIMEDOUT,
                  "systemd: " + what + ": not done within " + std::to_string(kPatience.count()) + " s");
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
    got = library.get_property_string(bus, kDestination, object, "org.freedesktop.systemd1.Scope",
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
  bus->library = TRY(load_library());
  const Library& library = bus->library;
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
  const int matched = library.match_signal(bus->bus, nullptr, nullptr, kManagerPath, kManager, "JobRemoved",
                                           Bus::on_job_removed, bus.get());
  if (matched < 0) {
    return fail(-matched, std::string("systemd: listen for jobs: ") + std::strerror(-matched));
  }
  Call subscribe(library, bus->bus, "Subscribe");
  TRY(subscribe.make());
  return SystemdManager(std::move(bus));
}

Result<std::string> SystemdManager::start_scope(const ScopeName& name, const std::string& description,
                                                pid_t process, const std::vector<ScopeProperty>& properties) {
  Bus& bus = *bus_;
  Call start(bus.library, bus.bus, "StartTransientUnit");
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
  Call set(bus_->library, bus_->bus, "SetUnitProperties");
  set.append("sb", unit.c_str(), 1);
  set.open('a', "(sv)");
  for (const ScopeProperty& property : properties) set.append(property);
  set.close();
  return set.make();
}

Result<void> SystemdManager::stop(const std::string& unit) {
  Call stop(bus_->library, bus_->bus, "StopUnit");
  stop.append("ss", unit.c_str(), "replace");
  if (auto stopped = stop.make(); !stopped) {
    return stop.is_no_such_unit() ? Result<void>() : stopped;
  }
  bus_->job.path = TRY(stop.object_path());
  return bus_->await_job("stop " + unit);
}

}  // namespace caisson::runtime
