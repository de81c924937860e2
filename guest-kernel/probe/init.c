// SPDX-License-Identifier: Apache-2.0
// A stand-in for the agent that tells when it was reached: the time stamp counter at its first instruction,
// then a reboot. Built and run by guest-kernel/measure; under QEMU's `-icount shift=0` that counter counts
// guest instructions. It uses no library and no memory of its own.

#include <linux/reboot.h>
#include <sys/syscall.h>

static long system_call(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}

void probe(unsigned long counter) {
  char line[] = "first user instruction at                     \n";
  for (char* digit = line + sizeof line - 3; counter != 0; counter /= 10)
    *digit-- = (char)('0' + counter % 10);
  system_call(SYS_write, 1, (long)line, sizeof line - 1);
  system_call(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART);
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  rdtsc\n"
    "  shlq $32, %rdx\n"
    "  leaq (%rax,%rdx), %rdi\n"
    "  andq $-16, %rsp\n"
    "  call probe\n"
    "  hlt\n");
