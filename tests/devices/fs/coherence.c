// SPDX-License-Identifier: Apache-2.0
// Two who share a directory: what one changes, the other must see at once after it. Built static; the same
// program stands on both sides and compares what it sees.
//   coherence look DIR              answers on stdout what it sees of the names on stdin (in the container)
//   coherence drive DIR ROUNDS COMMAND…   changes DIR, asks COMMAND ("look" elsewhere), counts what was stale
//   coherence append FILE MARK COUNT      appends COUNT lines of 3000 MARKs
//   coherence check FILE COUNT            counts lines of FILE that are torn; all of COUNT must be there
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kMost = 1 << 20, kLine = 3000, kAnswer = 512 };

static void die(const char* what) {
  perror(what);
  exit(2);
}

static sigjmp_buf bus;
static void on_bus(int signal) {
  siglongjmp(bus, signal);
}

__attribute__((noinline)) static unsigned hash(const unsigned char* bytes, size_t size) {
  unsigned value = 2166136261U;
  for (size_t i = 0; i < size; ++i) {
    value = (value ^ bytes[i]) * 16777619U;
  }
  return value;
}

// What an open file is by fstat, by reading, by its end, and by a map of the size that fstat told.
static void describe(int fd, char* out) {
  static unsigned char bytes[kMost];
  struct stat stat;
  if (fstat(fd, &stat) != 0) {
    sprintf(out, "fstat %d", errno);
    return;
  }
  ssize_t got = pread(fd, bytes, sizeof(bytes), 0);
  const unsigned read_hash = got < 0 ? 0 : hash(bytes, (size_t)got);
  const long long end = lseek(fd, 0, SEEK_END);
  char mapped[32] = "empty";
  if (stat.st_size > 0) {
    const unsigned char* map = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
      strcpy(mapped, "no map");
    } else if (sigsetjmp(bus, 1) != 0) {
      strcpy(mapped, "SIGBUS");
      munmap((void*)map, (size_t)stat.st_size);
    } else {
      sprintf(mapped, "%08x", hash(map, (size_t)stat.st_size));
      munmap((void*)map, (size_t)stat.st_size);
    }
  }
  sprintf(out, "size %lld read %zd:%08x end %lld map %s", (long long)stat.st_size, got, read_hash, end,
          mapped);
}

static int held = -1;

// One request: "stat NAME" and "look NAME" by its name, "hold NAME" opens and keeps, "held -" describes what
// is kept.
static void answer(const char* directory, const char* verb, const char* name, char* out) {
  char path[4096];
  snprintf(path, sizeof(path), "%s/%s", directory, name);
  if (strcmp(verb, "hold") == 0) {
    if (held >= 0) {
      close(held);
    }
    held = open(path, O_RDONLY);
    describe(held, out);
    return;
  }
  if (strcmp(verb, "held") == 0) {
    describe(held, out);
    return;
  }
  struct stat stat;
  if (lstat(path, &stat) != 0) {
    sprintf(out, "lstat %d", errno);
    return;
  }
  int length = sprintf(out, "mode %o links %d size %lld ", (unsigned)stat.st_mode, (int)stat.st_nlink,
                       (long long)stat.st_size);
  if (strcmp(verb, "stat") == 0) {
    return;
  }
  if (S_ISLNK(stat.st_mode)) {
    char target[256] = "";
    if (readlink(path, target, sizeof(target) - 1) < 0) {
      strcpy(target, "?");
    }
    sprintf(out + length, "to %s", target);
  } else if (S_ISREG(stat.st_mode)) {
    const int fd = open(path, O_RDONLY);
    if (fd < 0) {
      sprintf(out + length, "open %d", errno);
      return;
    }
    describe(fd, out + length);
    close(fd);
  }
}

static int look(const char* directory) {
  char verb[16];
  char name[256];
  char out[kAnswer];
  while (scanf("%15s %255s", verb, name) == 2) {
    answer(directory, verb, name, out);
    printf("%s\n", out);
    fflush(stdout);
  }
  return 0;
}

static char base[4096];
static FILE* to;
static FILE* from;

static const char* at(const char* name) {
  static char path[2][4352];
  static int turn;
  turn = !turn;
  snprintf(path[turn], sizeof(path[turn]), "%s/%s", base, name);
  return path[turn];
}

static void fill(const char* name, int flags, off_t offset, size_t size, int seed) {
  static unsigned char bytes[kMost];
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = (unsigned char)('a' + (i * 7 + (size_t)seed) % 26);
  }
  const int fd = open(at(name), O_WRONLY | flags, 0644);
  if (fd < 0 || ((flags & O_APPEND) != 0 ? write(fd, bytes, size) : pwrite(fd, bytes, size, offset)) < 0) {
    die(name);
  }
  close(fd);
}

// The same question to both sides; true when the answers differ.
static int stale(const char* kind, const char* verb, const char* name) {
  char there[kAnswer];
  char here[kAnswer];
  fprintf(to, "%s %s\n", verb, name);
  fflush(to);
  if (fgets(there, sizeof(there), from) == NULL) {
    die("the other side ended");
  }
  there[strcspn(there, "\n")] = 0;
  answer(base, verb, name, here);
  if (strcmp(there, here) != 0) {
    printf("stale %s: saw '%s', is '%s'\n", kind, there, here);
    return 1;
  }
  return 0;
}

