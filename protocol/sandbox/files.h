// SPDX-License-Identifier: Apache-2.0
// What caisson-vmm makes for caisson to find (docs/launch.md): two sockets in <root>/<id> before it is
// jailed, all else in <root>/<id>/vmm. An intruder in caisson-vmm writes there what it likes: whoever reads
// it bounds what is read, follows no link, and acts as root by none of it.
#pragma once

namespace caisson::sandbox_file {

inline constexpr const char* kVsockSocket = "vsock.sock";      // connections to the guest's ports
inline constexpr const char* kControlSocket = "control.sock";  // protocol/control/verb.h
inline constexpr const char* kExitRecord = "exit.json";        // protocol/sandbox/exit_record.h
inline constexpr const char* kSilence = "silence";  // a line of text, while the guest does not answer
inline constexpr const char* kOomMark = "oom";      // there when the guest killed for want of memory

}  // namespace caisson::sandbox_file
