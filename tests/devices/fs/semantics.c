// SPDX-License-Identifier: Apache-2.0
// What POSIX and Linux promise of files, asked one by one in the directory named on the command line. Built
// statically by tests/containers/files.bats and run there inside a container, on the root file system and on
// a bind mount. Prints the promise that was broken; the exit status is the number of them. Needs root, for
// what root may and others may not.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static int failures;

static void report(int line, const char* what) {
  printf("line %d: %s (%s)\n", line, what, strerror(errno));
  ++failures;
}
#define CHECK(condition)            \
  do {                              \
    errno = 0;                      \
    if (!(condition)) {             \
      report(__LINE__, #condition); \
    }                               \
  } while (0)
#define REFUSED(call, code) CHECK((call) < 0 && errno == (code))

static int make(const char* name, const char* text) {
  const int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
  CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
  return fd;
}
static void put(const char* name, const char* text) {
  close(make(name, text));
}

static bool holds(const char* name, const char* text) {
  char buffer[256];
  const int fd = open(name, O_RDONLY);
  const ssize_t got = read(fd, buffer, sizeof(buffer));
  close(fd);
  return got == (ssize_t)strlen(text) && memcmp(buffer, text, (size_t)got) == 0;
}
static struct stat look(const char* name) {
  struct stat info = {0};
  CHECK(lstat(name, &info) == 0);
  return info;
}
static mode_t mode_of(const char* name) {
  return look(name).st_mode & 07777;
}

// Runs `body` as a child, as `uid` if that is not 0; whether its status was 0.
static bool in_child(uid_t uid, int (*body)(void)) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    if (uid != 0 && (setgid(uid) < 0 || setuid(uid) < 0)) {
      _exit(99);
    }
    _exit(body());
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status == 0;
}

static void renames(void) {
  put("a", "one");
  const int old = make("b", "two");
  CHECK(rename("a", "b") == 0 && holds("b", "one"));
  struct stat info;
  char text[4] = "";
  CHECK(fstat(old, &info) == 0 && info.st_nlink == 0);
  CHECK(pread(old, text, 3, 0) == 3 && strcmp(text, "two") == 0);
  close(old);
  put("c", "three");
  REFUSED(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_NOREPLACE), EEXIST);
  CHECK(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_EXCHANGE) == 0 && holds("b", "three") &&
        holds("c", "one"));
  CHECK(link("b", "b2") == 0 && rename("b", "b2") == 0 && holds("b", "three") && holds("b2", "three"));
  mkdir("d", 0755);
  mkdir("d/e", 0755);
  mkdir("f", 0755);
  put("f/g", "x");
  REFUSED(rename("d", "d/e/d"), EINVAL);
  REFUSED(rename("d", "f"), ENOTEMPTY);
  REFUSED(rename("c", "f"), EISDIR);
  REFUSED(rename("d", "c"), ENOTDIR);
  put("d/e/deep", "deep");
  const int deep = open("d/e/deep", O_RDWR);
  CHECK(rename("d", "moved") == 0 && holds("moved/e/deep", "deep"));
  CHECK(fchmod(deep, 0600) == 0 && mode_of("moved/e/deep") == 0600);
  close(deep);
  char here[4096];
  char* start = getcwd(NULL, 0);
  CHECK(chdir("moved/e") == 0 && rename("../../moved", "../../again") == 0 &&
        getcwd(here, sizeof(here)) != NULL);
  CHECK(strstr(here, "/again/e") != NULL);
  CHECK(chdir(start) == 0);
  free(start);
}

