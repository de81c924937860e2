// SPDX-License-Identifier: Apache-2.0
#include "tests/support/agent_on_host.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <array>
#include <cstring>

#include "protocol/agent/event_reader.h"

namespace caisson::test {
namespace {

constexpr const char* kBusybox = "/bin/busybox";

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return address;
}

void add_mount(agent::v1::CreateContainerRequest& request, const char* destination, const char* type,
               uint64_t flags, const char* data) {
  auto* mount = request.add_mounts();
  mount->set_destination(destination);
  mount->set_type(type);
  mount->set_source(type);
  mount->set_flags(flags);
  mount->set_data(data);
}

}  // namespace

std::string why_no_agent_on_host() {
  if (::geteuid() != 0) {
    return "running the agent on this host needs root";
  }
  if (::access(kBusybox, X_OK) != 0) {
    return "no /bin/busybox: run scripts/bootstrap test";
  }
  return {};
}

Result<std::unique_ptr<AgentOnHost>> AgentOnHost::start(const std::string& program) {
  std::unique_ptr<AgentOnHost> agent(new AgentOnHost);
  TRY(agent->lay_out());
  TRY(agent->spawn(program));
  agent->events_.reset(::accept4(agent->events_listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!agent->events_) {
    return fail_errno("accept the agent's event stream");
  }
  if (!TRY(agent->next_event()).has_ready()) {
    return fail(EPROTO, "the agent's first event is not Ready");
  }
  return agent;
}

AgentOnHost::~AgentOnHost() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);  // unshare --kill-child takes the agent with it
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  if (!directory_.empty()) {
    std::filesystem::remove_all(directory_, ignored);
  }
}

Result<void> AgentOnHost::lay_out() {
  std::string pattern = "/tmp/caisson-agent.XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    return fail_errno("make directory");
  }
  directory_ = pattern;
  std::filesystem::permissions(directory_, std::filesystem::perms{0755});
  for (const char* name : {"bin", "proc", "sys", "dev", "etc", "tmp", "root"}) {
    std::filesystem::create_directories(rootfs() / name);
  }
  std::filesystem::copy_file(kBusybox, rootfs() / "bin/busybox");
  for (const char* name :
       {"sh",     "cat",  "echo", "id",    "ls",     "sleep", "stat",     "stty",     "true", "mount",
        "grep",   "head", "dd",   "touch", "tty",    "wc",    "hostname", "readlink", "kill", "trap",
        "printf", "env",  "pwd",  "test",  "md5sum", "mkdir", "ps",       "seq"}) {
    std::filesystem::create_symlink("busybox", rootfs() / "bin" / name);
  }
  events_listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(directory_ / "events");
  if (::bind(events_listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0 ||
      ::listen(events_listener_.get(), 1) < 0) {
    return fail_errno("listen for the agent's events");
  }
  return {};
}

Result<void> AgentOnHost::spawn(const std::string& program) {
  const std::string at = directory_.string();
  // Whatever ends the test ends unshare(1), which ends the agent. An agent that is wrong may change the
  // devices that it gives to containers: they are its own here, not the host's.
  static constexpr const char* kWithDevices = R"(
    mkdir "$1" && mount -t tmpfs -o mode=755 devices "$1" || exit
    for device in 'null c 1 3' 'zero c 1 5' 'full c 1 7' 'random c 1 8' 'urandom c 1 9' 'tty c 5 0'; do
      mknod -m 666 "$1"/$device && mount --bind "$1/${device%% *}" "/dev/${device%% *}" || exit
    done
    shift
    exec "$@")";
  std::vector<std::string> words = {"setpriv",
                                    "--pdeathsig",
                                    "KILL",
                                    "unshare",
                                    "--kill-child",
                                    "--fork",
                                    "--pid",
                                    "--mount",
                                    "--mount-proc",
                                    "--propagation",
                                    "private",
                                    "sh",
                                    "-c",
                                    kWithDevices,
                                    "sh",
                                    at + "/devices",
                                    program,
                                    "--rpc",
                                    "unix:" + at + "/rpc",
                                    "--streams",
                                    "unix:" + at + "/streams",
                                    "--events",
                                    "unix:" + at + "/events",
                                    "--exports",
                                    at + "/exports",
                                    "--run",
                                    at + "/run",
                                    "--cgroups",
                                    ""};
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  const int code = ::posix_spawnp(&pid_, "setpriv", nullptr, nullptr, argv.data(), environ);
  return code == 0 ? Result<void>{} : fail_errno("spawn setpriv", code);
}

