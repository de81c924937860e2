// SPDX-License-Identifier: Apache-2.0
// What programs do with files, one line of outcome each: run natively and in a container over the same file
// system, the lines must be the same (tests/containers/file_usage.bats). Built static. Nothing that depends
// on time, place or inode numbers is said.
//   usage DIR     DIR is empty and belongs to whoever runs it, root
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char* topic;

static void say(const char* format, ...) {
  va_list list;
  printf("%s: ", topic);
  va_start(list, format);
  vprintf(format, list);
  va_end(list);
  printf("\n");
}

// The outcome of a call that gives 0 or more, or -1 and errno.
static void tell(const char* what, long result) {
  const int error = errno;
  if (result < 0) {
    say("%s: %s", what, strerror(error));
  } else {
    say("%s: %ld", what, result);
  }
}

static int make(const char* name, const char* text) {
  const int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) perror(name);
  return fd;
}

static void tell_stat(const char* what, const char* name) {
  struct stat s;
  if (lstat(name, &s) != 0) {
    tell(what, -1);
    return;
  }
  say("%s: mode %o nlink %ld uid %d gid %d size %ld", what, s.st_mode, (long)s.st_nlink, (int)s.st_uid,
      (int)s.st_gid, S_ISDIR(s.st_mode) ? 0L : (long)s.st_size);
}

static long links(int fd) {
  struct stat s;
  return fstat(fd, &s) == 0 ? (long)s.st_nlink : -1;
}

static void tell_text(const char* what, int fd) {
  char text[64] = {0};
  const ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
  say("%s: %ld '%s'", what, (long)n, n > 0 ? text : "");
}

// Whether the times of `name` moved on while `change` was done.
#define TELL_TIMES(name, change)                                                              \
  do {                                                                                        \
    struct stat before, after;                                                                \
    stat(name, &before);                                                                      \
    usleep(30000);                                                                            \
    const long result = (change);                                                             \
    const int error = errno;                                                                  \
    stat(name, &after);                                                                       \
    say(#change ": %ld %s, mtime %s, ctime %s", result, result < 0 ? strerror(error) : "",    \
        memcmp(&before.st_mtim, &after.st_mtim, sizeof(after.st_mtim)) ? "moved" : "stayed",  \
        memcmp(&before.st_ctim, &after.st_ctim, sizeof(after.st_ctim)) ? "moved" : "stayed"); \
  } while (0)

static void unlinked(void) {
  topic = "unlinked";
  const int fd = make("u", "text");
  link("u", "u2");
  say("links %ld", links(fd));
  unlink("u");
  say("links %ld", links(fd));
  unlink("u2");
  say("links %ld", links(fd));
  tell("write", pwrite(fd, "more", 4, 4));
  tell_text("read", fd);
  tell("truncate", ftruncate(fd, 2));
  tell_text("read", fd);
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  const int again = open(path, O_RDONLY);
  tell("open again", again < 0 ? -1 : 0);
  if (again >= 0) tell_text("read again", again);
  tell("link again", linkat(AT_FDCWD, path, AT_FDCWD, "u3", AT_SYMLINK_FOLLOW));
  tell("chmod", fchmod(fd, 0600));
  char target[256] = {0};
  readlink(path, target, sizeof(target) - 1);
  say("named %s", strstr(target, " (deleted)") ? "deleted" : "as before");
  mkdir("ud", 0755);
  const int dir = open("ud", O_RDONLY | O_DIRECTORY);
  rmdir("ud");
  say("directory: links %ld", links(dir));
  tell("create in it", openat(dir, "x", O_CREAT | O_RDWR, 0644));
  close(dir);
  close(fd);
}