static void unlinked_while_open(void) {
  const int fd = make("gone", "kept");
  CHECK(unlink("gone") == 0);
  put("gone", "another");
  struct stat info;
  char text[16] = "";
  CHECK(pread(fd, text, sizeof(text), 0) == 4 && strcmp(text, "kept") == 0);
  CHECK(pwrite(fd, "more", 4, 4) == 4 && fchmod(fd, 0600) == 0 && ftruncate(fd, 6) == 0);
  CHECK(fstat(fd, &info) == 0 && info.st_size == 6 && info.st_nlink == 0 && (info.st_mode & 0777) == 0600);
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  const int again = open(path, O_RDONLY);
  CHECK(again >= 0 && pread(again, text, sizeof(text), 0) == 6);
  CHECK(fsetxattr(fd, "user.late", "v", 1, 0) == 0 && fgetxattr(fd, "user.late", text, sizeof(text)) == 1);
  CHECK(holds("gone", "another"));
  close(again);
  close(fd);
  mkdir("dir", 0755);
  const int dir = open("dir", O_RDONLY | O_DIRECTORY);
  CHECK(rmdir("dir") == 0);
  REFUSED(openat(dir, "new", O_CREAT | O_RDWR, 0644), ENOENT);
  close(dir);
}

static int is_locked(void) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};
  const int fd = open("locked", O_RDWR);
  return fcntl(fd, F_SETLK, &whole) < 0 && (errno == EAGAIN || errno == EACCES) ? 0 : 1;
}
static int is_flocked(void) {
  const int fd = open("locked", O_RDWR);
  return flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK ? 0 : 1;
}

static void locks(void) {
  put("locked", "0123456789");
  const int one = open("locked", O_RDWR);
  const int two = open("locked", O_RDWR);
  CHECK(flock(one, LOCK_EX) == 0 && in_child(0, is_flocked));
  REFUSED(flock(two, LOCK_SH | LOCK_NB), EWOULDBLOCK);
  CHECK(flock(one, LOCK_SH) == 0 && flock(two, LOCK_SH | LOCK_NB) == 0);
  CHECK(flock(one, LOCK_UN) == 0 && flock(two, LOCK_UN) == 0);
  struct flock part = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1};
  CHECK(fcntl(one, F_SETLK, &part) == 0 && in_child(0, is_locked));
  part.l_type = F_UNLCK;
  CHECK(fcntl(one, F_SETLK, &part) == 0 && !in_child(0, is_locked));
  struct flock own = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 5};
  CHECK(fcntl(one, F_OFD_SETLK, &own) == 0);
  REFUSED(fcntl(two, F_OFD_SETLK, &own), EAGAIN);
  // A waiter is woken when the holder closes.
  const pid_t child = fork();
  if (child == 0) {
    close(one);
    _exit(fcntl(two, F_OFD_SETLKW, &own) == 0 ? 0 : 1);
  }
  close(one);
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  close(two);
}

static void attributes(void) {
  put("noted", "");
  char value[5000];
  memset(value, 'v', sizeof(value));
  CHECK(setxattr("noted", "user.a", "1", 1, XATTR_CREATE) == 0);
  REFUSED(setxattr("noted", "user.a", "2", 1, XATTR_CREATE), EEXIST);
  REFUSED(setxattr("noted", "user.b", "2", 1, XATTR_REPLACE), ENODATA);
  CHECK(setxattr("noted", "user.long", value, 2000, 0) == 0 &&
        getxattr("noted", "user.long", value, 5000) == 2000);
  REFUSED(getxattr("noted", "user.long", value, 10), ERANGE);
  REFUSED(getxattr("noted", "user.none", value, 10), ENODATA);
  CHECK(getxattr("noted", "user.long", NULL, 0) == 2000);
  CHECK(listxattr("noted", value, sizeof(value)) == sizeof("user.a") + sizeof("user.long"));
  CHECK(removexattr("noted", "user.a") == 0);
  REFUSED(removexattr("noted", "user.a"), ENODATA);
}

static void mappings(void) {
  const int fd = make("mapped", "");
  CHECK(ftruncate(fd, 8192) == 0);
  char* one = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char* two = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
  CHECK(one != MAP_FAILED && two != MAP_FAILED);
  strcpy(one + 5000, "through the map");
  CHECK(strcmp(two + 5000, "through the map") == 0);
  char text[16] = "";
  CHECK(pread(fd, text, 15, 5000) == 15 && strcmp(text, "through the map") == 0);
  CHECK(pwrite(fd, "written", 7, 100) == 7 && memcmp(two + 100, "written", 7) == 0);
  CHECK(msync(one, 8192, MS_SYNC) == 0 && unlink("mapped") == 0 && close(fd) == 0);
  CHECK(strcmp(two + 5000, "through the map") == 0);
  munmap(one, 8192);
  munmap(two, 8192);
}

