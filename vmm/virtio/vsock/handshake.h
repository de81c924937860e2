// SPDX-License-Identifier: Apache-2.0
// The line a client of vsock.sock says first: "CONNECT <port>\n", as Firecracker and Cloud Hypervisor have
// it. Takes not one byte beyond the line: those belong to the connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace caisson::vmm::vsock {

// LIMIT: "CONNECT 4294967295\r\n" is the longest line there is.
inline constexpr size_t kMaxConnectLine = 32;

// The port of a line without its newline.
Result<uint32_t> parse_connect(std::string_view line);

// Reads the line from a socket without waiting: the port, or none while the newline has not come.
// ECONNRESET when the client has gone, EPROTO when it says something else.
Result<std::optional<uint32_t>> receive_connect(int socket);

std::string connect_answer(uint32_t host_port);

}  // namespace caisson::vmm::vsock
