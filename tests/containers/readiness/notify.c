// SPDX-License-Identifier: Apache-2.0
// notify MESSAGE…: writes each as one datagram to $NOTIFY_SOCKET, as sd_notify(3) does.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char** argv) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  const char* path = getenv("NOTIFY_SOCKET");
  if (path == NULL || strlen(path) >= sizeof(to.sun_path)) {
    fprintf(stderr, "notify: no NOTIFY_SOCKET\n");
    return 2;
  }
  strcpy(to.sun_path, path);
  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  for (int i = 1; i < argc; ++i) {
    if (sendto(fd, argv[i], strlen(argv[i]), 0, (struct sockaddr*)&to, sizeof(to)) < 0) {
      perror("notify");
      return 1;
    }
  }
  return 0;
}