static int touches_beyond_the_end(void) {
  const int fd = open("cut", O_RDWR);
  volatile char* map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (ftruncate(fd, 100) < 0 || map[50] != 'x' || map[200] != 0) {
    return 1;
  }
  return map[5000];  // SIGBUS
}

static void truncation(void) {
  char buffer[8192];
  memset(buffer, 'x', sizeof(buffer));
  const int fd = make("cut", "");
  CHECK(write(fd, buffer, sizeof(buffer)) == sizeof(buffer));
  CHECK(ftruncate(fd, 10) == 0 && ftruncate(fd, 6000) == 0 && pread(fd, buffer, 8192, 0) == 6000);
  CHECK(buffer[9] == 'x' && buffer[10] == 0 && buffer[5999] == 0);
  CHECK(truncate("cut", 3) == 0 && look("cut").st_size == 3);
  const int reader = open("cut", O_RDONLY);
  REFUSED(ftruncate(reader, 0), EINVAL);
  close(reader);
  memset(buffer, 'x', sizeof(buffer));
  CHECK(pwrite(fd, buffer, 8192, 0) == 8192);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    _exit(touches_beyond_the_end());
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
  close(open("cut", O_WRONLY | O_TRUNC));
  CHECK(look("cut").st_size == 0);
  close(fd);
}

static void holes(void) {
  const int fd = make("sparse", "");
  CHECK(pwrite(fd, "end", 3, 100 << 20) == 3 && look("sparse").st_size == (100 << 20) + 3);
  CHECK(look("sparse").st_blocks < 2048);
  CHECK(lseek(fd, 0, SEEK_HOLE) == 0);
  CHECK(lseek(fd, 0, SEEK_DATA) == 100 << 20);
  REFUSED(lseek(fd, 200 << 20, SEEK_DATA), ENXIO);
  char buffer[16384];
  memset(buffer, 'x', sizeof(buffer));
  CHECK(pwrite(fd, buffer, sizeof(buffer), 0) == sizeof(buffer) && fsync(fd) == 0);
  CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096) == 0);
  CHECK(pread(fd, buffer, sizeof(buffer), 0) == sizeof(buffer));
  CHECK(buffer[4095] == 'x' && buffer[4096] == 0 && buffer[8191] == 0 && buffer[8192] == 'x');
  CHECK(posix_fallocate(fd, 0, 200 << 10) == 0 && look("sparse").st_size == (100 << 20) + 3);
  close(fd);
}

static void temporary_files(void) {
  int fd = open(".", O_TMPFILE | O_RDWR, 0640);
  struct stat info;
  CHECK(fd >= 0 && write(fd, "temp", 4) == 4 && fstat(fd, &info) == 0 && info.st_nlink == 0);
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  CHECK(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW) == 0 && holds("named", "temp"));
  CHECK(look("named").st_ino == info.st_ino && look("named").st_nlink == 1 && mode_of("named") == 0640);
  close(fd);
  fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  REFUSED(linkat(AT_FDCWD, path, AT_FDCWD, "never", AT_SYMLINK_FOLLOW), ENOENT);
  close(fd);
}

