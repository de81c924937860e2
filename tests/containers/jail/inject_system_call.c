// SPDX-License-Identifier: Apache-2.0
// inject PID NUMBER [ARGUMENT…]: has a process make another system call in place of its next one, as code in
// it could: under its filter, credentials and namespaces. An argument "s:TEXT" becomes a pointer to the text
// on its stack, any other a number. Prints what the call returned (-1 is EPERM). Then it makes its own call.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

enum { kMostArguments = 6, kRedZoneAndStack = 70000, kSystemCallBytes = 2, kSystemCallStop = 0x80 };

static int give_up(const char* what) {
  perror(what);
  return 1;
}

static long put_text(pid_t pid, long* stack, const char* text) {
  const long place = *stack;
  const size_t size = strlen(text) + 1;
  struct iovec ours = {(void*)text, size}, theirs = {(void*)place, size};
  if (process_vm_writev(pid, &ours, 1, &theirs, 1, 0) != (ssize_t)size) exit(give_up("write argument"));
  *stack += (long)((size + 15) & ~15UL);
  return place;
}

// Lets it run to the next stop before or after a system call; false when it has ended.
static int run_to_system_call(pid_t pid, int* status) {
  long signal = 0;
  do {
    ptrace(PTRACE_SYSCALL, pid, 0, signal);
    waitpid(pid, status, __WALL);
    if (!WIFSTOPPED(*status)) return 0;
    signal = WSTOPSIG(*status);
  } while (signal != (SIGTRAP | kSystemCallStop));
  return 1;
}

int main(int count, char** words) {
  if (count < 3 || count > 3 + kMostArguments) return 2;
  const pid_t pid = atoi(words[1]);
  if (ptrace(PTRACE_ATTACH, pid, 0, 0) < 0) return give_up("attach");
  int status = 0;
  waitpid(pid, &status, __WALL);
  ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD);
  if (!run_to_system_call(pid, &status)) return give_up("wait for a system call");
  struct user_regs_struct before, registers;
  ptrace(PTRACE_GETREGS, pid, 0, &before);
  long stack = ((long)before.rsp - kRedZoneAndStack) & ~15L;
  long arguments[kMostArguments] = {0};
  for (int i = 3; i < count; ++i)
    arguments[i - 3] =
        strncmp(words[i], "s:", 2) == 0 ? put_text(pid, &stack, words[i] + 2) : strtol(words[i], NULL, 0);
  registers = before;
  registers.orig_rax = (unsigned long)atol(words[2]);
  registers.rdi = (unsigned long)arguments[0];
  registers.rsi = (unsigned long)arguments[1];
  registers.rdx = (unsigned long)arguments[2];
  registers.r10 = (unsigned long)arguments[3];
  registers.r8 = (unsigned long)arguments[4];
  registers.r9 = (unsigned long)arguments[5];
  ptrace(PTRACE_SETREGS, pid, 0, &registers);
  if (!run_to_system_call(pid, &status)) return 0;  // it was its end
  ptrace(PTRACE_GETREGS, pid, 0, &registers);
  printf("%ld\n", (long)registers.rax);
  before.rip -= kSystemCallBytes;
  before.rax = before.orig_rax;
  ptrace(PTRACE_SETREGS, pid, 0, &before);
  ptrace(PTRACE_DETACH, pid, 0, 0);
  return 0;
}
