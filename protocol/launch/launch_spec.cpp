// SPDX-License-Identifier: Apache-2.0
#include "protocol/launch/launch_spec.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "common/harmless.h"

namespace caisson {
namespace {

using Json = nlohmann::json;

// LIMIT: a message with the last lines of a guest's console is some 4 KiB.
constexpr size_t kMostMessageBytes = 16384;

constexpr std::string_view kHypervisorNames[] = {"auto", "kvm", "qemu"};
constexpr std::string_view kStdioNames[] = {"none", "streams", "joined", "terminal"};

// Reads fields of one object; the first missing or ill-typed one makes the whole document bad.
class Reader {
 public:
  Reader(const Json& object, std::string what) : object_(object), what_(std::move(what)) {}

  template <typename T>
  Result<void> read(const char* key, T& out) const {
    const auto found = object_.find(key);
    if (found == object_.end()) {
      return bad(key, "is missing");
    }
    if constexpr (std::is_same_v<T, bool>) {
      if (!found->is_boolean()) return bad(key, "is not a boolean");
      out = found->template get<bool>();
    } else if constexpr (std::is_integral_v<T>) {
      if (!found->is_number_integer()) return bad(key, "is not an integer");
      if (!found->is_number_unsigned() && found->template get<int64_t>() < 0) return bad(key, "is negative");
      if (found->template get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<T>::max())) {
        return bad(key, "is too large");
      }
      out = found->template get<T>();
    } else {
      if (!found->is_string()) return bad(key, "is not a string");
      out = found->template get<std::string>();
    }
    return {};
  }

  template <typename Enum, size_t N>
  Result<void> read_name(const char* key, const std::string_view (&names)[N], Enum& out) const {
    std::string name;
    TRY(read(key, name));
    for (size_t i = 0; i < N; ++i) {
      if (names[i] == name) {
        out = static_cast<Enum>(i);
        return {};
      }
    }
    return bad(key, "has unknown value \"" + name + "\"");
  }

 private:
  [[nodiscard]] tl::unexpected<Error> bad(const char* key, const std::string& why) const {
    return fail(EINVAL, "read " + what_ + ": " + key + " " + why);
  }

  const Json& object_;
  std::string what_;
};

Result<Json> parse_object(std::string_view text, const char* what) {
  Json document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) {
    return fail(EINVAL, std::string("read ") + what + ": not a JSON object");
  }
  return document;
}

std::string dump(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<LaunchSpec::Export> parse_export(const Json& object) {
  if (!object.is_object()) {
    return fail(EINVAL, "read launch document: exports[] is not an object");
  }
  LaunchSpec::Export parsed;
  const Reader reader(object, "launch document: exports[]");
  TRY(reader.read("name", parsed.name));
  TRY(reader.read("fd", parsed.fd));
  TRY(reader.read("read_only", parsed.read_only));
  TRY(reader.read("writable_beneath", parsed.writable_beneath));
  TRY(reader.read("recursive", parsed.recursive));
  TRY(reader.read("socket_port", parsed.socket_port));
  TRY(reader.read("exclusive", parsed.exclusive));
  TRY(reader.read("detached", parsed.detached));
  return parsed;
}

Result<LaunchSpec::Inherited> parse_inherited(const Json& object) {
  if (!object.is_object()) {
    return fail(EINVAL, "read launch document: inherited[] is not an object");
  }
  LaunchSpec::Inherited parsed;
  const Reader reader(object, "launch document: inherited[]");
  TRY(reader.read("number", parsed.number));
  TRY(reader.read("fd", parsed.fd));
  TRY(reader.read("reads", parsed.reads));
  TRY(reader.read("writes", parsed.writes));
  return parsed;
}

Result<LaunchSpec::ServiceManager> parse_service_manager(const Json& object) {
  if (!object.is_object()) {
    return fail(EINVAL, "read launch document: service_manager is not an object");
  }
  LaunchSpec::ServiceManager parsed;
  const Reader reader(object, "launch document: service_manager");
  TRY(reader.read("fd", parsed.fd));
  TRY(reader.read("main_pid", parsed.main_pid));
  return parsed;
}

Result<LaunchSpec::ViewMount> parse_view_mount(const Json& object) {
  if (!object.is_object()) {
    return fail(EINVAL, "read launch document: view[] is not an object");
  }
  LaunchSpec::ViewMount parsed;
  const Reader reader(object, "launch document: view[]");
  TRY(reader.read("destination", parsed.destination));
  TRY(reader.read("export_name", parsed.export_name));
  return parsed;
}

}  // namespace

