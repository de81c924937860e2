// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/seccomp.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <optional>

#include "common/unique_fd.h"
#include "runtime/oci/names.h"
#include "runtime/oci/seccomp_names.h"
#include "runtime/oci/seccomp_unknown.h"

namespace caisson::runtime::oci {
namespace {

constexpr uint32_t kDefaultErrno = EPERM;
// LIMIT: what the kernel takes (BPF_MAXINSNS).
constexpr size_t kMaxInstructions = 4096;
constexpr size_t kArguments = 6;

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

Result<uint32_t> parse_action(const std::string& path, const std::string& name,
                              std::optional<uint32_t> errno_ret) {
  if (name == "SCMP_ACT_NOTIFY") {
    return fail(EINVAL,
                path +
                    ": SCMP_ACT_NOTIFY is not supported: a listener on the host cannot serve the guest's "
                    "system calls; use SCMP_ACT_ERRNO");
  }
  const auto action = find_number(seccomp_actions(), name);
  if (!action) {
    return fail(EINVAL, path + ": unknown action \"" + name + "\"");
  }
  const bool takes_number = name == "SCMP_ACT_ERRNO" || name == "SCMP_ACT_TRACE";
  if (!takes_number) {
    if (errno_ret && *errno_ret != 0) {
      return fail(EINVAL, path + ": " + name + " does not take an errnoRet");
    }
    return static_cast<uint32_t>(*action);
  }
  return static_cast<uint32_t>(*action) | (errno_ret.value_or(kDefaultErrno) & SECCOMP_RET_DATA);
}

Result<scmp_arg_cmp> parse_argument(const std::string& path, const SeccompArgument& argument) {
  const auto op = find_number(seccomp_operators(), argument.op);
  if (!op) {
    return fail(EINVAL, path + ".op: unknown operator \"" + argument.op + "\"");
  }
  if (argument.index >= kArguments) {
    return fail(EINVAL, path + ".index: must be at most 5");
  }
  return scmp_arg_cmp{.arg = argument.index,
                      .op = static_cast<scmp_compare>(*op),
                      .datum_a = argument.value,
                      .datum_b = argument.value_two};
}

Result<void> add_rule(const Filter& filter, const std::string& path, uint32_t action, int number,
                      const std::vector<scmp_arg_cmp>& arguments) {
  const int error = seccomp_rule_add_array(filter.get(), action, number,
                                           static_cast<unsigned>(arguments.size()), arguments.data());
  // EEXIST: the same rule again.
  if (error < 0 && error != -EEXIST) {
    return fail_errno(path + ": add rule", -error);
  }
  return {};
}

Result<void> add_syscall(const Filter& filter, const std::string& path, const SeccompSyscall& syscall,
                         uint32_t default_action) {
  if (syscall.names.empty()) {
    return fail(EINVAL, path + ".names: must not be empty");
  }
  const uint32_t action = TRY(parse_action(path + ".action", syscall.action, syscall.errno_ret));
  if (action == default_action) {
    return {};  // libseccomp refuses rules that change nothing
  }
  std::vector<scmp_arg_cmp> arguments;
  std::array<int, kArguments> uses{};
  for (size_t i = 0; i < syscall.args.size(); ++i) {
    arguments.push_back(TRY(parse_argument(path + ".args[" + std::to_string(i) + "]", syscall.args[i])));
    ++uses.at(arguments.back().arg);
  }
  // Several conditions on one argument are alternatives (runc's reading), on different ones they hold
  // together.
  const bool alternatives = std::any_of(uses.begin(), uses.end(), [](int n) { return n > 1; });
  for (const std::string& name : syscall.names) {
    const int number = seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR) {
      continue;
    }
    if (!alternatives) {
      TRY(add_rule(filter, path, action, number, arguments));
      continue;
    }
    for (const scmp_arg_cmp& argument : arguments) {
      TRY(add_rule(filter, path, action, number, {argument}));
    }
  }
  return {};
}

// Adds the native architecture too, and tells all of them.
Result<std::vector<uint32_t>> add_architectures(const Filter& filter, const Seccomp& seccomp) {
  std::vector<uint32_t> tokens = {seccomp_arch_native()};
  for (size_t i = 0; i < seccomp.architectures.size(); ++i) {
    const std::string path = "linux.seccomp.architectures[" + std::to_string(i) + "]";
    const std::string& name = seccomp.architectures[i];
    constexpr std::string_view kPrefix = "SCMP_ARCH_";
    uint32_t token = 0;
    if (name.starts_with(kPrefix)) {
      std::string lower = name.substr(kPrefix.size());
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
      token = seccomp_arch_resolve_name(lower.c_str());
    }
    if (token == 0) {
      return fail(EINVAL, path + ": unknown architecture \"" + name + "\"");
    }
    const int error = seccomp_arch_add(filter.get(), token);
    if (error < 0 && error != -EEXIST) {
      return fail_errno(path + ": add architecture " + name, -error);
    }
    if (error == 0) {
      tokens.push_back(token);
    }
  }
  return tokens;
}

// `prologue`: instructions of ours before the filter's.
Result<std::string> export_program(const Filter& filter, const std::vector<sock_filter>& prologue) {
  const UniqueFd file(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!file) {
    return fail_errno("create memfd for seccomp filter");
  }
  if (const int error = seccomp_export_bpf(filter.get(), file.get()); error < 0) {
    return fail_errno("linux.seccomp: compile filter", -error);
  }
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  const size_t prologue_size = prologue.size() * sizeof(sock_filter);
  if (size < 0 || prologue_size + static_cast<size_t>(size) > kMaxInstructions * sizeof(sock_filter)) {
    return fail(E2BIG, "linux.seccomp: the filter is longer than 4096 instructions; use fewer rules");
  }
  std::string program(reinterpret_cast<const char*>(prologue.data()), prologue_size);
  program.resize(prologue_size + static_cast<size_t>(size));
  if (::pread(file.get(), program.data() + prologue_size, static_cast<size_t>(size), 0) != size) {
    return fail_errno("read back seccomp filter");
  }
  return program;
}

// What a default of allowing would do, the kernel does as well; and a tracer is told of what it does not
// know, as in runc.
bool is_denial(uint32_t action) {
  const uint32_t kind = action & SECCOMP_RET_ACTION_FULL;
  return kind != SECCOMP_RET_ALLOW && kind != SECCOMP_RET_LOG && kind != SECCOMP_RET_TRACE;
}

std::vector<std::string> names_of_rules(const Seccomp& seccomp) {
  std::vector<std::string> names;
  for (const SeccompSyscall& rule : seccomp.syscalls) {
    names.insert(names.end(), rule.names.begin(), rule.names.end());
  }
  return names;
}

}  // namespace

