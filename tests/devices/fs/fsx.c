// SPDX-License-Identifier: Apache-2.0
// A file exercised at random, beside what it should hold: read, write, maps, O_DIRECT, truncation, holes.
// After the manner of Apple's fsx. Built static.
//   fsx FILE OPERATIONS SEED   ends with 1 at the first byte that is not what was written
//   fsx full DIR               fills the file system of DIR through a map: an error is told, nothing else
//   lost
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kMost = 256 * 1024, kPage = 4096 };

static unsigned char good[kMost];  // what the file holds
static size_t size;
static unsigned char* buffer;  // aligned for O_DIRECT
static const char* path;
static int fd;
static int direct_fd = -1;
static uint64_t state;
static const char* doing = "nothing";
static long done;

static unsigned draw(unsigned below) {
  state = state * 6364136223846793005U + 1442695040888963407U;
  return (unsigned)(state >> 33) % below;
}

static void fail(const char* what) {
  fprintf(stderr, "fsx: operation %ld (%s): %s: %s\n", done, doing, what, strerror(errno));
  exit(1);
}

static void compare(const unsigned char* got, size_t from, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (got[i] != good[from + i]) {
      fprintf(stderr,
              "fsx: operation %ld (%s): byte %zu of %zu is %#x, not %#x; it began at %zu, %zu bytes\n", done,
              doing, from + i, size, got[i], good[from + i], from, count);
      exit(1);
    }
  }
}

static void check_size(void) {
  struct stat stat;
  if (fstat(fd, &stat) != 0) fail("fstat");
  if ((size_t)stat.st_size != size) {
    fprintf(stderr, "fsx: operation %ld (%s): size %lld, not %zu\n", done, doing, (long long)stat.st_size,
            size);
    exit(1);
  }
}

static void open_file(int flags) {
  fd = open(path, O_RDWR | flags, 0644);
  if (fd < 0) fail("open");
  direct_fd = open(path, O_RDWR | O_DIRECT);
  if (direct_fd < 0) fail("open O_DIRECT");
}

static void range(size_t limit, size_t* from, size_t* count) {
  *from = draw((unsigned)limit);
  *count = 1 + draw(limit - *from < 65536 ? (unsigned)(limit - *from) : 65536);
}

static void fill(size_t from, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    good[from + i] = (unsigned char)draw(256);
  }
}

static void grow(size_t to) {
  if (to > size) {
    size = to;  // beyond the old end `good` is zero
  }
}

static void do_read(void) {
  size_t from;
  size_t count;
  if (size == 0) return;
  range(size, &from, &count);
  if (pread(fd, buffer, count, (off_t)from) != (ssize_t)count) fail("pread");
  compare(buffer, from, count);
}

static void do_write(void) {
  size_t from;
  size_t count;
  range(kMost, &from, &count);
  fill(from, count);
  if (pwrite(fd, good + from, count, (off_t)from) != (ssize_t)count) fail("pwrite");
  grow(from + count);
}

static void do_direct_read(void) {
  size_t from;
  size_t count;
  if (size < kPage) return;
  range(size, &from, &count);
  from -= from % kPage;
  count = (count + kPage - 1) / kPage * kPage;
  const size_t there = size - from < count ? size - from : count;
  if (pread(direct_fd, buffer, count, (off_t)from) != (ssize_t)there) fail("direct pread");
  compare(buffer, from, there);
}

static void do_direct_write(void) {
  size_t from;
  size_t count;
  range(kMost, &from, &count);
  from -= from % kPage;
  count -= count % kPage;
  if (count == 0) return;
  fill(from, count);
  memcpy(buffer, good + from, count);
  if (pwrite(direct_fd, buffer, count, (off_t)from) != (ssize_t)count) fail("direct pwrite");
  grow(from + count);
}

// Beyond the end a map's last page is zero, and what is written there stays nowhere.
static void do_map(int is_write) {
  size_t from;
  size_t count;
  if (size == 0) return;
  range(size, &from, &count);
  const size_t start = from - from % kPage;
  unsigned char* map = mmap(NULL, from - start + count, is_write ? PROT_READ | PROT_WRITE : PROT_READ,
                            MAP_SHARED, fd, (off_t)start);
  if (map == MAP_FAILED) fail("mmap");
  if (is_write) {
    fill(from, count);
    memcpy(map + (from - start), good + from, count);
    if (draw(3) == 0 && msync(map, from - start + count, MS_SYNC) != 0) fail("msync");
  } else {
    compare(map + (from - start), from, count);
    const size_t end = from + count;
    if (end == size && end % kPage != 0) {
      for (size_t i = end; i % kPage != 0; ++i) {
        if (map[i - start] != 0) {
          errno = 0;
          fail("a byte beyond the end is not zero");
        }
      }
    }
  }
  if (munmap(map, from - start + count) != 0) fail("munmap");
}

