// SPDX-License-Identifier: Apache-2.0
// caisson do: runs a command in a VM over this host's own root file system, which it cannot change: writes go
// to a throw-away layer in the guest, but for the directories given with --rw. What else the host has mounted
// beneath its root is not shown unless named by --ro or --rw. No bundle is needed.
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "runtime/commands/command.h"
#include "runtime/commands/exec_error.h"
#include "runtime/commands/verbs.h"
#include "runtime/lifecycle/foreground.h"
#include "runtime/lifecycle/sweep.h"
#include "runtime/oci/example_config.h"
#include "runtime/oci/names.h"

namespace caisson::runtime {
namespace {

using Json = nlohmann::ordered_json;

std::string unused_id() {
  uint64_t number = 0;
  // Without entropy two could collide: then the second is refused by its directory.
  if (::getrandom(&number, sizeof(number), 0) != static_cast<ssize_t>(sizeof(number))) {
    number = static_cast<uint64_t>(::getpid());
  }
  return "do-" + std::to_string(number);
}

// In its own VM a command may be root with every capability; the host is out of its reach all the same.
Json all_capabilities() {
  Json names = Json::array();
  for (const oci::Name& capability : oci::capability_names()) names.push_back(capability.name);
  return names;
}

// Whether `path` is on the same mount as the root: only that is shown.
bool is_on_root_mount(const std::string& path) {
  struct statx root {};
  struct statx there {};
  return ::statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &root) == 0 &&
         ::statx(AT_FDCWD, path.c_str(), 0, STATX_MNT_ID, &there) == 0 && root.stx_mnt_id == there.stx_mnt_id;
}

class Do final : public Command {
 public:
  void declare(Options options) override {
    options.texts("--rw", writable_, "Directory that is the host's own and may be written; may be repeated");
    options.texts("--ro", readable_,
                  "Directory on another mount than / that is shown too, read-only; may be repeated");
    options.text("--memory", memory_, "Guest memory, such as 512M");
    options.text("--cpus", cpus_, "Number of CPUs (default: 1)");
    options.text("--rootfs", rootfs_, "Directory to show as / (default: /)");
    options.text("--cwd", cwd_, "Working directory (default: the current one where it exists there)");
    options.texts("-e,--env", environment_,
                  "NAME=VALUE, on top of PATH, TERM, HOME and LANG; may be repeated");
    options.flag("-t,--tty", terminal_, "Give the command a terminal");
    options.flag("--console", console_, "Put the guest kernel's messages into the log");
    options.rest(command_, "caisson do [options] -- COMMAND [ARGUMENT...]");
  }

  Result<int> run(const Globals& globals) override {
    if (command_.empty()) {
      return fail(EINVAL, "no command given; usage: caisson do [options] -- COMMAND [ARGUMENT...]");
    }
    CreateRequest request;
    request.id = unused_id();
    request.bundle = "/";
    request.config_text = TRY(config());
    request.detached = false;
    request.log = globals.log;
    request.cgroup_policy = globals.cgroup_policy();
    request.ephemeral_overlay = true;
    request.shared_root = true;
    request.keep = false;
    sweep(globals.state_root());
    auto code = run_container(globals.state_root(), request);
    return code ? std::move(code) : exec_exit_code(std::move(code).error());
  }

 private:
  static Result<Json> bind(const std::string& option, const std::string& directory,
                           const std::string& access) {
    std::error_code error;
    const std::string path = std::filesystem::canonical(directory, error).string();
    if (error) {
      return fail_errno("open " + option + " " + directory, error.value());
    }
    return Json{{"destination", path}, {"type", "bind"}, {"source", path}, {"options", {"rbind", access}}};
  }

  // `mounts` are those every container has.
  Result<Json> with_own_mounts(Json mounts) const {
    mounts.push_back(
        {{"destination", "/tmp"}, {"type", "tmpfs"}, {"source", "tmpfs"}, {"options", {"mode=1777"}}});
    for (const std::string& directory : readable_) {
      mounts.push_back(TRY(bind("--ro", directory, "ro")));
    }
    for (const std::string& directory : writable_) {
      mounts.push_back(TRY(bind("--rw", directory, "rw")));
    }
    return mounts;
  }

  std::string working_directory() const {
    if (!cwd_.empty()) return cwd_;
    std::error_code error;
    std::string here = std::filesystem::current_path(error).string();
    for (const auto* shown : {&readable_, &writable_}) {
      if (std::find(shown->begin(), shown->end(), here) != shown->end()) return here;
    }
    // The guest's own file systems hide what the host has there.
    for (const char* hidden : {"/tmp", "/proc", "/sys", "/dev"}) {
      if (here.starts_with(hidden)) return "/";
    }
    if (!is_on_root_mount(here)) return "/";
    return error || rootfs_ != "/" ? "/" : here;
  }

  Json environment() const {
    Json list = Json::array();
    const char* path = ::getenv("PATH");
    list.push_back(std::string("PATH=") +
                   (path != nullptr ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
    list.push_back("HOME=/root");
    for (const char* name : {"TERM", "LANG"}) {
      if (const char* value = ::getenv(name)) list.push_back(std::string(name) + "=" + value);
    }
    for (const std::string& variable : environment_) list.push_back(variable);
    return list;
  }

  Result<std::string> config() const {
    Json document = oci::example_document(oci::ExampleKind::privileged, 0, 0);
    std::error_code error;
    const std::string rootfs = std::filesystem::canonical(rootfs_, error).string();
    if (error) {
      return fail_errno("open --rootfs " + rootfs_, error.value());
    }
    document["root"] = {{"path", rootfs}, {"readonly", false}};
    document["mounts"] = TRY(with_own_mounts(std::move(document["mounts"])));
    Json& process = document["process"];
    process["terminal"] = terminal_;
    process["args"] = command_;
    process["env"] = environment();
    process["cwd"] = working_directory();
    const Json capabilities = all_capabilities();
    process["capabilities"] = {
        {"bounding", capabilities}, {"effective", capabilities}, {"permitted", capabilities}};
    process["noNewPrivileges"] = false;
    process.erase("rlimits");
    document["linux"].erase("maskedPaths");
    document["linux"].erase("readonlyPaths");
    document["linux"].erase("resources");
    Json annotations = Json::object();
    if (!memory_.empty()) annotations["org.caisson.memory"] = memory_;
    if (!cpus_.empty()) annotations["org.caisson.cpus"] = cpus_;
    if (console_) annotations["org.caisson.console"] = "true";
    document["annotations"] = std::move(annotations);
    return document.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  std::vector<std::string> readable_;
  std::vector<std::string> writable_;
  std::vector<std::string> environment_;
  std::vector<std::string> command_;
  std::string memory_;
  std::string cpus_;
  std::string rootfs_ = "/";
  std::string cwd_;
  bool terminal_ = false;
  bool console_ = false;
};

}  // namespace

std::unique_ptr<Command> make_do() {
  return std::make_unique<Do>();
}

}  // namespace caisson::runtime
