// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/host_bundle.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "runtime/oci/example_config.h"
#include "runtime/oci/names.h"

namespace caisson::runtime {
namespace {

using Json = nlohmann::ordered_json;

// In its own VM a command may be root with every capability; the host is out of its reach all the same.
Json all_capabilities() {
  Json names = Json::array();
  for (const oci::Name& capability : oci::capability_names()) names.push_back(capability.name);
  return names;
}

bool is_on_root_mount(const std::string& path) {
  struct statx root {};
  struct statx there {};
  return ::statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &root) == 0 &&
         ::statx(AT_FDCWD, path.c_str(), 0, STATX_MNT_ID, &there) == 0 && root.stx_mnt_id == there.stx_mnt_id;
}

Caller this_process() {
  std::error_code error;
  return {.directory = std::filesystem::current_path(error).string(),
          .is_on_root_mount = is_on_root_mount,
          .variable = [](const char* name) -> const char* { return ::getenv(name); }};
}

Result<std::string> real_path(const std::string& option, const std::string& directory) {
  std::error_code error;
  std::string path = std::filesystem::canonical(directory, error).string();
  if (error) {
    return fail_errno("open " + option + " " + directory, error.value());
  }
  return path;
}

Result<Json> bind_mount(const std::string& option, const std::string& directory, const std::string& access) {
  const std::string path = TRY(real_path(option, directory));
  return Json{{"destination", path}, {"type", "bind"}, {"source", path}, {"options", {"rbind", access}}};
}

// `mounts` are those every container has.
Result<Json> with_own_mounts(Json mounts, const HostBundle& bundle) {
  mounts.push_back(
      {{"destination", "/tmp"}, {"type", "tmpfs"}, {"source", "tmpfs"}, {"options", {"mode=1777"}}});
  for (const std::string& directory : bundle.readable) {
    mounts.push_back(TRY(bind_mount("--ro", directory, "ro")));
  }
  for (const std::string& directory : bundle.writable) {
    mounts.push_back(TRY(bind_mount("--rw", directory, "rw")));
  }
  return mounts;
}

void fill_process(const HostBundle& bundle, Json& process) {
  const Caller caller = this_process();
  process["terminal"] = bundle.has_terminal;
  process["args"] = bundle.command;
  process["env"] = environment_of(bundle, caller);
  process["cwd"] = working_directory_of(bundle, caller);
  const Json capabilities = all_capabilities();
  process["capabilities"] = {
      {"bounding", capabilities}, {"effective", capabilities}, {"permitted", capabilities}};
  process["noNewPrivileges"] = false;
  process.erase("rlimits");
}

Json annotations_of(const HostBundle& bundle) {
  Json annotations = Json::object();
  if (!bundle.memory.empty()) annotations["org.caisson.memory"] = bundle.memory;
  if (!bundle.cpus.empty()) annotations["org.caisson.cpus"] = bundle.cpus;
  if (bundle.logs_console) annotations["org.caisson.console"] = "true";
  return annotations;
}

}  // namespace

std::string working_directory_of(const HostBundle& bundle, const Caller& caller) {
  if (!bundle.working_directory.empty()) return bundle.working_directory;
  const std::string& here = caller.directory;
  for (const auto* shown : {&bundle.readable, &bundle.writable}) {
    if (std::find(shown->begin(), shown->end(), here) != shown->end()) return here;
  }
  // The guest's own file systems hide what the host has there.
  for (const std::string hidden : {"/tmp", "/proc", "/sys", "/dev"}) {
    if (here == hidden || here.starts_with(hidden + "/")) return "/";
  }
  return here.empty() || bundle.rootfs != "/" || !caller.is_on_root_mount(here) ? "/" : here;
}

std::vector<std::string> environment_of(const HostBundle& bundle, const Caller& caller) {
  const char* path = caller.variable("PATH");
  std::vector<std::string> list = {
      std::string("PATH=") +
          (path != nullptr ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
      "HOME=/root"};
  for (const char* name : {"TERM", "LANG"}) {
    if (const char* value = caller.variable(name)) list.push_back(std::string(name) + "=" + value);
  }
  list.insert(list.end(), bundle.environment.begin(), bundle.environment.end());
  return list;
}

Result<std::string> config_over_host(const HostBundle& bundle) {
  const std::string rootfs = TRY(real_path("--rootfs", bundle.rootfs));
  Json document = oci::example_document(oci::ExampleKind::privileged, 0, 0);
  document["root"] = {{"path", rootfs}, {"readonly", false}};
  document["mounts"] = TRY(with_own_mounts(std::move(document["mounts"]), bundle));
  fill_process(bundle, document["process"]);
  document["linux"].erase("maskedPaths");
  document["linux"].erase("readonlyPaths");
  document["linux"].erase("resources");
  document["annotations"] = annotations_of(bundle);
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string throwaway_id() {
  uint64_t number = 0;
  // Without entropy two could collide: then the second is refused by its directory.
  if (::getrandom(&number, sizeof(number), 0) != static_cast<ssize_t>(sizeof(number))) {
    number = static_cast<uint64_t>(::getpid());
  }
  return "do-" + std::to_string(number);
}

}  // namespace caisson::runtime
