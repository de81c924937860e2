// SPDX-License-Identifier: Apache-2.0
// Proves that /dev/kvm runs a guest: one VM with the in-kernel interrupt controllers whose real-mode code
// adds two numbers and sends the sum to a port. Run by testbed_selftest inside the testbed; prints "kvm ok"
// or what failed.

#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kCodeAddress = 0x1000, kPort = 0x10 };

static const unsigned char kCode[] = {
    0xb0, 2,      // mov $2, %al
    0x04, 3,      // add $3, %al
    0xe6, kPort,  // out %al, $kPort
    0xeb, 0xfe,   // jmp .
};

static int failed(const char* what) {
  perror(what);
  return 1;
}

int main(void) {
  int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm < 0) return failed("open /dev/kvm");
  int vm = ioctl(kvm, KVM_CREATE_VM, 0);
  if (vm < 0) return failed("KVM_CREATE_VM");
  if (ioctl(vm, KVM_CREATE_IRQCHIP, 0) < 0) return failed("KVM_CREATE_IRQCHIP");

  void* page = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return failed("mmap");
  memcpy(page, kCode, sizeof kCode);
  struct kvm_userspace_memory_region region = {
      .guest_phys_addr = kCodeAddress, .memory_size = 0x1000, .userspace_addr = (__u64)page};
  if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) < 0) return failed("KVM_SET_USER_MEMORY_REGION");

  int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
  if (vcpu < 0) return failed("KVM_CREATE_VCPU");
  int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
  if (size < 0) return failed("KVM_GET_VCPU_MMAP_SIZE");
  struct kvm_run* run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
  if (run == MAP_FAILED) return failed("mmap vcpu");

  struct kvm_sregs sregs;
  if (ioctl(vcpu, KVM_GET_SREGS, &sregs) < 0) return failed("KVM_GET_SREGS");
  sregs.cs.base = 0;
  sregs.cs.selector = 0;
  struct kvm_regs regs = {.rip = kCodeAddress, .rflags = 2};
  if (ioctl(vcpu, KVM_SET_SREGS, &sregs) < 0) return failed("KVM_SET_SREGS");
  if (ioctl(vcpu, KVM_SET_REGS, &regs) < 0) return failed("KVM_SET_REGS");

  if (ioctl(vcpu, KVM_RUN, 0) < 0) return failed("KVM_RUN");
  if (run->exit_reason != KVM_EXIT_IO || run->io.port != kPort) {
    fprintf(stderr, "run guest: exit reason %u\n", run->exit_reason);
    return 1;
  }
  unsigned sum = *((unsigned char*)run + run->io.data_offset);
  if (sum != 5) {
    fprintf(stderr, "run guest: 2 + 3 gave %u\n", sum);
    return 1;
  }
  puts("kvm ok");
  return 0;
}