static void do_truncate(void) {
  const size_t to = draw(kMost);
  if (ftruncate(fd, (off_t)to) != 0) fail("ftruncate");
  if (to < size) memset(good + to, 0, size - to);
  size = to;
}

static void do_punch(void) {
  size_t from;
  size_t count;
  if (size == 0) return;
  range(size, &from, &count);
  if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)count) != 0) {
    if (errno == EOPNOTSUPP) return;
    fail("punch hole");
  }
  memset(good + from, 0, count);
}

static void do_reopen(void) {
  if (close(fd) != 0 || close(direct_fd) != 0) fail("close");
  open_file(0);
}

static void operate(void) {
  switch (draw(18)) {
    case 0:
    case 1:
    case 2:
      doing = "read";
      do_read();
      break;
    case 3:
    case 4:
    case 5:
      doing = "write";
      do_write();
      break;
    case 6:
    case 7:
      doing = "map read";
      do_map(0);
      break;
    case 8:
    case 9:
    case 10:
      doing = "map write";
      do_map(1);
      break;
    case 11:
      doing = "direct read";
      do_direct_read();
      break;
    case 12:
      doing = "direct write";
      do_direct_write();
      break;
    case 13:
    case 14:
      doing = "truncate";
      do_truncate();
      break;
    case 15:
      doing = "punch hole";
      do_punch();
      break;
    case 16:
      doing = "fsync";
      if (fsync(fd) != 0) fail("fsync");
      break;
    default:
      doing = "close and open";
      do_reopen();
      break;
  }
  check_size();
}

static int expect(int condition, const char* what) {
  if (!condition) {
    printf("fsx: full: %s (%s)\n", what, strerror(errno));
  }
  return !condition;
}

// A sparse file twice as large as there is room, with a page at its end that has its place already.
static int fill_up(const char* directory) {
  enum { kSize = 8 << 20 };
  char name[4096];
  int bad = 0;
  snprintf(name, sizeof(name), "%s/full", directory);
  fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
  memset(good, 'o', kPage);
  bad += expect(pwrite(fd, good, kPage, kSize - kPage) == kPage, "write the last page");
  bad += expect(pwrite(fd, good, kPage, 0) == kPage, "write the first page");
  unsigned char* map = mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) fail("mmap");
  for (size_t at = 0; at < kSize; at += kPage) {
    memset(map + at, 'n', kPage);
  }
  errno = 0;
  bad += expect(msync(map, kSize, MS_SYNC) != 0 && errno == ENOSPC, "msync past the last room is ENOSPC");
  munmap(map, kSize);
  // Told once; what is closed has been told.
  close(fd);
  fd = open(name, O_RDWR | O_DIRECT);
  size_t kept = 0;
  for (size_t at = 0; at < kSize; at += kPage) {
    bad += expect(pread(fd, buffer, kPage, (off_t)at) == kPage, "read");
    size_t same = 1;
    while (same < kPage && buffer[same] == buffer[0]) {
      ++same;
    }
    bad += expect(same == kPage && (buffer[0] == 'n' || buffer[0] == 0), "a page is new or a hole");
    kept += buffer[0] == 'n';
    if (at == 0 || at == kSize - kPage) {
      bad += expect(buffer[0] == 'n', "a page that had its place is kept");
    }
  }
  bad += expect(kept > 2 && kept < kSize / kPage, "some had room, some had not");
  bad += expect(ftruncate(fd, 0) == 0, "truncate");
  close(fd);
  fd = open(name, O_RDWR);
  bad += expect(pwrite(fd, good, kPage, 0) == kPage && fsync(fd) == 0, "there is room again");
  close(fd);
  return bad != 0;
}

int main(int argc, char** argv) {
  if (posix_memalign((void**)&buffer, kPage, kMost) != 0) return 2;
  if (argc == 3 && strcmp(argv[1], "full") == 0) return fill_up(argv[2]);
  if (argc != 4) {
    fprintf(stderr, "usage: fsx FILE OPERATIONS SEED | fsx full DIR\n");
    return 2;
  }
  path = argv[1];
  state = strtoull(argv[3], NULL, 10);
  open_file(O_CREAT | O_TRUNC);
  const long operations = atol(argv[2]);
  for (done = 0; done < operations; ++done) {
    operate();
  }
  doing = "the end";
  do_reopen();
  if (pread(fd, buffer, size, 0) != (ssize_t)size) fail("pread");
  compare(buffer, 0, size);
  printf("fsx: %ld operations, seed %s\n", operations, argv[3]);
  return 0;
}
