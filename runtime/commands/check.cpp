// SPDX-License-Identifier: Apache-2.0
// caisson check: what this host can do, and why: one finding a line. Exit code 0 when containers can run
// (slowly counts), 1 when they cannot.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "runtime/cgroup/hierarchies.h"
#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"
#include "runtime/launch/guest_size.h"
#include "runtime/launch/installed_files.h"
#include "vmm/kvm/self_test/self_test.h"

namespace caisson::runtime {
namespace {

enum class Mark { good, note, bad };

void print(Mark mark, const std::string& subject, const std::string& finding) {
  constexpr const char* kMarks[] = {"ok  ", "note", "BAD "};
  std::printf("%s  %-16s %s\n", kMarks[static_cast<int>(mark)], subject.c_str(), finding.c_str());
}

std::string in_mib(uint64_t bytes) {
  return std::to_string(bytes / kMiB) + " MiB";
}

bool check_file(const char* subject, const std::string& path, int mode) {
  const bool found = ::access(path.c_str(), mode) == 0;
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  print(found ? Mark::good : Mark::bad, subject,
        path + (found && !error ? ", " + std::to_string(size / 1024) + " KiB"
                                : ": not found; see docs/configuration.md"));
  return found;
}

bool check_files() {
  const InstalledFiles files = expected_files();
  const bool vmm = check_file("caisson-vmm", files.vmm, X_OK);
  const bool kernel = check_file("guest kernel", files.kernel, R_OK);
  const bool initramfs = check_file("guest initramfs", files.initramfs, R_OK);
  return vmm && kernel && initramfs;
}

bool check_kvm() {
  const vmm::KvmVerdict verdict = vmm::test_kvm();
  for (const auto& finding : verdict.findings) {
    print(finding.is_good ? Mark::good : Mark::note, "KVM",
          finding.name + (finding.detail.empty() ? "" : ": " + finding.detail));
  }
  if (verdict.million_instructions_per_second > 0) {
    print(Mark::good, "KVM",
          std::to_string(static_cast<int>(verdict.million_instructions_per_second)) +
              " million instructions a second in ring 0");
  }
  return verdict.is_usable();
}

std::string find_in_path(const std::string& name) {
  const char* path = ::getenv("PATH");
  std::string rest = path != nullptr ? path : "/usr/bin:/bin";
  while (!rest.empty()) {
    const std::string directory = rest.substr(0, rest.find(':'));
    rest.erase(0, directory.size() + 1);
    std::string program = directory + "/" + name;
    if (::access(program.c_str(), X_OK) == 0) return program;
  }
  return "";
}

bool check_qemu() {
  const std::string program = find_in_path("qemu-system-x86_64");
  print(program.empty() ? Mark::note : Mark::good, "QEMU",
        program.empty() ? "qemu-system-x86_64 not found; install qemu-system-x86 for hosts without usable KVM"
                        : program);
  return !program.empty();
}

void check_cgroups() {
  const auto host = find_cgroup_hierarchies();
  const char* version = host ? host->version_name() : "none";
  print(Mark::good, "cgroups", version);
}

bool check_memory() {
  const auto pages = [](int name) {
    return static_cast<uint64_t>(::sysconf(name)) * static_cast<uint64_t>(::sysconf(_SC_PAGE_SIZE));
  };
  const uint64_t available = pages(_SC_AVPHYS_PAGES);
  const bool enough = pages(_SC_PHYS_PAGES) >= kDefaultMemoryBytes;
  print(enough ? Mark::good : Mark::bad, "memory",
        in_mib(pages(_SC_PHYS_PAGES)) + ", " + in_mib(available) + " free; a container gets " +
            in_mib(kDefaultMemoryBytes) + " unless it has a limit");
  return enough;
}

class Check final : public Command {
 public:
  void declare(Options) override {}

  Result<int> run(const Globals&) override {
    const bool files = check_files();
    const bool kvm = check_kvm();
    const bool qemu = check_qemu();
    check_cgroups();
    const bool memory = check_memory();
    const bool works = files && memory && (kvm || qemu);
    std::puts(!works ? "containers cannot run on this host: see the lines marked BAD"
              : kvm  ? "containers run with KVM"
                     : "containers run in QEMU's software emulation, because KVM cannot run Linux here; that "
                       "is slower");
    if (files && memory && !kvm && !qemu) {
      std::puts("neither KVM nor QEMU is usable");
    }
    return works ? 0 : 1;
  }
};

}  // namespace

std::unique_ptr<Command> make_check() {
  return std::make_unique<Check>();
}

}  // namespace caisson::runtime
