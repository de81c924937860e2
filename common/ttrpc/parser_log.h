// SPDX-License-Identifier: Apache-2.0
// protobuf's parser complains of malformed messages on standard error itself, as often as a peer sends one:
// past every ration, and into what may be a container's own stream. Programs that read foreign messages call
// this first; the refusal of the message is what tells.
#pragma once

namespace caisson::ttrpc {

void silence_parser();

}  // namespace caisson::ttrpc
