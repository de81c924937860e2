// SPDX-License-Identifier: Apache-2.0
// The words on vsock.sock: "CONNECT <port>\n", answered by "OK <host port>\n". From then on the connection is
// one to the guest's port.
#pragma once

#include <string_view>

namespace caisson::guest_port {

inline constexpr std::string_view kConnect = "CONNECT ";
inline constexpr std::string_view kConnected = "OK ";

}  // namespace caisson::guest_port
