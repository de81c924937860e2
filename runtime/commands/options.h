// SPDX-License-Identifier: Apache-2.0
// The options of one verb, as its file declares them: each names a variable that the parser fills. Only
// options.cpp knows the parsing library, so that no verb pays for its headers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace caisson::runtime {

class Options {
 public:
  // `after_marker`: what the command line holds behind a "--" (see rest()).
  Options(CLI::App& app, const std::vector<std::string>& after_marker)
      : app_(app), after_marker_(after_marker) {}

  // The container's id, the first positional argument.
  void id(std::string& id);
  void positional(const char* name, std::string& value, const char* help);

  // `names` as "-f,--force".
  void flag(const char* names, bool& value, const char* help);
  void text(const char* names, std::string& value, const char* help);
  void texts(const char* names, std::vector<std::string>& values, const char* help);
  void number(const char* names, int64_t& value, const char* help);
  void optional_number(const char* names, std::optional<int64_t>& value, const char* help);
  void choice(const char* names, std::string& value, std::vector<std::string> choices, const char* help);

  // Parsing stops at the first argument that is no option; it and all that follow are the verb's own.
  void rest(std::vector<std::string>& arguments, const char* usage);

  // For a verb that refuses everything: takes any arguments.
  void anything();

 private:
  CLI::App& app_;
  const std::vector<std::string>& after_marker_;
};

// For a verb with rest(): takes the first "--" and all that follows from `arguments`. The library would lose
// it.
[[nodiscard]] std::vector<std::string> cut_after_marker(std::vector<std::string>& arguments,
                                                        const CLI::App& program);

}  // namespace caisson::runtime
