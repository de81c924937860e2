// SPDX-License-Identifier: Apache-2.0
// Says whether file handles are given out ("neither"), or given and good ("both"); fails where they are given
// and useless.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char** arguments) {
  const char* path = count > 1 ? arguments[1] : "/";
  struct file_handle* handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount = 0;
  if (name_to_handle_at(AT_FDCWD, path, handle, &mount, 0) < 0) {
    puts(errno == EOPNOTSUPP ? "neither" : strerror(errno));
    return errno != EOPNOTSUPP;
  }
  const int fd = open_by_handle_at(open("/v", O_RDONLY), handle, O_RDONLY);
  puts(fd < 0 ? strerror(errno) : "both");
  return fd < 0;
}
