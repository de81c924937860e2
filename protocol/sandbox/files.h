// SPDX-License-Identifier: Apache-2.0
// The files that caisson-vmm makes for caisson (docs/launch.md): two sockets in <root>/<id> before it is
// jailed, all others in <root>/<id>/vmm. An intruder in caisson-vmm can write anything there. So a reader
// bounds what it reads, follows no link, and does nothing as root that the text asks for.
#pragma once

namespace caisson::sandbox_file {

inline constexpr const char* kVsockSocket = "vsock.sock";      // connections to the guest's ports
inline constexpr const char* kControlSocket = "control.sock";  // protocol/control/verb.h
inline constexpr const char* kExitRecord = "exit.json";        // protocol/sandbox/exit_record.h
inline constexpr const char* kSilence = "silence";  // a line of text, while the guest does not answer
inline constexpr const char* kOomMark = "oom";  // exists if the guest's OOM killer killed in the container

}  // namespace caisson::sandbox_file
