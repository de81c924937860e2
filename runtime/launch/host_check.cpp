// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/host_check.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "runtime/cgroup/hierarchies.h"
#include "runtime/launch/guest_size.h"
#include "runtime/launch/installed_files.h"
#include "vmm/kvm/self_test/self_test.h"

namespace caisson::runtime {
namespace {

using Mark = Finding::Mark;
using Tell = std::function<void(const Finding&)>;

std::string in_mib(uint64_t bytes) {
  return std::to_string(bytes / kMiB) + " MiB";
}

bool examine_file(const Tell& tell, const char* subject, const std::string& path, int mode) {
  const bool found = ::access(path.c_str(), mode) == 0;
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  tell({found ? Mark::good : Mark::bad, subject,
        path + (found && !error ? ", " + std::to_string(size / 1024) + " KiB"
                                : ": not found; see docs/configuration.md")});
  return found;
}

bool examine_files(const Tell& tell) {
  const InstalledFiles files = expected_files();
  const bool vmm = examine_file(tell, "caisson-vmm", files.vmm, X_OK);
  const bool kernel = examine_file(tell, "guest kernel", files.kernel, R_OK);
  const bool initramfs = examine_file(tell, "guest initramfs", files.initramfs, R_OK);
  return vmm && kernel && initramfs;
}

bool examine_kvm(const Tell& tell) {
  const vmm::KvmVerdict verdict = vmm::test_kvm();
  for (const auto& finding : verdict.findings) {
    tell({finding.is_good ? Mark::good : Mark::note, "KVM",
          finding.name + (finding.detail.empty() ? "" : ": " + finding.detail)});
  }
  if (verdict.million_instructions_per_second > 0) {
    tell({Mark::good, "KVM",
          std::to_string(static_cast<int>(verdict.million_instructions_per_second)) +
              " million instructions a second in ring 0"});
  }
  return verdict.is_usable();
}

bool examine_qemu(const Tell& tell) {
  const char* path = ::getenv("PATH");
  const std::string program = find_program("qemu-system-x86_64", path != nullptr ? path : "/usr/bin:/bin");
  tell({program.empty() ? Mark::note : Mark::good, "QEMU",
        program.empty() ? "qemu-system-x86_64 not found; install qemu-system-x86 for hosts without usable KVM"
                        : program});
  return !program.empty();
}

void examine_cgroups(const Tell& tell) {
  const auto host = find_cgroup_hierarchies();
  tell({Mark::good, "cgroups", host ? host->version_name() : "none"});
}

bool examine_memory(const Tell& tell) {
  const auto bytes = [](int pages) {
    return static_cast<uint64_t>(::sysconf(pages)) * static_cast<uint64_t>(::sysconf(_SC_PAGE_SIZE));
  };
  const Finding finding = memory_finding(bytes(_SC_PHYS_PAGES), bytes(_SC_AVPHYS_PAGES));
  tell(finding);
  return finding.mark == Mark::good;
}

}  // namespace

std::string find_program(const std::string& name, std::string path) {
  while (!path.empty()) {
    const std::string directory = path.substr(0, path.find(':'));
    path.erase(0, directory.size() + 1);
    std::string program = directory + "/" + name;
    if (::access(program.c_str(), X_OK) == 0) return program;
  }
  return "";
}

Finding memory_finding(uint64_t total, uint64_t available) {
  return {total >= kDefaultMemoryBytes ? Mark::good : Mark::bad, "memory",
          in_mib(total) + ", " + in_mib(available) + " free; a container gets " +
              in_mib(kDefaultMemoryBytes) + " unless it has a limit"};
}

HostAbilities examine_host(const Tell& tell) {
  HostAbilities host;
  host.has_files = examine_files(tell);
  host.runs_kvm = examine_kvm(tell);
  host.has_qemu = examine_qemu(tell);
  examine_cgroups(tell);
  host.has_memory = examine_memory(tell);
  return host;
}

std::string conclusion_of(const HostAbilities& host) {
  if (!host.run_containers()) {
    const bool lacks_machine = host.has_files && host.has_memory;
    return std::string("containers cannot run on this host: see the lines marked BAD") +
           (lacks_machine ? "\nneither KVM nor QEMU is usable" : "");
  }
  return host.runs_kvm ? "containers run with KVM"
                       : "containers run in QEMU's software emulation, because KVM cannot run Linux here; "
                         "that is slower";
}

}  // namespace caisson::runtime