static void renamed(void) {
  topic = "renamed";
  const int old = make("a", "old"), new = make("b", "new");
  tell("over an open file", rename("b", "a"));
  tell_text("old", old);
  tell_text("new", new);
  say("links %ld %ld", links(old), links(new));
  const int found = open("a", O_RDONLY);
  tell_text("by name", found);
  mkdir("d1", 0755);
  mkdir("d2", 0755);
  close(make("d2/x", "x"));
  tell("directory over a full one", rename("d1", "d2"));
  tell("directory over an empty one", rename("d2", "d1"));
  tell("file over a directory", rename("a", "d1"));
  tell("directory over a file", rename("d1", "a"));
  tell("directory into itself", rename("d1", "d1/below"));
  tell("noreplace", syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "d1", RENAME_NOREPLACE));
  tell("exchange", syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "d1", RENAME_EXCHANGE));
  tell_stat("a", "a");
  tell_stat("d1", "d1");
  tell("both flags",
       syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "d1", RENAME_EXCHANGE | RENAME_NOREPLACE));
  link("d1", "same");
  tell("two names of one file", rename("d1", "same"));
  tell_stat("same", "same");
  tell("trailing slash", rename("same", "other/"));
  tell("dot", rename("a/.", "c"));
  close(old), close(new), close(found);
}

static void temporary(void) {
  topic = "temporary";
  int fd = open(".", O_TMPFILE | O_RDWR, 0640);
  tell("open", fd < 0 ? -1 : 0);
  say("links %ld", links(fd));
  write(fd, "text", 4);
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  tell("link", linkat(AT_FDCWD, path, AT_FDCWD, "tmp", AT_SYMLINK_FOLLOW));
  tell_stat("linked", "tmp");
  tell("link by descriptor", linkat(fd, "", AT_FDCWD, "tmp2", AT_EMPTY_PATH));
  say("links %ld", links(fd));
  close(fd);
  fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0640);
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  tell("link of an exclusive one", linkat(AT_FDCWD, path, AT_FDCWD, "tmp3", AT_SYMLINK_FOLLOW));
  close(fd);
  tell("read-only", open(".", O_TMPFILE | O_RDONLY, 0640));
}

static void copied(void) {
  topic = "copied";
  const int from = make("from", "0123456789"), to = make("to", "");
  loff_t in = 2, out = 5;
  tell("range", copy_file_range(from, &in, to, &out, 4, 0));
  say("offsets %ld %ld", (long)in, (long)out);
  lseek(from, 0, SEEK_SET);
  tell("by position", copy_file_range(from, NULL, to, NULL, 100, 0));
  say("positions %ld %ld", (long)lseek(from, 0, SEEK_CUR), (long)lseek(to, 0, SEEK_CUR));
  tell_text("to", to);
  in = 0, out = 2;
  tell("overlapping", copy_file_range(from, &in, from, &out, 5, 0));
  in = 0, out = 5;
  tell("within", copy_file_range(from, &in, from, &out, 5, 0));
  tell_text("from", from);
  const int append = open("to", O_WRONLY | O_APPEND);
  in = 0;
  tell("to an appending one", copy_file_range(from, &in, append, NULL, 3, 0));
  const int reading = open("to", O_RDONLY);
  tell("to a read-only one", copy_file_range(from, &in, reading, NULL, 3, 0));
  tell("flags", copy_file_range(from, &in, to, NULL, 3, 1));
  off_t at = 1;
  tell("sendfile", sendfile(to, from, &at, 3));
  say("offset %ld", (long)at);
  int ends[2];
  pipe(ends);
  tell("splice out", splice(from, &(loff_t){4}, ends[1], NULL, 4, 0));
  tell("splice in", splice(ends[0], NULL, to, &(loff_t){0}, 4, 0));
  tell_text("to", to);
  close(from), close(to), close(append), close(reading);
}

static void allocated(void) {
  static const struct {
    const char* name;
    int mode;
    off_t offset, length;
  } kCalls[] = {
      {"plain", 0, 0, 65536},
      {"keep size", FALLOC_FL_KEEP_SIZE, 65536, 65536},
      {"punch", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 8192},
      {"punch without keep", FALLOC_FL_PUNCH_HOLE, 4096, 8192},
      {"zero", FALLOC_FL_ZERO_RANGE, 0, 5000},
      {"zero and keep", FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 60000, 20000},
      {"negative", 0, -1, 10},
      {"nothing", 0, 0, 0},
      {"too far", 0, 1, 0x7fffffffffffffff},
  };
  topic = "allocated";
  struct stat s;
  const int fd = make("alloc", "");
  for (int i = 0; i < 1000; ++i) write(fd, "0123456789abcdef0123456789abcdef", 32);
  for (size_t i = 0; i < sizeof(kCalls) / sizeof(kCalls[0]); ++i) {
    tell(kCalls[i].name, fallocate(fd, kCalls[i].mode, kCalls[i].offset, kCalls[i].length));
    fstat(fd, &s);
    char byte = 'x';
    pread(fd, &byte, 1, 4500);
    say("size %ld blocks %ld byte %d", (long)s.st_size, (long)s.st_blocks, byte);
  }
  const int reading = open("alloc", O_RDONLY);
  tell("read-only", fallocate(reading, 0, 0, 10));
  close(fd), close(reading);
}

