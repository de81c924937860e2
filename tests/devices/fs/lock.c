// SPDX-License-Identifier: Apache-2.0
// Both kinds of lock on one file, as programs take them. Built static; stands on both sides.
//   lock hold FILE   takes both, says "held", keeps them until its input ends
//   lock try FILE    says which of the two are free
//   lock wait FILE   waits for each until a signal comes, then for both until it has them
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static void on_alarm(int number) {
  (void)number;
}

static int record(int fd, int command) {
  const struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(fd, command, &all);
}

static const char* interrupted(int result) {
  return result == 0 ? "got" : errno == EINTR ? "interrupted" : "failed";
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  const int fd = open(argv[2], O_RDWR | O_CREAT, 0644);
  if (fd < 0) return 2;
  if (strcmp(argv[1], "try") == 0) {
    const int has_flock = flock(fd, LOCK_EX | LOCK_NB);
    const int has_record = record(fd, F_SETLK);
    printf("flock %s, record %s\n", has_flock == 0 ? "free" : "busy", has_record == 0 ? "free" : "busy");
    return 0;
  }
  if (strcmp(argv[1], "wait") == 0) {
    const struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    alarm(1);
    const char* first = interrupted(flock(fd, LOCK_EX));
    alarm(1);
    printf("%s, %s\n", first, interrupted(record(fd, F_SETLKW)));
  }
  if (flock(fd, LOCK_EX) != 0 || record(fd, F_SETLKW) != 0) return 1;
  printf("%s\n", strcmp(argv[1], "wait") == 0 ? "got both" : "held");
  char byte;
  while (read(0, &byte, 1) > 0) {
  }
  return 0;
}
