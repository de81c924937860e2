// SPDX-License-Identifier: Apache-2.0
#include "runtime/relay/console.h"

#include <algorithm>

#include "runtime/system/unix_socket.h"

namespace caisson::runtime {

Result<std::optional<PtyPair>> open_console(const ConsoleRequest& request) {
  if (!request.terminal) {
    if (!request.socket.empty()) {
      return fail(EINVAL, "cannot use console socket if caisson will not allocate tty; set process.terminal");
    }
    return std::nullopt;
  }
  if (request.detached && request.socket.empty()) {
    return fail(EINVAL,
                "cannot allocate tty if caisson will detach without setting console socket; give "
                "--console-socket, or clear process.terminal");
  }
  PtyPair pty = TRY(open_pty());
  if (request.size) {
    TRY(set_window_size(
        pty.master.get(),
        {.rows = static_cast<uint16_t>(std::min<uint32_t>(request.size->height, UINT16_MAX)),
         .columns = static_cast<uint16_t>(std::min<uint32_t>(request.size->width, UINT16_MAX))}));
  }
  if (!request.socket.empty()) {
    const UniqueFd engine = TRY_CONTEXT("console socket", connect_unix(request.socket));
    TRY_CONTEXT("console socket", send_descriptor(engine.get(), pty.master.get(), pty.slave_path));
    pty.master.reset();
  }
  return pty;
}

}  // namespace caisson::runtime
