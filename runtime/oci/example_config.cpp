// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/example_config.h"

#include <nlohmann/json.hpp>

#include "runtime/oci/version.h"

namespace caisson::runtime::oci {
namespace {

using Json = nlohmann::ordered_json;

Json capability_set() {
  return Json::array({"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"});
}

Json process() {
  return {
      {"terminal", true},
      {"user", {{"uid", 0}, {"gid", 0}}},
      {"args", Json::array({"sh"})},
      {"env",
       Json::array({"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"})},
      {"cwd", "/"},
      {"capabilities",
       {{"bounding", capability_set()}, {"effective", capability_set()}, {"permitted", capability_set()}}},
      {"rlimits", Json::array({{{"type", "RLIMIT_NOFILE"}, {"hard", 1024}, {"soft", 1024}}})},
      {"noNewPrivileges", true}};
}

Json mount(const char* destination, const char* type, const char* source, Json options = Json::array()) {
  Json entry = {{"destination", destination}, {"type", type}, {"source", source}};
  if (!options.empty()) {
    entry["options"] = std::move(options);
  }
  return entry;
}

Json mounts() {
  Json list = Json::array();
  list.push_back(mount("/proc", "proc", "proc"));
  list.push_back(mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}));
  list.push_back(mount("/dev/pts", "devpts", "devpts",
                       {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}));
  list.push_back(
      mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}));
  list.push_back(mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}));
  list.push_back(mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}));
  list.push_back(
      mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}));
  return list;
}

}  // namespace

Json example_document(ExampleKind kind, uint32_t uid, uint32_t gid) {
  Json namespaces = Json::array();
  for (const char* type : {"pid", "network", "ipc", "uts", "mount", "cgroup"}) {
    namespaces.push_back({{"type", type}});
  }
  Json linux_config = {
      {"resources", {{"devices", Json::array({{{"allow", false}, {"access", "rwm"}}})}}},
      {"namespaces", namespaces},
      {"maskedPaths",
       {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
        "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"}},
      {"readonlyPaths", {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}}};
  if (kind == ExampleKind::rootless) {
    linux_config["uidMappings"] = Json::array({{{"containerID", 0}, {"hostID", uid}, {"size", 1}}});
    linux_config["gidMappings"] = Json::array({{{"containerID", 0}, {"hostID", gid}, {"size", 1}}});
    linux_config["namespaces"].push_back({{"type", "user"}});
    linux_config.erase("resources");
  }
  return {{"ociVersion", kSpecificationVersion},
          {"process", process()},
          {"root", {{"path", "rootfs"}, {"readonly", true}}},
          {"hostname", "caisson"},
          {"mounts", mounts()},
          {"linux", linux_config}};
}

std::string example_config(ExampleKind kind, uint32_t uid, uint32_t gid) {
  return example_document(kind, uid, gid).dump(1, '\t') + "\n";
}

}  // namespace caisson::runtime::oci