static void sparse(void) {
  topic = "sparse";
  struct stat s;
  const int fd = make("sparse", "");
  pwrite(fd, "x", 1, 10 << 20);
  pwrite(fd, "y", 1, 20 << 20);
  fstat(fd, &s);
  say("size %ld blocks %ld", (long)s.st_size, (long)s.st_blocks);
  for (off_t at = 0; at >= 0 && at < s.st_size;) {
    const off_t data = lseek(fd, at, SEEK_DATA);
    tell("data", data);
    if (data < 0) break;
    at = lseek(fd, data, SEEK_HOLE);
    tell("hole", at);
  }
  tell("data past the end", lseek(fd, 30 << 20, SEEK_DATA));
  tell("hole past the end", lseek(fd, 30 << 20, SEEK_HOLE));
  tell("truncate up", ftruncate(fd, 1L << 40));
  fstat(fd, &s);
  say("size %ld blocks %ld", (long)s.st_size, (long)s.st_blocks);
  tell("negative", ftruncate(fd, -1));
  close(fd);
}

static void positions(void) {
  topic = "positions";
  const int fd = make("pos", "0123456789"), append = open("pos", O_RDWR | O_APPEND),
            other = open("pos", O_WRONLY | O_APPEND);
  say("begins at %ld", (long)lseek(append, 0, SEEK_CUR));
  write(other, "other", 5);
  tell("append", write(append, "abc", 3));
  say("is at %ld", (long)lseek(append, 0, SEEK_CUR));
  tell("pwrite to an appending one", pwrite(append, "zz", 2, 0));
  say("is at %ld", (long)lseek(append, 0, SEEK_CUR));
  tell_text("text", fd);
  struct iovec part = {.iov_base = "RW", .iov_len = 2};
  tell("RWF_APPEND", pwritev2(fd, &part, 1, 0, RWF_APPEND));
  say("is at %ld", (long)lseek(fd, 0, SEEK_CUR));
  tell("RWF_APPEND by position", pwritev2(fd, &part, 1, -1, RWF_APPEND));
  say("is at %ld", (long)lseek(fd, 0, SEEK_CUR));
  char page[9000];
  memset(page, 'p', sizeof(page));
  write(other, page, sizeof(page));
  tell("append pages", write(append, page, sizeof(page)));
  say("is at %ld", (long)lseek(append, 0, SEEK_CUR));
  tell("seek beyond", lseek(fd, 100000, SEEK_SET));
  tell("read there", read(fd, page, 10));
  tell("seek before", lseek(fd, -1, SEEK_SET));
  tell("pread before", pread(fd, page, 10, -1));
  close(fd), close(append), close(other);
}

