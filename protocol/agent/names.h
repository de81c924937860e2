// SPDX-License-Identifier: Apache-2.0
// The names by which host and agent find each other (docs/wire.md).
#pragma once

#include <cstdint>

namespace caisson::agent {

// The service of agent.proto, as ttrpc names it.
inline constexpr const char* kService = "caisson.agent.v1.Agent";

// The version of the contract that this build speaks (Handshake).
inline constexpr uint32_t kProtocol = 1;

// The calls of the service.
namespace method {
inline constexpr const char* kHandshake = "Handshake";
inline constexpr const char* kCreateContainer = "CreateContainer";
inline constexpr const char* kStartContainer = "StartContainer";
inline constexpr const char* kDeleteContainer = "DeleteContainer";
inline constexpr const char* kCreateProcess = "CreateProcess";
inline constexpr const char* kSignalProcess = "SignalProcess";
inline constexpr const char* kWaitProcess = "WaitProcess";
inline constexpr const char* kResizeTty = "ResizeTty";
inline constexpr const char* kCloseStdin = "CloseStdin";
inline constexpr const char* kListProcesses = "ListProcesses";
inline constexpr const char* kReadProc = "ReadProc";
inline constexpr const char* kPauseContainer = "PauseContainer";
inline constexpr const char* kResumeContainer = "ResumeContainer";
inline constexpr const char* kUpdateContainer = "UpdateContainer";
inline constexpr const char* kGrowMachine = "GrowMachine";
inline constexpr const char* kContainerStats = "ContainerStats";
inline constexpr const char* kAdjustClock = "AdjustClock";
inline constexpr const char* kShutdown = "Shutdown";
}  // namespace method

// The tag of the file system device that holds the exports. The agent mounts it.
inline constexpr const char* kExportsTag = "caisson";

inline constexpr uint32_t kRpcPort = 1024;     // guest listens
inline constexpr uint32_t kStreamPort = 1025;  // guest listens
inline constexpr uint32_t kEventPort = 1024;   // host listens

}  // namespace caisson::agent