static void links(void) {
  put("first", "same");
  CHECK(link("first", "second") == 0 && look("second").st_nlink == 2 &&
        look("first").st_ino == look("second").st_ino);
  put("second", "changed");
  CHECK(holds("first", "changed") && unlink("first") == 0 && holds("second", "changed"));
  CHECK(look("second").st_nlink == 1);
  REFUSED(link("second", "second"), EEXIST);
  CHECK(symlink("nowhere", "dangling") == 0);
  REFUSED(open("dangling", O_RDONLY), ENOENT);
  CHECK(lchown("dangling", 5, 6) == 0 && look("dangling").st_uid == 5);
  const struct timespec times[2] = {{.tv_sec = 1, .tv_nsec = 2}, {.tv_sec = 3, .tv_nsec = 4}};
  CHECK(utimensat(AT_FDCWD, "dangling", times, AT_SYMLINK_NOFOLLOW) == 0 &&
        look("dangling").st_mtim.tv_nsec == 4);
  CHECK(symlink("loop", "loop") == 0);
  REFUSED(open("loop", O_RDONLY), ELOOP);
  char name[257];
  memset(name, 'n', sizeof(name));
  name[256] = 0;
  REFUSED(open(name, O_CREAT | O_RDWR, 0644), ENAMETOOLONG);
  name[255] = 0;
  CHECK(close(open(name, O_CREAT | O_RDWR, 0644)) == 0 && unlink(name) == 0);
}

static int writes_suid(void) {
  const int fd = open("suid", O_WRONLY);
  return fd >= 0 && write(fd, "x", 1) == 1 ? 0 : 1;
}
static int cuts_suid(void) {
  return truncate("suid", 1);
}
static int is_kept_out(void) {
  return chown("suid", 1000, 1000) < 0 && errno == EPERM && chmod("suid", 0777) < 0 && errno == EPERM &&
                 unlink("sticky/root") < 0 && (errno == EPERM || errno == EACCES) &&
                 open("private", O_RDONLY) < 0
             ? 0
             : 1;
}

static void owners(void) {
  put("suid", "text");
  CHECK(chmod("suid", 06777) == 0 && mode_of("suid") == 06777);
  const int fd = open("suid", O_WRONLY);
  CHECK(write(fd, "r", 1) == 1 && mode_of("suid") == 06777);  // root's CAP_FSETID
  close(fd);
  CHECK(in_child(1000, writes_suid) && mode_of("suid") == 0777);
  CHECK(chmod("suid", 06777) == 0 && in_child(1000, cuts_suid) && mode_of("suid") == 0777);
  CHECK(chmod("suid", 06755) == 0 && chown("suid", 7, 8) == 0 && mode_of("suid") == 0755);
  CHECK(look("suid").st_uid == 7 && look("suid").st_gid == 8);
  CHECK(chmod("suid", 02644) == 0 && chown("suid", 9, -1) == 0 &&
        mode_of("suid") == 02644);  // a lock, not a set-ID
  mkdir("group", 0755);
  CHECK(chown("group", 0, 33) == 0 && chmod("group", 02775) == 0);
  put("group/file", "");
  mkdir("group/sub", 0755);
  CHECK(look("group/file").st_gid == 33 && look("group/sub").st_gid == 33 && mode_of("group/sub") == 02755);
  mkdir("sticky", 0755);
  chmod("sticky", 01777);
  put("sticky/root", "");
  put("private", "");
  chmod("private", 0600);
  CHECK(in_child(1000, is_kept_out));
}

static void directories(void) {
  enum { kFiles = 2000 };
  static char seen[kFiles];
  char name[64];
  mkdir("many", 0755);
  for (int i = 0; i < kFiles; ++i) {
    snprintf(name, sizeof(name), "many/a-name-of-some-length-%d", i);
    const int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);
    CHECK(fd >= 0);
    close(fd);
  }
  DIR* many = opendir("many");
  int count = 0;
  long middle = 0;
  char after[256] = "";
  for (struct dirent* entry; (entry = readdir(many)) != NULL; ++count) {
    if (count == 1000) {
      middle = telldir(many);
    } else if (count == 1001) {
      snprintf(after, sizeof(after), "%s", entry->d_name);
    }
  }
  CHECK(count == kFiles + 2);
  seekdir(many, middle);
  CHECK(strcmp(readdir(many)->d_name, after) == 0);
  rewinddir(many);
  int number = 0;
  bool twice = false;
  for (struct dirent* entry; (entry = readdir(many)) != NULL;) {
    if (sscanf(entry->d_name, "a-name-of-some-length-%d", &number) == 1) {
      twice |= seen[number]++ != 0;
      CHECK(unlinkat(dirfd(many), entry->d_name, 0) == 0);
    }
  }
  CHECK(!twice && memchr(seen, 0, kFiles) == NULL);
  closedir(many);
  CHECK(rmdir("many") == 0);
}

