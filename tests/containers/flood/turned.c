// SPDX-License-Identifier: Apache-2.0
// Starts the real agent, /agent, and waits beside it until somebody connects to its port: then the agent is
// an intruder's. By the agent's own channel of events it says whatever there is to say, for as long as the
// guest lives.
#include <errno.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PORT 7777
#define AGENTS_EVENTS 1024
#define MOST_DESCRIPTORS 64

// Events of protocol/agent/agent.proto behind their lengths: ready again, an empty log record, one that a
// terminal would obey, a kill for want of memory, the machine's own want, the end, the container's readiness.
static const char kEvents[] =
    "\0\0\0\2\x0a\0"
    "\0\0\0\4\x12\2\x08\4"
    "\0\0\0\x0f\x12\x0d\x08\4\x12\x09\033[2J\n\a\b\r\v"
    "\0\0\0\2\x1a\0"
    "\0\0\0\4\x1a\2\x08\1"
    "\0\0\0\2\x22\0"
    "\0\0\0\2\x2a\0";

static int channel_of_agent(void) {
  const int agent = (int)syscall(SYS_pidfd_open, 1, 0);
  for (int number = 0; number < MOST_DESCRIPTORS; ++number) {
    const int copy = (int)syscall(SYS_pidfd_getfd, agent, number, 0);
    struct sockaddr_vm peer;
    socklen_t size = sizeof(peer);
    if (copy >= 0 && getpeername(copy, (struct sockaddr*)&peer, &size) == 0 && peer.svm_family == AF_VSOCK &&
        peer.svm_cid == VMADDR_CID_HOST && peer.svm_port == AGENTS_EVENTS)
      return copy;
    close(copy);
  }
  return -1;
}

int main(void) {
  const struct sockaddr_vm here = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = PORT};
  const int listener = socket(AF_VSOCK, SOCK_STREAM, 0);
  if (bind(listener, (const struct sockaddr*)&here, sizeof(here)) < 0 || listen(listener, 1) < 0) {
    perror("listen");
    return 1;
  }
  if (fork() != 0) {
    close(listener);
    execl("/agent", "/init", NULL);
    perror("/agent");
    return 1;
  }
  const int told = accept(listener, NULL, NULL);
  const int channel = channel_of_agent();
  if (channel < 0) {
    (void)!write(told, "no channel\n", 11);
    return 1;
  }
  // Blocking or not, it is the agent's: an event that is half written is nonsense, and that is tried too.
  (void)!write(told, "turned\n", 7);
  while (send(channel, kEvents, sizeof(kEvents) - 1, MSG_NOSIGNAL) >= 0 || errno == EAGAIN) {
  }
}