static void times(void) {
  topic = "times";
  struct stat s;
  close(make("t", "text"));
  symlink("t", "tl");
  const struct timespec when[2] = {{.tv_sec = 1000000000, .tv_nsec = 123456789},
                                   {.tv_sec = 1100000000, .tv_nsec = 1}};
  tell("of a link", utimensat(AT_FDCWD, "tl", when, AT_SYMLINK_NOFOLLOW));
  lstat("tl", &s);
  say("link: %ld.%09ld %ld.%09ld", s.st_atim.tv_sec, s.st_atim.tv_nsec, s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
  stat("t", &s);
  say("its target: %s", s.st_mtim.tv_sec == 1100000000 ? "changed" : "not changed");
  tell("through a link", utimensat(AT_FDCWD, "tl", when, 0));
  stat("t", &s);
  say("target: %ld.%09ld %ld.%09ld", s.st_atim.tv_sec, s.st_atim.tv_nsec, s.st_mtim.tv_sec,
      s.st_mtim.tv_nsec);
  const struct timespec omit[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = -5, .tv_nsec = 7}};
  tell("before 1970", utimensat(AT_FDCWD, "t", omit, 0));
  stat("t", &s);
  say("target: %ld.%09ld %ld.%09ld", s.st_atim.tv_sec, s.st_atim.tv_nsec, s.st_mtim.tv_sec,
      s.st_mtim.tv_nsec);
  mkdir("td", 0755);
  close(make("td/there", "x"));
  const int fd = open("t", O_RDWR);
  TELL_TIMES("td", close(make("td/new", "x")));
  TELL_TIMES("td", link("td/new", "td/newer"));
  TELL_TIMES("td/new", unlink("td/newer"));
  TELL_TIMES("td", rename("td/new", "td/renamed"));
  TELL_TIMES("td", unlink("td/renamed"));
  TELL_TIMES("td", mkdir("td/d", 0755));
  TELL_TIMES("td", rmdir("td/d"));
  TELL_TIMES("td", chmod("td/there", 0600));
  TELL_TIMES("t", write(fd, "x", 1));
  TELL_TIMES("t", write(fd, "x", 0));
  TELL_TIMES("t", chmod("t", 0600));
  TELL_TIMES("t", ftruncate(fd, 100));
  TELL_TIMES("t", ftruncate(fd, 100));
  TELL_TIMES("t", truncate("t", 100));
  TELL_TIMES("t", close(open("t", O_RDWR | O_TRUNC)));
  TELL_TIMES("t", close(open("t", O_RDWR | O_TRUNC)));
  TELL_TIMES("t", setxattr("t", "user.x", "y", 1, 0));
  TELL_TIMES("t", chown("t", -1, -1));
  TELL_TIMES("t", chown("t", 0, 0));
  char* map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ftruncate(fd, 4096);
  TELL_TIMES("t", (map[0] = 'm', msync(map, 4096, MS_SYNC)));
  munmap(map, 4096);
  close(fd);
}

// As another user, with group 2000 besides: `what` is done and told by a child.
static void as_user(void (*what)(void)) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    const gid_t groups[] = {2000};
    syscall(SYS_setgroups, 1, groups);
    syscall(SYS_setresgid, 1000, 1000, 1000);
    syscall(SYS_setresuid, 1000, 1000, 1000);
    what();
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static void in_sticky(void) {
  tell("remove another's", unlink("sticky/root"));
  tell("rename another's", rename("sticky/root", "sticky/mine"));
  close(open("sticky/own", O_CREAT | O_RDWR, 0644));
  tell("rename over another's", rename("sticky/own", "sticky/root"));
  tell("remove own", unlink("sticky/own"));
  tell("create over another's, protected", open("sticky/other", O_CREAT | O_RDWR, 0644) < 0 ? -1 : 0);
  tell("write to a group's", open("group", O_RDWR) < 0 ? -1 : 0);
  tell("read what nobody may", open("none", O_RDONLY) < 0 ? -1 : 0);
  tell("access", access("none", R_OK));
  tell("chmod another's", chmod("group", 0777));
  tell("chown own", chown("owned", 0, -1));
  tell("give own to a group", chown("owned", -1, 2000));
  tell_stat("owned", "owned");
  tell("set the group's bit without being of it", chmod("owned2", 02755));
  tell_stat("owned2", "owned2");
  tell("write to set-ID", close(open("setid", O_WRONLY | O_TRUNC)));
  tell_stat("setid", "setid");
  const int fd = open("setid2", O_WRONLY);
  tell("write to set-ID", write(fd, "x", 1));
  tell_stat("setid2", "setid2");
  tell("link another's, protected", link("none", "linked"));
  tell("times of another's", utimensat(AT_FDCWD, "group", NULL, 0));
  tell("set times of another's", utimensat(AT_FDCWD, "none", (struct timespec[2]){{1, 0}, {1, 0}}, 0));
  tell("noatime of another's", open("group", O_RDONLY | O_NOATIME) < 0 ? -1 : 0);
  tell("create where not allowed", open("new", O_CREAT | O_RDWR, 0644));
  tell("xattr where not allowed", setxattr("none", "user.x", "y", 1, 0));
}

