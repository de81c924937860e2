// SPDX-License-Identifier: Apache-2.0
// caisson-vmm: the container's process as the host sees it. Started by caisson (docs/launch.md), never by
// hand. It exits with the exit code of the container's first process, or dies as that did of a lack of
// memory.
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "common/ttrpc/parser_log.h"
#include "common/version.h"
#include "protocol/launch/launch_spec.h"
#include "vmm/sandbox/sandbox.h"

namespace caisson::vmm {
namespace {

// What is passed on to the container's first process, or follows the terminal.
constexpr std::array kForwardedSignals = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
                                          SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH};

// LIMIT: a launch document; thousands of exports fit.
constexpr off_t kMaxLaunchBytes = 4L << 20;

// LIMIT: an open file of the guest costs two descriptors here (its contents and its name); more than this
// only costs the host's kernel memory.
constexpr rlim_t kMostDescriptors = 65536;

// The caller's limits are for the container's processes, which have them in the guest; our memory is the
// guest's, and its files are the host's. The file server shares out what the soft limit of descriptors leaves
// (vmm/virtio/fs/server.cpp), and a login's 1024 is less than one database opens. Refused without
// CAP_SYS_RESOURCE: then as far as the hard limits allow.
void lift_limits() {
  for (const auto resource : {RLIMIT_AS, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_NPROC, RLIMIT_CPU}) {
    constexpr rlimit kNone{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    (void)::setrlimit(resource, &kNone);
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    const rlimit enough{.rlim_cur = std::max(limit.rlim_cur, kMostDescriptors),
                        .rlim_max = std::max(limit.rlim_max, kMostDescriptors)};
    limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kMostDescriptors));
    if (::setrlimit(RLIMIT_NOFILE, &enough) < 0) {
      (void)::setrlimit(RLIMIT_NOFILE, &limit);
    }
  }
}

Result<std::string> read_document(const UniqueFd& fd) {
  struct stat status {};
  if (::fstat(fd.get(), &status) < 0) {
    return fail_errno("read launch document");
  }
  if (status.st_size > kMaxLaunchBytes) {
    return fail(EFBIG, "read launch document: larger than 4 MiB");
  }
  std::string text(static_cast<size_t>(status.st_size), '\0');
  if (::pread(fd.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return fail_errno("read launch document");
  }
  return text;
}

// Before any thread exists, so that all inherit the mask.
Result<UniqueFd> take_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // where it could not be lifted, the guest gets EFBIG, and does not end us
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : kForwardedSignals) {
    ::sigaddset(&set, number);
  }
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) {
    return fail_errno("create signalfd");
  }
  return fd;
}

Result<Watch> watch_signals(EventLoop& loop, int fd, Sandbox& sandbox) {
  return loop.watch(fd, EPOLLIN, [fd, &sandbox](uint32_t) {
    signalfd_siginfo info{};
    while (::read(fd, &info, sizeof(info)) == sizeof(info)) {
      sandbox.on_signal(static_cast<int>(info.ssi_signo));
    }
  });
}

constexpr int kFailedExitCode = 255;

// How this process is to end.
struct Ending {
  int exit_code = 0;
  std::optional<Result<HostOomKill>> oom_kill;
};

// Nothing of the guest is left by now: who hears of our end finds everything done.
[[noreturn]] void end(const Ending& ending) {
  if (ending.oom_kill) {
    const Error reason = *ending.oom_kill ? (*ending.oom_kill)->die() : ending.oom_kill->error();
    spdlog::log(reason.code == ENOTSUP ? spdlog::level::debug : spdlog::level::warn,
                "the host's engines do not learn of the OOM kill in the guest: {}", reason.message);
  }
  // Threads that may be blocked on the container's stdio end with the process.
  std::_Exit(ending.exit_code);
}

// `running` names the sandbox while it can be abandoned.
Result<Ending> run(LaunchSpec spec, StatusSocket& status, EventLoop& loop, Sandbox*& running) {
  const UniqueFd signals = TRY(take_signals());
  const auto sandbox = TRY(Sandbox::create(std::move(spec), status, loop));
  running = sandbox.get();
  const Watch watched = TRY(watch_signals(loop, signals.get(), *sandbox));
  TRY(sandbox->start());
  TRY(loop.run());
  running = nullptr;
  return Ending{.exit_code = sandbox->exit_code(), .oom_kill = sandbox->take_oom_kill()};
}

Result<Ending> launch() {
  for (const int fd : {kLaunchFd, kStatusFd}) {
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
      return fail(EBADF, "start caisson-vmm: it is started by caisson, not by hand; see `caisson --help`");
    }
  }
  ::umask(0022);  // what we make has the same mode whoever started us
  lift_limits();
  const UniqueFd document(kLaunchFd);
  UniqueFd status_fd(kStatusFd);
  LaunchSpec spec = TRY(parse_launch_spec(TRY(read_document(document))));
  spec.log.ration_bytes = kLogRationBytes;
  TRY(set_up_log(spec.log));
  // A session of our own: the terminal of whoever started us must not signal the container behind caisson's
  // back.
  ::setsid();

  const auto loop = TRY(EventLoop::create());
  Sandbox* sandbox = nullptr;
  const auto status = TRY(StatusSocket::open(*loop, std::move(status_fd), [&sandbox, &loop] {
    if (sandbox != nullptr) {
      sandbox->abandon();
    } else {
      loop->stop();
    }
  }));
  auto outcome = run(std::move(spec), *status, *loop, sandbox);
  if (!outcome) {
    // The starter tells it, where it hears of it: once is enough.
    const bool had_reported = status->has_reported();
    status->report_failure(outcome.error());
    if (!had_reported && status->has_reported()) {
      spdlog::debug("{}", outcome.error().message);
      return Ending{.exit_code = kFailedExitCode, .oom_kill = std::nullopt};
    }
  }
  return outcome;
}

}  // namespace
}  // namespace caisson::vmm

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
    constexpr std::string_view text = "caisson-vmm " CAISSON_VERSION "\n";
    return ::write(STDOUT_FILENO, text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1;
  }
  if (argc != 3 || std::strcmp(argv[1], caisson::kLaunchOption) != 0) {
    constexpr std::string_view text =
        "caisson-vmm runs one container's virtual machine. It is started by caisson; see `caisson --help`.\n";
    [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
    return 2;
  }
  caisson::ttrpc::silence_parser();
  const auto outcome = caisson::vmm::launch();
  if (!outcome) {
    spdlog::error("{}", outcome.error().message);
    return caisson::vmm::kFailedExitCode;
  }
  caisson::vmm::end(*outcome);
}
