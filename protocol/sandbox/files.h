// SPDX-License-Identifier: Apache-2.0
// What caisson-vmm makes in its directory, <root>/<id>/vmm, and caisson looks for there (docs/launch.md). An
// intruder in caisson-vmm writes what it likes: whoever reads them bounds what is read, follows no link, and
// acts as root by none of it.
#pragma once

namespace caisson::sandbox_file {

inline constexpr const char* kVsockSocket = "vsock.sock";      // connections to the guest's ports
inline constexpr const char* kControlSocket = "control.sock";  // protocol/control/verb.h
inline constexpr const char* kExitRecord = "exit.json";        // protocol/sandbox/exit_record.h
inline constexpr const char* kSilence = "silence";  // a line of text, while the guest does not answer
inline constexpr const char* kOomMark = "oom";      // there when the guest killed for want of memory

}  // namespace caisson::sandbox_file
