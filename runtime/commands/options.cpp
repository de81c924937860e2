// SPDX-License-Identifier: Apache-2.0
#include "runtime/commands/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace caisson::runtime {

void Options::id(std::string& id) {
  app_.add_option("container-id", id, "The container's name")->required();
}

void Options::positional(const char* name, std::string& value, const char* help) {
  app_.add_option(name, value, help);
}

void Options::flag(const char* names, bool& value, const char* help) {
  app_.add_flag(names, value, help);
}

void Options::text(const char* names, std::string& value, const char* help) {
  app_.add_option(names, value, help);
}

void Options::texts(const char* names, std::vector<std::string>& values, const char* help) {
  // One value each time it is given, as in runc; else the first would swallow all arguments that follow.
  app_.add_option(names, values, help)->expected(1)->take_all()->allow_extra_args(false);
}

void Options::number(const char* names, int64_t& value, const char* help) {
  app_.add_option(names, value, help);
}

void Options::optional_number(const char* names, std::optional<int64_t>& value, const char* help) {
  app_.add_option_function<int64_t>(
      names, [&value](const int64_t& given) { value = given; }, help);
}

void Options::choice(const char* names, std::string& value, std::vector<std::string> choices,
                     const char* help) {
  app_.add_option(names, value, help)->check(CLI::IsMember(std::move(choices)));
}

void Options::rest(std::vector<std::string>& arguments, const char* usage) {
  app_.prefix_command();
  app_.footer(usage);
  app_.parse_complete_callback([app = &app_, tail = &after_marker_, &arguments] {
    arguments = app->remaining();
    if (!arguments.empty() && arguments[0].starts_with('-')) {
      throw CLI::ExtrasError({arguments[0]});
    }
    // A marker behind the first argument is the command's own.
    if (!arguments.empty() && !tail->empty()) {
      arguments.emplace_back("--");
    }
    arguments.insert(arguments.end(), tail->begin(), tail->end());
  });
}

void Options::anything() {
  app_.allow_extras();
}

std::vector<std::string> cut_after_marker(std::vector<std::string>& arguments, const CLI::App& program) {
  const auto marker = std::find(arguments.begin(), arguments.end(), "--");
  const bool takes_rest = std::any_of(arguments.begin(), marker, [&program](const std::string& argument) {
    const auto verbs =
        program.get_subcommands([&argument](const CLI::App* verb) { return verb->get_name() == argument; });
    return !verbs.empty() && verbs[0]->get_prefix_command();
  });
  if (marker == arguments.end() || !takes_rest) {
    return {};
  }
  std::vector<std::string> tail(marker + 1, arguments.end());
  arguments.erase(marker, arguments.end());
  return tail;
}

}  // namespace caisson::runtime