static void permissions(void) {
  topic = "permissions";
  umask(022);
  mkdir("sticky", 0755);
  chmod("sticky", 01777);
  close(make("sticky/root", "x"));
  close(make("sticky/other", "x"));
  chmod("sticky/other", 0666);
  chown("sticky/other", 3000, 3000);
  close(make("group", "x"));
  chown("group", 0, 2000);
  chmod("group", 0660);
  close(make("none", "x"));
  chmod("none", 0600);
  close(make("owned", "x"));
  chown("owned", 1000, 1000);
  close(make("owned2", "x"));
  chown("owned2", 1000, 4000);
  close(make("setid", "x"));
  close(make("setid2", "x"));
  chown("setid", 0, 2000), chown("setid2", 0, 2000);
  chmod("setid", 06777), chmod("setid2", 06777);
  as_user(in_sticky);
  mkdir("setgid", 0755);
  chown("setgid", 0, 2000);
  chmod("setgid", 02777);
  close(open("setgid/file", O_CREAT | O_RDWR, 0644));
  mkdir("setgid/dir", 0755);
  mknod("setgid/fifo", S_IFIFO | 0644, 0);
  symlink("x", "setgid/link");
  close(open("setgid/set", O_CREAT | O_RDWR, 02755));
  tell_stat("setgid file", "setgid/file");
  tell_stat("setgid dir", "setgid/dir");
  tell_stat("setgid fifo", "setgid/fifo");
  tell_stat("setgid link", "setgid/link");
  tell_stat("setgid set", "setgid/set");
  umask(0);
  close(open("umask0", O_CREAT | O_RDWR, 0777));
  tell_stat("umask 0", "umask0");
  umask(077);
  close(open("umask77", O_CREAT | O_RDWR, 0777));
  tell_stat("umask 077", "umask77");
  umask(022);
  close(make("drop", "x"));
  chmod("drop", 06755);
  chown("drop", 5, 5);
  tell_stat("chown drops", "drop");
  chmod("drop", 06755);
  chown("drop", -1, -1);
  tell_stat("chown to nobody drops", "drop");
  chmod("drop", 02745);
  chown("drop", 6, 6);
  tell_stat("chown keeps a lock bit", "drop");
}

static void names(void) {
  topic = "names";
  char name[300];
  memset(name, 'n', sizeof(name));
  name[255] = 0;
  tell("of 255 bytes", close(open(name, O_CREAT | O_RDWR, 0644)));
  tell_stat("it", name);
  tell("remove it", unlink(name));
  name[255] = 'n', name[256] = 0;
  tell("of 256 bytes", open(name, O_CREAT | O_RDWR, 0644));
  tell("stat of 256 bytes", access(name, F_OK));
  tell("mkdir of 256 bytes", mkdir(name, 0755));
  tell("link to 256 bytes", symlink("x", name));
  tell("odd bytes", close(open("\x01\xff\n\\\"", O_CREAT | O_RDWR, 0644)));
  tell("remove them", unlink("\x01\xff\n\\\""));
  symlink("loop2", "loop1");
  symlink("loop1", "loop2");
  tell("loop", open("loop1", O_RDONLY));
  tell("loop, created", open("loop1", O_RDWR | O_CREAT, 0644));
  tell("link, not followed", open("loop1", O_RDONLY | O_NOFOLLOW));
  symlink("nowhere", "dangling");
  tell("dangling", open("dangling", O_RDONLY));
  tell("dangling, exclusive", open("dangling", O_RDWR | O_CREAT | O_EXCL, 0644));
  tell("dangling, created", close(open("dangling", O_RDWR | O_CREAT, 0644)));
  tell_stat("nowhere", "nowhere");
  char target[4200];
  memset(target, 't', sizeof(target));
  target[4095] = 0;
  tell("link to 4095 bytes", symlink(target, "long"));
  tell("read it", readlink("long", target, sizeof(target)));
  tell_stat("it", "long");
  memset(target, 't', sizeof(target));
  target[4096] = 0;
  tell("link to 4096 bytes", symlink(target, "longer"));
  tell("link to nothing", symlink("", "empty"));
  tell("file as a directory", open("nowhere/x", O_RDONLY));
  tell("file with a slash", open("nowhere/", O_RDONLY));
  tell("directory asked for", open("nowhere", O_RDONLY | O_DIRECTORY));
  mkdir("dir", 0755);
  tell("write to a directory", open("dir", O_RDWR));
  tell("create a directory by open", open("dir", O_RDONLY | O_CREAT, 0644));
  tell("unlink a directory", unlink("dir"));
  tell("rmdir a file", rmdir("nowhere"));
  tell("rmdir dot", rmdir("dir/."));
  tell("rmdir dot dot", rmdir("dir/.."));
  tell("link a directory", link("dir", "dir2"));
  link("dangling", "hard");
  tell_stat("hard link of a link", "hard");
  char deep[64];
  int depth = 0;
  for (; depth < 200 && mkdir("deep", 0755) == 0 && chdir("deep") == 0; ++depth) {
  }
  say("deep %d", depth);
  for (; depth > 0; --depth) {
    if (chdir("..") != 0) break;
    snprintf(deep, sizeof(deep), "deep");
    rmdir(deep);
  }
}

