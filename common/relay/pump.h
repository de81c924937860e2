// SPDX-License-Identifier: Apache-2.0
// Copies bytes one way between two blocking descriptors until end of file: a process's stdio on one side, a
// stream of the guest on the other. Used on threads of their own by caisson-vmm (first process) and `caisson
// exec`. Back pressure is the kernel's: who does not read stops who writes. It never changes a descriptor's
// flags, since stdio descriptions are shared with other processes.
#pragma once

#include "common/result.h"

namespace caisson {

enum class PumpEnd {
  source_ended,  // end of file or reset by the source: everything it gave has been written
  sink_closed,   // the sink takes no more (EPIPE); what was read but not written is lost, as for any pipe
};

// Bytes for which a file has no room are lost, which the log says once; the next are tried anew. Only a
// terminal's come here: other files are the process's own.
// Copies through one 64 KiB buffer. Not splice(2): one that waits holds the lock of its pipe, and whoever has
// the pipe's other end then waits with it, even for bytes that lie there.
Result<PumpEnd> pump(int source, int sink);

// Half-closes a stream socket for writing: the peer sees end of file after all bytes. Errors mean the peer
// has gone.
void end_of_file(int socket);

// Tells the other end of a stream that nobody reads any more, so that its writer gets EPIPE.
void stop_reading(int socket);

}  // namespace caisson