static void change(int kind, int round) {
  const size_t sizes[] = {10, 4000, 4096, 5000, 20000};
  const size_t size = sizes[round % 5];
  struct stat old;
  switch (kind) {
    case 0:
      fill("file", O_APPEND, 0, size, round);
      break;
    case 1:
      fill("file", 0, round % 3 * 4096, size, round);
      break;
    case 2:
      if (truncate(at("file"), round % 2 != 0 ? 6000 + round * 500 : 3000 - round) != 0) die("truncate");
      break;
    case 3:
      fill("new", O_CREAT | O_TRUNC, 0, size, round);
      if (rename(at("new"), at("file")) != 0) die("rename");
      break;
    case 4: {  // the same size, and the time put back
      if (stat(at("file"), &old) != 0) die("stat");
      fill("file", 0, 0, (size_t)(old.st_size > kMost ? kMost : old.st_size), round);
      const struct timespec times[2] = {old.st_atim, old.st_mtim};
      if (utimensat(AT_FDCWD, at("file"), times, 0) != 0) die("utimensat");
      break;
    }
    case 5:
      if (unlink(at("file")) != 0) die("unlink");
      if (round % 2 != 0) fill("file", O_CREAT | O_EXCL, 0, size, round);
      break;
    case 6:
      if (chmod(at("file"), round % 2 != 0 ? 0600 : 0640) != 0) die("chmod");
      break;
    case 7:
      unlink(at("link"));
      if (symlink(round % 2 != 0 ? "one" : "two", at("link")) != 0) die("symlink");
      break;
    default:  // as a shell does
      fill("file", O_TRUNC, 0, size, round);
      break;
  }
}

static int drive(const char* directory, int rounds, char** command) {
  static const char* const kKinds[] = {"append", "pwrite", "truncate", "rename", "same size and time",
                                       "unlink", "chmod",  "link",     "rewrite"};
  int down[2];
  int up[2];
  if (pipe(down) != 0 || pipe(up) != 0) die("pipe");
  const pid_t child = fork();
  if (child == 0) {
    dup2(down[0], 0);
    dup2(up[1], 1);
    close(down[1]);
    close(up[0]);
    execvp(command[0], command);
    die(command[0]);
  }
  close(down[0]);
  close(up[1]);
  strcpy(base, directory);
  to = fdopen(down[1], "w");
  from = fdopen(up[0], "r");
  int all = 0;
  for (int kind = 0; kind < (int)(sizeof(kKinds) / sizeof(kKinds[0])); ++kind) {
    const char* name = kind == 7 ? "link" : "file";
    int by_name = 0;
    int by_handle = 0;
    for (int round = 0; round < rounds; ++round) {
      fill("file", O_CREAT | (round == 0 ? O_TRUNC : 0), 0, 3000, round);
      if (kind != 7) {
        stale(kKinds[kind], "hold", "file");  // so that there is something in its cache
      }
      stale(kKinds[kind], "stat", name);
      change(kind, round);
      if (kind == 0 || kind == 1 || kind == 2 || kind == 4 || kind == 8) {
        by_handle += stale(kKinds[kind], "held", "-");
        stale(kKinds[kind], "stat", name);
        change(kind, round + 1);
      }
      by_name += stale(kKinds[kind], "stat", name);
      by_name += stale(kKinds[kind], "look", name);
    }
    printf("%s: %d of %d stale by name, %d of %d by handle\n", kKinds[kind], by_name, 2 * rounds, by_handle,
           rounds);
    all += by_name + by_handle;
  }
  fclose(to);
  int status = 0;
  waitpid(child, &status, 0);
  return all != 0 || status != 0;
}

static int append(const char* path, int mark, int count) {
  char line[kLine];
  memset(line, mark, sizeof(line) - 1);
  line[sizeof(line) - 1] = '\n';
  const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0644);
  if (fd < 0) die(path);
  for (int i = 0; i < count; ++i) {
    if (write(fd, line, sizeof(line)) != (ssize_t)sizeof(line)) die("write");
  }
  return close(fd) != 0;
}

static int check(const char* path, int count) {
  char line[2 * kLine];
  FILE* file = fopen(path, "r");
  if (file == NULL) die(path);
  int lines = 0;
  int torn = 0;
  while (fgets(line, sizeof(line), file) != NULL) {
    ++lines;
    const size_t length = strlen(line);
    size_t same = 0;
    while (line[same] == line[0]) {
      ++same;
    }
    torn += length != kLine || same != kLine - 1;
  }
  printf("append: %d of %d lines torn, %d written\n", torn, lines, count);
  return torn != 0 || lines != count;
}

int main(int argc, char** argv) {
  signal(SIGBUS, on_bus);
  if (argc == 3 && strcmp(argv[1], "look") == 0) return look(argv[2]);
  if (argc > 4 && strcmp(argv[1], "drive") == 0) return drive(argv[2], atoi(argv[3]), argv + 4);
  if (argc == 5 && strcmp(argv[1], "append") == 0) return append(argv[2], argv[3][0], atoi(argv[4]));
  if (argc == 4 && strcmp(argv[1], "check") == 0) return check(argv[2], atoi(argv[3]));
  fprintf(stderr, "usage: coherence look|drive|append|check …\n");
  return 2;
}
