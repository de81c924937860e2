// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/self_test/self_test.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>

#include "vmm/boot/page_tables.h"
#include "vmm/kvm/cpuid.h"
#include "vmm/kvm/exit_detail.h"
#include "vmm/kvm/kvm.h"
#include "vmm/kvm/vcpu.h"

// guest.S
extern "C" const std::byte caisson_self_test_begin[];
extern "C" const std::byte caisson_self_test_end[];

namespace caisson::vmm {
namespace {

using Clock = std::chrono::steady_clock;

// These repeat guest.S.
constexpr GuestAddress kCode{0x100000};
constexpr uint16_t kReportPort = 0xf4;
constexpr uint32_t kSpeedStart = 6;
constexpr uint32_t kSpeedEnd = 7;
constexpr uint32_t kEnd = 8;
constexpr double kInstructionsPerRound = 40000;
// What is being tried until the guest reports step 1, 2, …
constexpr std::array kSteps = {"ring 0", "cmpxchg16b", "timer interrupt", "ring 3 and SYSCALL", "SYSRET"};
constexpr size_t kMemoryBytes = size_t{2} << 20;
// Interpreters reach 2 million a second, software emulation of a whole machine hundreds.
constexpr double kSlowestMips = 20;

// Kicks the vCPU's thread, which is the one that makes this, when the limit has passed.
class Watchdog {
 public:
  Watchdog(const Vcpu& vcpu, std::chrono::milliseconds limit)
      : thread_([this, &vcpu, limit, tested = ::pthread_self()] {
          std::unique_lock lock(mutex_);
          if (!ended_.wait_for(lock, limit, [this] { return is_over_; })) {
            vcpu.request_exit(tested);
          }
        }) {}
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    ended_.notify_all();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool is_over_ = false;
  std::thread thread_;  // last: it uses the others
};

struct Report {
  uint32_t step = 0;
};

// Runs the guest to its next report, or tells why none came.
Result<Report> next_report(const Vcpu& vcpu) {
  const kvm_run& run = vcpu.run_state();
  while (true) {
    const int error = vcpu.run();
    if (error == EAGAIN) {
      continue;
    }
    if (error == EINTR) {
      return fail(ETIMEDOUT, "no answer in time");
    }
    if (error != 0) {
      return fail_errno("run vCPU", error);
    }
    if (run.exit_reason != KVM_EXIT_IO || run.io.port != kReportPort || run.io.size != sizeof(uint32_t)) {
      return fail(ENOEXEC, run.exit_reason == KVM_EXIT_SHUTDOWN ? "triple fault" : describe_exit(run));
    }
    Report report;
    std::memcpy(&report.step, reinterpret_cast<const std::byte*>(&run) + run.io.data_offset,
                sizeof(report.step));
    return report;
  }
}

// The rounds of the speed loop; the fastest counts, for another process may have had the CPU meanwhile.
Result<double> measure_speed(const Vcpu& vcpu) {
  std::optional<Clock::time_point> start;
  double best = 0;
  while (true) {
    const Report report = TRY(next_report(vcpu));
    const Clock::time_point now = Clock::now();
    if (report.step == kSpeedStart) {
      start = now;
    } else if (report.step == kSpeedEnd && start) {
      const std::chrono::duration<double, std::micro> took = now - *start;
      best = std::max(best, kInstructionsPerRound / took.count());
    } else if (report.step == kEnd) {
      return best;
    } else {
      return fail(ENOEXEC, "the guest went astray");
    }
  }
}

void run_steps(const Vcpu& vcpu, KvmVerdict& verdict) {
  for (uint32_t step = 1; step <= kSteps.size(); ++step) {
    const Result<Report> report = next_report(vcpu);
    KvmVerdict::Finding finding{
        .name = kSteps[step - 1], .is_good = report && report->step == step, .detail = ""};
    if (!report) {
      finding.detail = report.error().message;
    } else if (!finding.is_good) {
      finding.detail = "an exception where there should be none";
    }
    verdict.findings.push_back(finding);
    if (!finding.is_good) {
      return;
    }
  }
  const Result<double> speed = measure_speed(vcpu);
  KvmVerdict::Finding finding{
      .name = "speed of ring 0", .is_good = speed && *speed >= kSlowestMips, .detail = ""};
  if (speed) {
    verdict.million_instructions_per_second = *speed;
    finding.detail = std::to_string(std::lround(*speed)) + " million instructions a second";
    if (!finding.is_good) {
      finding.detail += ", it is interpreted";
    }
  } else {
    finding.detail = speed.error().message;
  }
  verdict.findings.push_back(finding);
}

Result<void> run_guest(const Kvm& kvm, std::chrono::milliseconds limit, KvmVerdict& verdict) {
  const GuestMemory memory = TRY(GuestMemory::create(kMemoryBytes));
  const std::span code(caisson_self_test_begin, caisson_self_test_end);
  std::memcpy(TRY(memory.span(kCode, code.size())).data(), code.data(), code.size());
  TRY(write_boot_tables(memory));
  const Vm vm = TRY(Vm::create(kvm));
  const GuestMemory::Region& region = memory.regions().front();
  TRY(vm.set_memory(0, region.start, std::span(region.host, region.size_bytes), Vm::Access::read_write));
  const Vcpu vcpu = TRY(Vcpu::create(kvm, vm, 0));
  TRY(vcpu.set_cpuid(make_cpuid(TRY(kvm.supported_cpuid()), 0, 1)));
  TRY(vcpu.set_up_common());
  TRY(vcpu.set_up_entry(kCode));
  const Watchdog watchdog(vcpu, limit);
  run_steps(vcpu, verdict);
  return {};
}

}  // namespace

std::string KvmVerdict::reason() const {
  if (is_usable()) {
    return {};
  }
  return findings.empty() ? "not tested" : findings.back().name + ": " + findings.back().detail;
}

KvmVerdict test_kvm(std::chrono::milliseconds limit) {
  KvmVerdict verdict;
  const Result<Kvm> kvm = Kvm::open();
  verdict.findings.push_back(
      {.name = "/dev/kvm", .is_good = kvm.has_value(), .detail = kvm ? "" : kvm.error().message});
  if (kvm) {
    if (const Result<void> outcome = run_guest(*kvm, limit, verdict); !outcome) {
      verdict.findings.push_back(
          {.name = "virtual machine", .is_good = false, .detail = outcome.error().message});
    }
  }
  return verdict;
}

}  // namespace caisson::vmm
