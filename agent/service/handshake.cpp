// SPDX-License-Identifier: Apache-2.0
// Handshake: the version both sides will speak.
#include <sys/utsname.h>

#include <algorithm>

#include "agent/service/calls.h"
#include "protocol/agent/names.h"

namespace caisson::agent {

void handshake(Agent&, const v1::HandshakeRequest& request, ttrpc::Responder responder) {
  if (request.protocol() == 0) {
    responder.fail(Error{.code = EPROTO, .message = "shake hands: the host names no protocol version"});
    return;
  }
  utsname names{};
  ::uname(&names);
  v1::HandshakeResponse response;
  response.set_protocol(std::min(request.protocol(), kProtocol));
  response.set_agent_version(CAISSON_VERSION);
  response.set_kernel_release(names.release);
  responder.succeed(response);
}

}  // namespace caisson::agent