std::string to_json(const LaunchSpec& spec) {
  Json exports = Json::array();
  for (const LaunchSpec::Export& entry : spec.exports) {
    exports.push_back({{"name", entry.name},
                       {"fd", entry.fd},
                       {"read_only", entry.read_only},
                       {"writable_beneath", entry.writable_beneath},
                       {"recursive", entry.recursive},
                       {"socket_port", entry.socket_port},
                       {"exclusive", entry.exclusive},
                       {"detached", entry.detached}});
  }
  Json view = Json::array();
  for (const LaunchSpec::ViewMount& entry : spec.view) {
    view.push_back({{"destination", entry.destination}, {"export_name", entry.export_name}});
  }
  Json inherited = Json::array();
  for (const LaunchSpec::Inherited& entry : spec.inherited) {
    inherited.push_back(
        {{"number", entry.number}, {"fd", entry.fd}, {"reads", entry.reads}, {"writes", entry.writes}});
  }
  Json service_manager;  // null
  if (spec.service_manager) {
    service_manager = {{"fd", spec.service_manager->fd}, {"main_pid", spec.service_manager->main_pid}};
  }
  return dump({{"id", spec.id},
               {"state_directory", spec.state_directory},
               {"output_directory", spec.output_directory},
               {"hypervisor", kHypervisorNames[static_cast<size_t>(spec.hypervisor)]},
               {"cpus", spec.cpus},
               {"memory_bytes", spec.memory_bytes},
               {"max_cpus", spec.max_cpus},
               {"max_memory_bytes", spec.max_memory_bytes},
               {"kernel", spec.kernel},
               {"initramfs", spec.initramfs},
               {"extra_kernel_arguments", spec.extra_kernel_arguments},
               {"console", spec.console},
               {"count_instructions", spec.count_instructions},
               {"users_first", spec.users.first},
               {"users_last", spec.users.last},
               {"hang_seconds", spec.hang_seconds},
               {"clock_ticks", spec.clock.ticks},
               {"clock_nanoseconds", spec.clock.nanoseconds},
               {"exports", exports},
               {"view", view},
               {"stdio", kStdioNames[static_cast<size_t>(spec.stdio)]},
               {"init_process", spec.init_process},
               {"inherited", inherited},
               {"service_manager", service_manager},
               {"memory_cgroup", spec.memory_cgroup},
               {"log_path", spec.log.path},
               {"log_json", spec.log.format == LogFormat::json},
               {"log_debug", spec.log.debug}});
}