Result<UniqueFd> AgentOnHost::dial(const char* name) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(directory_ / name);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0) {
    return fail_errno("connect");
  }
  return fd;
}

Result<agent::AgentClient> AgentOnHost::connect() {
  return agent::AgentClient(TRY(dial("rpc")));
}

Result<UniqueFd> AgentOnHost::open_stream(agent::StreamKind kind, uint64_t process) {
  UniqueFd fd = TRY(dial("streams"));
  const agent::StreamHello hello{.kind = kind, .process = process};
  if (::send(fd.get(), &hello, sizeof(hello), MSG_NOSIGNAL) != static_cast<ssize_t>(sizeof(hello))) {
    return fail_errno("send hello");
  }
  return fd;
}

Result<agent::v1::AgentEvent> AgentOnHost::next_event() {
  agent::EventReader reader;
  reader.feed(event_bytes_);
  agent::v1::AgentEvent event;
  while (!TRY(reader.next(event))) {
    std::array<char, 4096> chunk{};
    const ssize_t n = ::recv(events_.get(), chunk.data(), chunk.size(), 0);
    if (n <= 0) {
      return fail_errno("read event", EPIPE);
    }
    const std::string_view bytes(chunk.data(), static_cast<size_t>(n));
    reader.feed(bytes);
    event_bytes_ += bytes;
  }
  event_bytes_.erase(0, 4 + event.ByteSizeLong());
  return event;
}

agent::v1::CreateContainerRequest container_request(const std::string& id, uint64_t process,
                                                    const std::vector<std::string>& args) {
  // chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, net_raw,
  // sys_chroot, mknod, audit_write, setfcap: what engines give by default.
  constexpr uint64_t kCapabilities = 0xa80425fb;
  agent::v1::CreateContainerRequest request;
  request.set_container(id);
  request.set_process(process);
  agent::v1::Process& init = *request.mutable_init();
  init.mutable_args()->Assign(args.begin(), args.end());
  init.add_env("PATH=/bin");
  init.set_cwd("/");
  init.set_no_new_privileges(true);
  init.set_attach_stdin(true);
  init.set_attach_stdout(true);
  init.set_attach_stderr(true);
  init.mutable_capabilities()->set_bounding(kCapabilities);
  init.mutable_capabilities()->set_effective(kCapabilities);
  init.mutable_capabilities()->set_permitted(kCapabilities);
  request.mutable_root()->set_export_name("rootfs");
  request.set_hostname("box");
  for (const int kind : {CLONE_NEWPID, CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUTS}) {
    request.add_namespaces()->set_kind(static_cast<unsigned>(kind));
  }
  add_mount(request, "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "");
  add_mount(request, "/dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
  add_mount(request, "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
            "newinstance,ptmxmode=0666,mode=0620,gid=5");
  add_mount(request, "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=65536k");
  for (const char* path : {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi"}) {
    request.add_masked_paths(path);
  }
  for (const char* path : {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}) {
    request.add_readonly_paths(path);
  }
  return request;
}

std::string read_all(const UniqueFd& fd) {
  std::string text;
  std::array<char, 65536> chunk{};
  while (true) {
    const ssize_t n = ::read(fd.get(), chunk.data(), chunk.size());
    if (n <= 0) {
      return text;
    }
    text.append(chunk.data(), static_cast<size_t>(n));
  }
}

}  // namespace caisson::test
