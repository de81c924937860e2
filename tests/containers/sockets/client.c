// SPDX-License-Identifier: Apache-2.0
// client PATH: connects to a Unix socket, sends it standard input to the end, and prints what comes back to
// the end. Exits with 1 where nobody can be reached, with 2 where the connection breaks.
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int copy(int from, int to) {
  static char bytes[65536];
  ssize_t got;
  while ((got = read(from, bytes, sizeof(bytes))) > 0) {
    for (ssize_t done = 0, n; done < got; done += n) {
      n = write(to, bytes + done, (size_t)(got - done));
      if (n <= 0) return -1;
    }
  }
  return got < 0 ? -1 : 0;
}

int main(int argc, char** argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) return 3;
  strcpy(address.sun_path, argv[1]);
  if (connect(fd, (struct sockaddr*)&address, sizeof(address)) < 0) return 1;
  if (copy(0, fd) < 0 || shutdown(fd, SHUT_WR) < 0 || copy(fd, 1) < 0) return 2;
  return 0;
}