Result<LaunchSpec> parse_launch_spec(std::string_view json) {
  const Json document = TRY(parse_object(json, "launch document"));
  const Reader reader(document, "launch document");
  LaunchSpec spec;
  bool log_json = false;
  TRY(reader.read("id", spec.id));
  TRY(reader.read("state_directory", spec.state_directory));
  TRY(reader.read("output_directory", spec.output_directory));
  TRY(reader.read_name("hypervisor", kHypervisorNames, spec.hypervisor));
  TRY(reader.read("cpus", spec.cpus));
  TRY(reader.read("memory_bytes", spec.memory_bytes));
  TRY(reader.read("max_cpus", spec.max_cpus));
  TRY(reader.read("max_memory_bytes", spec.max_memory_bytes));
  TRY(reader.read("kernel", spec.kernel));
  TRY(reader.read("initramfs", spec.initramfs));
  TRY(reader.read("extra_kernel_arguments", spec.extra_kernel_arguments));
  TRY(reader.read("console", spec.console));
  TRY(reader.read("count_instructions", spec.count_instructions));
  TRY(reader.read("users_first", spec.users.first));
  TRY(reader.read("users_last", spec.users.last));
  TRY(reader.read("hang_seconds", spec.hang_seconds));
  TRY(reader.read("clock_ticks", spec.clock.ticks));
  TRY(reader.read("clock_nanoseconds", spec.clock.nanoseconds));
  TRY(reader.read_name("stdio", kStdioNames, spec.stdio));
  TRY(reader.read("init_process", spec.init_process));
  TRY(reader.read("memory_cgroup", spec.memory_cgroup));
  TRY(reader.read("log_path", spec.log.path));
  TRY(reader.read("log_json", log_json));
  TRY(reader.read("log_debug", spec.log.debug));
  spec.log.format = log_json ? LogFormat::json : LogFormat::text;
  const auto inherited = document.find("inherited");
  if (inherited == document.end() || !inherited->is_array()) {
    return fail(EINVAL, "read launch document: inherited is not an array");
  }
  for (const Json& entry : *inherited) {
    spec.inherited.push_back(TRY(parse_inherited(entry)));
  }
  const auto service_manager = document.find("service_manager");
  if (service_manager == document.end()) {
    return fail(EINVAL, "read launch document: service_manager is missing");
  }
  if (!service_manager->is_null()) {
    spec.service_manager = TRY(parse_service_manager(*service_manager));
  }
  const auto exports = document.find("exports");
  if (exports == document.end() || !exports->is_array()) {
    return fail(EINVAL, "read launch document: exports is not an array");
  }
  for (const Json& entry : *exports) {
    spec.exports.push_back(TRY(parse_export(entry)));
  }
  const auto view = document.find("view");
  if (view == document.end() || !view->is_array()) {
    return fail(EINVAL, "read launch document: view is not an array");
  }
  for (const Json& entry : *view) {
    spec.view.push_back(TRY(parse_view_mount(entry)));
  }
  return spec;
}

std::string to_json(const LaunchStatus& status) {
  return dump({{"ready", status.ready},
               {"error_code", status.error.code},
               {"error", status.error.message},
               {"machine", status.machine},
               {"announcement", status.announcement},
               {"agent_version", status.agent_version},
               {"kernel_release", status.kernel_release},
               {"agent_tsc_at_start", status.agent_tsc_at_start},
               {"agent_tsc_at_ready", status.agent_tsc_at_ready}});
}

Result<LaunchStatus> parse_launch_status(std::string_view json) {
  const Json document = TRY(parse_object(json, "launch status"));
  const Reader reader(document, "launch status");
  LaunchStatus status;
  TRY(reader.read("ready", status.ready));
  TRY(reader.read("error_code", status.error.code));
  // Quotes the guest, and comes from a process that faces it.
  TRY(reader.read("error", status.error.message));
  TRY(reader.read("machine", status.machine));
  TRY(reader.read("announcement", status.announcement));
  TRY(reader.read("agent_version", status.agent_version));
  TRY(reader.read("kernel_release", status.kernel_release));
  TRY(reader.read("agent_tsc_at_start", status.agent_tsc_at_start));
  TRY(reader.read("agent_tsc_at_ready", status.agent_tsc_at_ready));
  status.error.message = harmless(status.error.message, kMostMessageBytes, Lines::many);
  for (std::string* word :
       {&status.machine, &status.announcement, &status.agent_version, &status.kernel_release}) {
    *word = harmless(*word);
  }
  // It goes on record, and a guest has run by then.
  if (status.ready && status.machine != "kvm" && status.machine != "qemu") {
    return fail(EPROTO, "read launch status: machine is neither kvm nor qemu");
  }
  return status;
}

}  // namespace caisson
