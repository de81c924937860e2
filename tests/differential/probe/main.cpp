// SPDX-License-Identifier: Apache-2.0
// The probe: tells everything a container can see of itself, then ends as its last argument says: end=exit:N,
// end=signal:N or end=fault. What else is among its arguments only has to arrive.
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string_view>

#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {
namespace {

using Section = void (*)(Arguments);

constexpr Section kSections[] = {
    tell_invocation,  // before a descriptor is opened
    tell_descriptors, tell_identity, tell_capabilities, tell_process,  tell_limits,       tell_names,
    tell_namespaces,  tell_cgroup,   tell_mounts,       tell_devices,  tell_kernel_files, tell_kernel_offers,
    tell_settings,    tell_terminal, tell_looks,        tell_attempts,
};

[[noreturn]] void end(std::string_view how) {
  const size_t colon = how.find(':');
  const int number = colon == std::string_view::npos ? 0 : std::atoi(how.data() + colon + 1);
  if (how.starts_with("signal")) {
    ::raise(number);
  } else if (how.starts_with("fault")) {
    // A signal the kernel forces: it ends process 1 of a namespace too.
    volatile char* page =
        static_cast<char*>(::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    *page = 1;
  }
  ::_exit(number);
}

}  // namespace
}  // namespace caisson::probe

int main(int argc, char** argv) {
  using namespace caisson::probe;
  const Arguments arguments(argv, static_cast<size_t>(argc));
  tell("probe", "begins");
  constexpr std::string_view kError = "probe on standard error\n";
  [[maybe_unused]] const ssize_t told = ::write(STDERR_FILENO, kError.data(), kError.size());
  for (const Section section : kSections) {
    section(arguments);
    flush();
  }
  std::string_view last = "exit:0";
  for (const std::string_view argument : arguments) {
    if (argument.starts_with("end=")) {
      last = argument.substr(4);
    }
  }
  tell("probe ends", last);
  flush();
  end(last);
}
