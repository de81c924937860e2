// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/standard_streams.h"

#include <sys/stat.h>
#include <unistd.h>

#include "common/relay/one_stream.h"
#include "protocol/agent/agent.pb.h"
#include "runtime/launch/preserved_descriptor.h"

namespace caisson::runtime {
namespace {

using Attach = void (agent::v1::Process::*)(bool);

// By number.
constexpr Attach kAttach[] = {&agent::v1::Process::set_attach_stdin, &agent::v1::Process::set_attach_stdout,
                              &agent::v1::Process::set_attach_stderr};

}  // namespace

void fill_stdio(agent::v1::Process& out, uint64_t token, bool relays_terminal) {
  if (out.terminal()) {
    out.set_plain_newlines(relays_terminal && ::isatty(STDOUT_FILENO) == 0);
    return;
  }
  if (is_one_stream(STDOUT_FILENO, STDERR_FILENO)) {
    out.set_stderr_is_stdout(true);
    out.set_attach_stderr(false);
  }
  struct stat input {};
  if (::fstat(STDIN_FILENO, &input) == 0 && S_ISDIR(input.st_mode)) {
    out.set_stdin_is_directory(true);
    out.set_attach_stdin(false);
  }
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    const auto found = find_file_or_device(fd);
    if (found && !(fd == STDERR_FILENO && out.stderr_is_stdout())) {
      fill_descriptor(*found, token, *out.add_standard());
      (out.*kAttach[fd])(false);
    }
  }
}

}  // namespace caisson::runtime