static void directories(void) {
  topic = "directories";
  struct stat s;
  char name[32];
  mkdir("big", 0755);
  for (int i = 0; i < 1500; ++i) {
    snprintf(name, sizeof(name), "big/%d", i);
    close(open(name, O_CREAT | O_RDWR, 0644));
  }
  mkdir("big/below", 0755);
  stat("big", &s);
  say("links %ld", (long)s.st_nlink);
  DIR* dir = opendir("big");
  int count = 0, twice = 0, removed = 0;
  static char seen[1500];
  struct dirent* entry;
  // What is removed and made while the directory is read: nothing else is left out or comes twice.
  while ((entry = readdir(dir)) != NULL) {
    ++count;
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') {
      const int number = atoi(entry->d_name);
      twice += seen[number]++;
      snprintf(name, sizeof(name), "big/%d", number);
      removed += unlink(name) == 0;
    }
  }
  say("entries %d, twice %d, removed %d", count, twice, removed);
  rewinddir(dir);
  count = 0;
  long where = 0;
  while ((entry = readdir(dir)) != NULL) {
    if (++count == 2) where = telldir(dir);
  }
  say("left %d", count);
  seekdir(dir, where);
  count = 0;
  while (readdir(dir) != NULL) ++count;
  say("from there %d", count);
  close(make("big/later", "x"));
  rewinddir(dir);
  count = 0;
  while ((entry = readdir(dir)) != NULL) {
    ++count;
    if (strcmp(entry->d_name, "later") == 0) say("type %d", entry->d_type);
    if (strcmp(entry->d_name, "below") == 0) say("type %d", entry->d_type);
  }
  say("with one made %d", count);
  closedir(dir);
  tell("full", rmdir("big"));
  unlink("big/later");
  rmdir("big/below");
  tell("empty", rmdir("big"));
  const int fd = open(".", O_RDONLY | O_DIRECTORY);
  tell("read a directory", read(fd, name, 1));
  tell("fsync a directory", fsync(fd));
  close(fd);
}

static void mapped(void) {
  topic = "mapped";
  const int fd = make("map", "");
  ftruncate(fd, 8192);
  char* one = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char* two = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
  char* own = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  strcpy(one, "written");
  say("other map '%s', private '%s'", two, own);
  strcpy(own, "private");
  say("other map '%s', private '%s'", two, own);
  tell_text("read", fd);
  pwrite(fd, "pwrite", 6, 4096);
  say("written shows '%s'", one + 4096);
  if (fork() == 0) {
    strcpy(one, "child");
    _exit(0);
  }
  wait(NULL);
  say("child's shows '%s'", one);
  unlink("map");
  strcpy(one, "unlinked");
  tell("msync", msync(one, 8192, MS_SYNC));
  tell_text("read", fd);
  ftruncate(fd, 4096);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    one[4096] = 'x';
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  say("beyond the end: signal %d", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  const int reading = make("map2", "text");
  close(reading);
  const int only = open("map2", O_RDONLY);
  tell("write to a read-only one", mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, only, 0) == MAP_FAILED ? -1 : 0);
  close(only);
  close(fd);
}

