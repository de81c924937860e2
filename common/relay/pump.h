// SPDX-License-Identifier: Apache-2.0
// Copies bytes one way between two blocking descriptors until end of file: a process's stdio on one side, a
// stream of the guest on the other. Used on threads of their own by caisson-vmm (first process) and `caisson
// exec`. Back pressure is the kernel's: a reader that does not read stops the writer. It never changes a
// descriptor's flags, since stdio descriptions are shared with other processes.
#pragma once

#include "common/result.h"

namespace caisson {

enum class PumpEnd {
  source_ended,  // end of file or reset by the source: everything it gave has been written
  sink_closed,   // the sink takes no more (EPIPE); what was read but not written is lost, as for any pipe
};

// Bytes for which a file has no room are lost, and the log says so once. Later bytes are tried anew. Only a
// terminal's output comes here: other files are the process's own. Copies through one 64 KiB buffer. Not by
// splice(2): a waiting splice holds the lock of its pipe. The process at the pipe's other end then waits too,
// even for bytes that are in the pipe.
Result<PumpEnd> pump(int source, int sink);

// Half-closes a stream socket for writing: the peer sees end of file after all bytes. Errors mean the peer
// has gone.
void end_of_file(int socket);

// Shuts a stream down for reading, so that the writer at its other end gets EPIPE.
void stop_reading(int socket);

}  // namespace caisson
