// SPDX-License-Identifier: Apache-2.0
#include "protocol/control/verb.h"

#include <algorithm>
#include <array>
#include <utility>

namespace caisson {
namespace {

constexpr std::array<std::pair<Verb, std::string_view>, 6> kVerbs = {{{Verb::pause, "pause"},
                                                                      {Verb::resume, "resume"},
                                                                      {Verb::wake, "wake"},
                                                                      {Verb::counters, "counters"},
                                                                      {Verb::stop, "stop"},
                                                                      {Verb::serve, "serve"}}};

}  // namespace

std::string_view name_of(Verb verb) {
  return std::find_if(kVerbs.begin(), kVerbs.end(), [&](const auto& entry) { return entry.first == verb; })
      ->second;
}

std::optional<Verb> find_verb(std::string_view name) {
  const auto* const found =
      std::find_if(kVerbs.begin(), kVerbs.end(), [&](const auto& entry) { return entry.second == name; });
  return found == kVerbs.end() ? std::nullopt : std::optional(found->first);
}

}  // namespace caisson
