// SPDX-License-Identifier: Apache-2.0
// One thing done with each of COUNT small files of DIR, and how long one took. Built static; run in a guest
// by tests/performance/files.
//   small_files create|read|stat|unlink|nothing DIR COUNT
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int work(const char* what, const char* path) {
  struct stat info;
  char text[64];
  int fd;
  switch (what[0]) {
    case 'c':
      fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
      return write(fd, "contents", 8) != 8 || close(fd) != 0;
    case 'r':
      fd = open(path, O_RDONLY);
      return read(fd, text, sizeof(text)) != 8 || close(fd) != 0;
    case 's':
      return stat(path, &info) != 0;
    case 'u':
      return unlink(path) != 0;
    default:
      return 0;
  }
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int count = atoi(argv[3]);
  char path[4096];
  const double start = now();
  for (int i = 0; i < count; ++i) {
    snprintf(path, sizeof(path), "%s/%d", argv[2], i);
    if (work(argv[1], path) != 0) {
      perror(path);
      return 1;
    }
  }
  printf("%s %.0f us each\n", argv[1], (now() - start) / count);
  return 0;
}
