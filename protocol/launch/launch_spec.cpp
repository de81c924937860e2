// SPDX-License-Identifier: Apache-2.0
#include "protocol/launch/launch_spec.h"

#include "common/harmless.h"
#include "protocol/launch/document.h"

namespace caisson {

// One table for each type, used both ways. Found by the types' names, so outside the unnamed namespace.

template <typename Fields>
void describe(Fields& fields, LaunchSpec::Export& entry) {
  fields("name", entry.name);
  fields("fd", entry.fd);
  fields("read_only", entry.read_only);
  fields("writable_beneath", entry.writable_beneath);
  fields("recursive", entry.recursive);
  fields("socket_port", entry.socket_port);
  fields("exclusive", entry.exclusive);
  fields("detached", entry.detached);
}

template <typename Fields>
void describe(Fields& fields, LaunchSpec::ViewMount& entry) {
  fields("destination", entry.destination);
  fields("export_name", entry.export_name);
}

template <typename Fields>
void describe(Fields& fields, LaunchSpec::Preserved& entry) {
  fields("number", entry.number);
  fields("fd", entry.fd);
  fields("reads", entry.reads);
  fields("writes", entry.writes);
}

template <typename Fields>
void describe(Fields& fields, LaunchSpec::Served& entry) {
  fields("name", entry.name);
  fields("fd", entry.fd);
}

template <typename Fields>
void describe(Fields& fields, LaunchSpec::Stdio& stdio) {
  fields("terminal", stdio.terminal);
  fields("input", stdio.input);
  fields("output", stdio.output);
  fields("error", stdio.error);
  fields("error_is_output", stdio.error_is_output);
}

template <typename Fields>
void describe(Fields& fields, LaunchSpec::ServiceManager& manager) {
  fields("fd", manager.fd);
  fields("main_pid", manager.main_pid);
}

template <typename Fields>
void describe(Fields& fields, UserRange& users) {
  fields("first", users.first);
  fields("last", users.last);
}

template <typename Fields>
void describe(Fields& fields, MachineSpec& machine) {
  fields("cpus", machine.cpus);
  fields("memory_bytes", machine.memory_bytes);
  fields("max_cpus", machine.max_cpus);
  fields("max_memory_bytes", machine.max_memory_bytes);
  fields("kernel", machine.kernel);
  fields("initramfs", machine.initramfs);
  fields("extra_kernel_arguments", machine.extra_kernel_arguments);
  fields("console", machine.console);
  fields("count_instructions", machine.count_instructions);
  fields("users", machine.users);
}

template <typename Fields>
void describe(Fields& fields, HostClock::Reading& clock) {
  fields("ticks", clock.ticks);
  fields("nanoseconds", clock.nanoseconds);
}

template <typename Fields>
void describe(Fields& fields, LogOptions& log) {
  constexpr std::string_view kFormats[] = {"text", "json"};
  fields("path", log.path);
  fields("format", log.format, kFormats);
  fields("debug", log.debug);
}

template <typename Fields>
void describe(Fields& fields, LaunchSpec& spec) {
  fields("id", spec.id);
  fields("state_directory", spec.state_directory);
  fields("output_directory", spec.output_directory);
  fields("hypervisor", spec.hypervisor, kHypervisorNames);
  fields("machine", spec.machine);
  fields("clock", spec.clock);
  fields("hang_seconds", spec.hang_seconds);
  fields("exports", spec.exports);
  fields("view", spec.view);
  fields("stdio", spec.stdio);
  fields("init_process", spec.init_process);
  fields("preserved", spec.preserved);
  fields("served", spec.served);
  fields("service_manager", spec.service_manager);
  fields("memory_cgroup", spec.memory_cgroup);
  fields("log", spec.log);
}

template <typename Fields>
void describe(Fields& fields, LaunchStatus& status) {
  fields("ready", status.ready);
  fields("error_code", status.error.code);
  fields("error", status.error.message);
  fields("machine", status.machine);
  fields("announcement", status.announcement);
  fields("agent_version", status.agent_version);
  fields("kernel_release", status.kernel_release);
  fields("agent_tsc_at_start", status.agent_tsc_at_start);
  fields("agent_tsc_at_ready", status.agent_tsc_at_ready);
}

namespace {

// LIMIT: a message with the last lines of a guest's console is some 4 KiB.
constexpr size_t kMostMessageBytes = 16384;

template <typename T>
std::string write(T value) {
  DocumentWriter writer;
  describe(writer, value);
  return writer.text();
}

template <typename T>
Result<T> read(std::string_view json, const char* what) {
  const nlohmann::json document = TRY(DocumentReader::parse(json, what));
  DocumentReader reader(document, what);
  T value;
  describe(reader, value);
  TRY(reader.outcome());
  return value;
}

}  // namespace

std::string to_json(const LaunchSpec& spec) {
  return write(spec);
}

Result<LaunchSpec> parse_launch_spec(std::string_view json) {
  return read<LaunchSpec>(json, "launch document");
}

std::string to_json(const LaunchStatus& status) {
  return write(status);
}

std::optional<Hypervisor> find_hypervisor(std::string_view name) {
  const auto* const found = std::ranges::find(kHypervisorNames, name);
  if (found == std::end(kHypervisorNames)) {
    return std::nullopt;
  }
  return static_cast<Hypervisor>(found - std::begin(kHypervisorNames));
}

Result<LaunchStatus> parse_launch_status(std::string_view json) {
  LaunchStatus status = TRY(read<LaunchStatus>(json, "launch status"));
  // The words of a process that faces the guest, some of them quoted from it.
  status.error.message = harmless(status.error.message, kMostMessageBytes, Lines::many);
  for (std::string* word :
       {&status.machine, &status.announcement, &status.agent_version, &status.kernel_release}) {
    *word = harmless(*word);
  }
  // It goes on record, and a guest has run by then.
  if (status.ready && status.machine != name_of(Hypervisor::kvm) &&
      status.machine != name_of(Hypervisor::qemu)) {
    return fail(EPROTO, "read launch status: machine is neither kvm nor qemu");
  }
  return status;
}

}  // namespace caisson