Result<SeccompFilter> compile_seccomp(const Seccomp& seccomp) {
  SeccompFilter compiled;
  const uint32_t default_action =
      TRY(parse_action("linux.seccomp.defaultAction", seccomp.default_action, seccomp.default_errno_ret));
  const Filter filter(seccomp_init(default_action));
  if (!filter) {
    return fail(EINVAL, "linux.seccomp.defaultAction: refused by libseccomp");
  }
  const std::vector<uint32_t> architectures = TRY(add_architectures(filter, seccomp));
  for (size_t i = 0; i < seccomp.flags.size(); ++i) {
    const auto flag = find_number(seccomp_flags(), seccomp.flags[i]);
    if (!flag) {
      return fail(EINVAL, "linux.seccomp.flags[" + std::to_string(i) + "]: unknown flag \"" +
                              seccomp.flags[i] + "\"");
    }
    compiled.flags |= static_cast<uint32_t>(*flag);
  }
  for (size_t i = 0; i < seccomp.syscalls.size(); ++i) {
    const std::string path = "linux.seccomp.syscalls[" + std::to_string(i) + "]";
    TRY(add_syscall(filter, path, seccomp.syscalls[i], default_action));
  }
  std::vector<sock_filter> prologue;
  if (is_denial(default_action)) {
    prologue = answer_for_unknown_syscalls(architectures, names_of_rules(seccomp));
  }
  compiled.program = TRY(export_program(filter, prologue));
  return compiled;
}

}  // namespace caisson::runtime::oci