static void locked(void) {
  topic = "locked";
  const int fd = make("lock", "0123456789"), other = open("lock", O_RDWR);
  struct flock range = {.l_type = F_WRLCK, .l_start = 2, .l_len = 3};
  tell("record", fcntl(fd, F_SETLK, &range));
  fflush(stdout);
  if (fork() == 0) {
    struct flock wanted = {.l_type = F_WRLCK, .l_start = 4, .l_len = 3};
    tell("child's", fcntl(other, F_SETLK, &wanted));
    fcntl(other, F_GETLK, &wanted);
    say("held: type %d, %ld of %ld, by %s", wanted.l_type, (long)wanted.l_start, (long)wanted.l_len,
        wanted.l_pid == getppid() ? "its parent" : "another");
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  close(open("lock", O_RDONLY));  // lets go of it
  range = (struct flock){.l_type = F_WRLCK};
  tell("open file's", fcntl(other, F_OFD_SETLK, &range));
  tell("other open file's", fcntl(fd, F_OFD_SETLK, &range));
  tell("flock", flock(fd, LOCK_EX | LOCK_NB));
  tell("other flock", flock(other, LOCK_SH | LOCK_NB));
  close(fd);
  tell("after close", flock(other, LOCK_EX | LOCK_NB));
  const int reading = open("lock", O_RDONLY);
  range = (struct flock){.l_type = F_WRLCK};
  tell("write lock on a read-only one", fcntl(reading, F_SETLK, &range));
  tell("lease", fcntl(reading, F_SETLEASE, F_RDLCK) < 0 && errno != EAGAIN ? -1 : 0);
  close(reading), close(other);
}

static void others(void) {
  topic = "others";
  struct statfs f;
  tell("statfs", statfs(".", &f));
  say("blocks of %ld, %s, names of %ld", (long)f.f_bsize,
      f.f_blocks > 0 && f.f_bavail <= f.f_bfree ? "sensible" : "odd", (long)f.f_namelen);
  const int watch = inotify_init1(IN_NONBLOCK);
  inotify_add_watch(
      watch, ".",
      IN_CREATE | IN_DELETE | IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB);
  close(make("watched", "x"));
  rename("watched", "moved");
  chmod("moved", 0600);
  unlink("moved");
  char events[4096] __attribute__((aligned(8)));
  const ssize_t n = read(watch, events, sizeof(events));
  for (ssize_t at = 0; at < n;) {
    const struct inotify_event* event = (const void*)(events + at);
    say("event %x %s", event->mask, event->name);
    at += (ssize_t)(sizeof(*event) + event->len);
  }
  tell("fifo", mkfifo("fifo", 0644));
  tell_stat("fifo", "fifo");
  tell("fifo for writing, no reader", open("fifo", O_WRONLY | O_NONBLOCK));
  const int fifo = open("fifo", O_RDWR | O_NONBLOCK);
  tell("fifo write", write(fifo, "text", 4));
  char text[16];
  tell("fifo read", read(fifo, text, 16));
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
  const int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
  tell("bind", bind(server, (struct sockaddr*)&address, sizeof(address)));
  tell("bind again", bind(client, (struct sockaddr*)&address, sizeof(address)));
  listen(server, 1);
  tell("connect", connect(client, (struct sockaddr*)&address, sizeof(address)));
  tell("open a socket", open("socket", O_RDONLY));
  tell_stat("socket", "socket");
  close(make("xattr", "x"));
  tell("set", setxattr("xattr", "user.one", "value", 5, XATTR_CREATE));
  tell("set again", setxattr("xattr", "user.one", "value", 5, XATTR_CREATE));
  tell("replace none", setxattr("xattr", "user.two", "value", 5, XATTR_REPLACE));
  tell("get", getxattr("xattr", "user.one", text, 16));
  tell("get, too short", getxattr("xattr", "user.one", text, 2));
  tell("list", listxattr("xattr", events, sizeof(events)));
  tell("remove", removexattr("xattr", "user.one"));
  tell("remove none", removexattr("xattr", "user.one"));
  tell("no such namespace", setxattr("xattr", "nothing.one", "value", 5, 0));
  tell("empty name", setxattr("xattr", "user.", "value", 5, 0));
  symlink("xattr", "xlink");
  tell("of a link", lsetxattr("xlink", "user.one", "value", 5, 0));
  const int direct = open("xattr", O_RDWR | O_DIRECT);
  tell("direct", direct < 0 ? -1 : 0);
  const int path = open("xattr", O_PATH);
  tell("read by a path descriptor", read(path, text, 1));
  struct stat s;
  tell("stat of it", fstat(path, &s));
  tell("chmod of it", fchmod(path, 0600));
  const int reading = open("xattr", O_RDONLY), writing = open("xattr", O_WRONLY);
  tell("write to a read-only one", write(reading, "x", 1));
  tell("read from a write-only one", read(writing, text, 1));
  tell("truncate a read-only one", ftruncate(reading, 0));
  tell("advise", posix_fadvise(reading, 0, 0, POSIX_FADV_DONTNEED));
  tell("read ahead", readahead(reading, 0, 4096));
  tell("sync range", sync_file_range(writing, 0, 4096, SYNC_FILE_RANGE_WRITE));
  tell("datasync", fdatasync(writing));
  tell("sync file system", syncfs(writing) < 0 && errno != ENOSYS ? -1 : 0);
  int bytes = -1;
  tell("bytes to read", ioctl(reading, FIONREAD, &bytes));
  say("bytes %d", bytes);
  struct pollfd polled = {.fd = reading, .events = POLLIN | POLLOUT};
  tell("poll", poll(&polled, 1, 0));
  tell("access of an executable", access("xattr", X_OK));
  chmod("xattr", 0755);
}

static void run_capable(void) {
  if (fork() == 0) {
    execl("./capable", "capable", NULL);
    say("%s", strerror(errno));
    fflush(stdout);
    _exit(1);
  }
  wait(NULL);
}

// A program is given file capabilities after it has been executed without, and loses them again.
static void capable(void) {
  topic = "capable";
  const struct vfs_cap_data given = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                                     .data = {{.permitted = 1U << CAP_NET_BIND_SERVICE}}};
  const int self = open("/proc/self/exe", O_RDONLY), copy = open("capable", O_CREAT | O_RDWR, 0755);
  struct stat s;
  fstat(self, &s);
  tell("copy", sendfile(copy, self, NULL, (size_t)s.st_size) == s.st_size ? 0 : -1);
  close(self), close(copy);
  as_user(run_capable);
  as_user(run_capable);
  tell("give", setxattr("capable", "security.capability", &given, sizeof(given), 0));
  as_user(run_capable);
  as_user(run_capable);
  tell("take", removexattr("capable", "security.capability"));
  as_user(run_capable);
  tell("give", setxattr("capable", "security.capability", &given, sizeof(given), 0));
  tell("write", close(open("capable", O_WRONLY)));
  const int fd = open("capable", O_WRONLY | O_APPEND);
  tell("write", write(fd, "x", 1));
  close(fd);
  as_user(run_capable);
}

// What ./capable says.
static int tell_capabilities(void) {
  char line[128];
  FILE* status = fopen("/proc/self/status", "r");
  while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
    if (strncmp(line, "CapEff:", 7) == 0) printf("capable: %s", line);
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc == 1) return tell_capabilities();
  static void (*const kTopics[])(void) = {unlinked,    renamed,   temporary, copied,      allocated,
                                          sparse,      positions, times,     permissions, names,
                                          directories, mapped,    locked,    others,      capable};
  if (argc != 2) return 2;
  umask(022);
  for (size_t i = 0; i < sizeof(kTopics) / sizeof(kTopics[0]); ++i) {
    char place[64];
    if (chdir(argv[1]) != 0) return 1;
    snprintf(place, sizeof(place), "topic%zu", i);
    if (mkdir(place, 0755) != 0 || chmod(place, 0777) != 0 || chdir(place) != 0) return 1;
    if (kTopics[i] == permissions) chmod(".", 0755);
    kTopics[i]();
  }
  return 0;
}
