// SPDX-License-Identifier: Apache-2.0
// caisson: the OCI command line. Parses the options, sets up the log, runs one verb, reports its error the
// way runc does: to the log, and as one line on standard error.
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/harmless.h"
#include "common/ttrpc/parser_log.h"
#include "runtime/commands/command.h"
#include "runtime/launch/preserved_descriptors.h"
#include "runtime/oci/version.h"
#include "runtime/system/install_paths.h"

namespace caisson::runtime {
namespace {

struct CommandLine {
  Globals globals;
  std::vector<std::string> after_marker;
  std::shared_ptr<Command> command;  // the verb's, once parsed
};

void declare_globals(CLI::App& program, Globals& globals) {
  program.add_option("--root", globals.root,
                     "Directory of the containers' states (default: " + globals.root + ")");
  program.add_option("--log", globals.log.path, "File to append the log to (default: standard error)");
  program
      .add_option_function<std::string>(
          "--log-format",
          [&globals](const std::string& name) {
            globals.log.format = name == "json" ? LogFormat::json : LogFormat::text;
          },
          "text or json (default: text)")
      ->check(CLI::IsMember({"text", "json"}));
  program.add_flag("--debug", globals.log.debug, "Log more");
  program.add_flag(
      "--systemd-cgroup", globals.systemd_cgroup,
      "Let systemd make the cgroup, as a scope; linux.cgroupsPath is then \"slice:prefix:name\"");
  program
      .add_option_function<std::string>(
          "--cgroup-manager",
          [&globals](const std::string& name) { globals.systemd_cgroup = name == "systemd"; },
          "As crun's: cgroupfs, or systemd for --systemd-cgroup")
      ->check(CLI::IsMember({"cgroupfs", "systemd"}));
  program.add_option("--rootless", globals.rootless, "true, false or auto: whether cgroups may be missing")
      ->check(CLI::IsMember({"true", "false", "auto"}));
  program.add_option("--criu", "Accepted; checkpoints are not supported")->group("");
}

std::string version_text() {
  // The last line in crun's manner, whose users look there for what was built in.
  return std::string("caisson version ") + kVersion + "\nspec: " + oci::kSpecificationVersion +
         "\n+SYSTEMD_NOTIFY +SECCOMP";
}

void declare_commands(CLI::App& program, CommandLine& line) {
  for (const CommandEntry& entry : command_table()) {
    CLI::App* verb = program.add_subcommand(entry.name, entry.summary);
    auto command = std::shared_ptr<Command>(entry.make());
    command->declare(Options(*verb, line.after_marker));
    verb->callback([&line, command] { line.command = command; });
  }
  program.require_subcommand(1);
}

// Asked for before the log is opened, which takes a number.
bool may_inherit_descriptors(const std::vector<std::string>& arguments) {
  return std::getenv("LISTEN_FDS") != nullptr ||
         std::any_of(arguments.begin(), arguments.end(),
                     [](const std::string& argument) { return argument.starts_with("--preserve-fds"); });
}

// Other processes work elsewhere: caisson-vmm in the root directory.
Result<void> make_absolute(std::string& path) {
  std::error_code error;
  path = std::filesystem::absolute(path, error).lexically_normal().string();
  if (error) {
    return fail_errno("find current directory", error.value());
  }
  return {};
}

Result<int> run_command(CommandLine& line) {
  TRY(make_absolute(line.globals.root));
  if (!line.globals.log.path.empty()) {
    TRY(make_absolute(line.globals.log.path));
  }
  TRY(set_up_log(line.globals.log));
  const int code = TRY(line.command->run(line.globals));
  // What a verb prints has been said only when it has arrived: a full disk takes nothing.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return fail_errno("write to standard output");
  }
  return code;
}

// As runc does: a record in the log where there is one, and one line on standard error, with those of whom it
// quotes, which may be the guest, indented behind it.
void report(const Globals& globals, const Error& error) {
  constexpr size_t kMostBytes = 16384;  // LIMIT: the log's
  const std::string text = indented(harmless(error.message, kMostBytes, Lines::many));
  if (!globals.log.path.empty()) {
    spdlog::error("{}", error.message);
    std::fprintf(stderr, "%s\n", text.c_str());
  } else {
    std::fprintf(stderr, "ERRO[0000] %s\n", text.c_str());
  }
}

// One that is closed would be taken by the next file we open, which would then be the container's stream: as
// the process of runc, ours finds /dev/null there.
bool fill_standard_descriptors() {
  int file = -1;
  do {
    file = ::open("/dev/null", O_RDWR);
  } while (file >= 0 && file <= STDERR_FILENO);
  return file >= 0 && ::close(file) == 0;
}

int main_program(int argc, char** argv) {
  if (!fill_standard_descriptors()) {
    std::perror("caisson: open /dev/null");
    return 1;
  }
  ttrpc::silence_parser();
  CommandLine line;
  CLI::App program("Runs each container in a virtual machine of its own, with runc's command line",
                   "caisson");
  declare_globals(program, line.globals);
  program.set_version_flag("-v,--version", version_text());
  declare_commands(program, line);
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (may_inherit_descriptors(arguments)) {
    line.globals.descriptors = open_descriptors();
  }
  line.after_marker = cut_after_marker(arguments, program);
  std::reverse(arguments.begin(), arguments.end());  // as the library wants them
  // CLI11 reports by exceptions; they end here.
  try {
    program.parse(std::move(arguments));
  } catch (const CLI::CallForHelp& help) {
    // The library would show the general help for a verb there is none of.
    if (const std::vector<std::string> unknown = program.remaining(); !unknown.empty()) {
      std::fprintf(stderr, "No help topic for '%s'; see caisson --help\n", unknown.front().c_str());
      return 1;
    }
    return program.exit(help);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : 1;
  }
  const auto code = run_command(line);
  if (!code) {
    report(line.globals, code.error());
    return line.command->failure_code();
  }
  return *code;
}

}  // namespace
}  // namespace caisson::runtime

int main(int argc, char** argv) {
  return caisson::runtime::main_program(argc, argv);
}