static void syncing(void) {
  const int fd = make("synced", "x");
  const int dir = open(".", O_RDONLY | O_DIRECTORY);
  CHECK(fsync(fd) == 0 && fdatasync(fd) == 0 && syncfs(fd) == 0 && fsync(dir) == 0);
  CHECK(close(fd) == 0 && close(dir) == 0);
  struct statvfs info;
  CHECK(statvfs(".", &info) == 0 && info.f_bsize >= 512 && info.f_blocks > 0 && info.f_namemax == 255);
  CHECK(info.f_bavail <= info.f_bfree && info.f_bfree <= info.f_blocks);
}

static int appends(void) {
  const int fd = open("log", O_WRONLY | O_APPEND);
  for (int i = 0; i < 200; ++i) {
    if (write(fd, "a line\n", 7) != 7) {
      return 1;
    }
  }
  return 0;
}

static void appending(void) {
  put("log", "");
  fflush(stdout);
  const pid_t other = fork();
  if (other == 0) {
    _exit(appends());
  }
  CHECK(in_child(0, appends));
  waitpid(other, NULL, 0);
  CHECK(look("log").st_size == 2 * 200 * 7);
}

static void special_files(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
  const int server = socket(AF_UNIX, SOCK_STREAM, 0);
  const int client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(bind(server, (struct sockaddr*)&address, sizeof(address)) == 0 && listen(server, 1) == 0);
  CHECK(connect(client, (struct sockaddr*)&address, sizeof(address)) == 0 &&
        S_ISSOCK(look("socket").st_mode));
  close(client);
  close(server);
  CHECK(mkfifo("fifo", 0600) == 0);
  const int fifo = open("fifo", O_RDWR);
  char byte = 0;
  CHECK(write(fifo, "f", 1) == 1 && read(fifo, &byte, 1) == 1 && byte == 'f');
  close(fifo);
  const int watch = inotify_init1(IN_NONBLOCK);
  char events[4096];
  CHECK(inotify_add_watch(watch, ".", IN_CREATE | IN_DELETE) >= 0);
  put("watched", "");
  CHECK(unlink("watched") == 0);
  CHECK(read(watch, events, sizeof(events)) > (ssize_t)sizeof(struct inotify_event));
  close(watch);
}

static void open_files(void) {
  enum { kOpen = 5000 };
  const struct rlimit limit = {.rlim_cur = kOpen + 100, .rlim_max = kOpen + 100};
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  mkdir("open", 0755);
  static int fds[kOpen];
  char name[32];
  for (int i = 0; i < kOpen; ++i) {
    snprintf(name, sizeof(name), "open/%d", i);
    fds[i] = open(name, O_CREAT | O_RDWR, 0644);
    if (fds[i] < 0) {
      report(__LINE__, name);
      return;
    }
  }
  CHECK(write(fds[0], "first", 5) == 5 && write(fds[kOpen - 1], "last", 4) == 4);
  CHECK(holds("open/0", "first") && holds("open/4999", "last"));
}

int main(int argc, char** argv) {
  if (argc < 2 || chdir(argv[1]) < 0) {
    return 255;
  }
  umask(022);
  void (*const promises[])(void) = {
      renames,   unlinked_while_open, locks, attributes, mappings,    truncation,
      holes,     temporary_files,     links, owners,     directories, syncing,
      appending, special_files};
  for (size_t i = 0; i < sizeof(promises) / sizeof(*promises); ++i) {
    promises[i]();
  }
  if (argc > 2 && strcmp(argv[2], "open-files") == 0) {
    open_files();
  }
  printf("%d broken\n", failures);
  return failures;
}
