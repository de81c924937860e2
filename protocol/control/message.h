// SPDX-License-Identifier: Apache-2.0
// The members of the JSON objects on the control socket (docs/launch.md). The verbs are in verb.h.
#pragma once

namespace caisson::control_message {

// Of a request.
inline constexpr const char* kVerb = "verb";
inline constexpr const char* kNames = "names";  // of Verb::serve
// Of an answer: one of these, and with kOk what the verb has to say.
inline constexpr const char* kOk = "ok";        // true
inline constexpr const char* kError = "error";  // a text for an operator

}  // namespace caisson::control_message
