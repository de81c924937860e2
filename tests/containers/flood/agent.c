// SPDX-License-Identifier: Apache-2.0
// In place of the agent: one that says the same to the host over and over (the kernel's argument "flood"
// names it), with bytes that a terminal obeys, then writes such bytes to the console and ends, with which its
// kernel does.
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMES 20000
// To the top, clear the screen, red; a title; C1; a carriage return, a backspace, a line that pretends to be
// another.
#define ESCAPES "\033[H\033[2J\033[31m\033]0;title\a\302\233m\r\b\ncaisson: error: forged"

// Events of protocol/agent/agent.proto behind their lengths, field by field: number << 3 | 2, length, bytes.
static size_t frame(char* to, char field, const char* body, size_t size) {
  const char head[] = {0, 0, 0, (char)(size + 2), (char)(field << 3 | 2), (char)size};
  memcpy(to, head, sizeof(head));
  memcpy(to + sizeof(head), body, size);
  return sizeof(head) + size;
}

static size_t event(char* to, const char* kind) {
  char body[128];
  if (strcmp(kind, "empty") == 0) return frame(to, 2, "\x08\x04", 2);  // Log, level ERROR
  if (strcmp(kind, "oom") == 0) return frame(to, 3, "", 0);
  const size_t size = strlen(ESCAPES);
  memcpy(body, "\x08\x04\x12", 3);  // a message
  body[3] = (char)size;
  memcpy(body + 4, ESCAPES, size);
  return frame(to, 2, body, size + 4);
}

int main(void) {
  char bytes[256];
  const char* kind = getenv("flood");
  const size_t size = event(bytes, kind ? kind : "log");
  const struct sockaddr_vm host = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = 1024};
  const int stream = socket(AF_VSOCK, SOCK_STREAM, 0);
  if (stream < 0 || connect(stream, (const struct sockaddr*)&host, sizeof(host)) < 0) {
    perror("reach the host");
    return 1;
  }
  for (int i = 0; i < TIMES; ++i)
    for (size_t sent = 0; sent < size;) {
      const ssize_t n = write(stream, bytes + sent, size - sent);
      if (n < 0) return 2;
      sent += (size_t)n;
    }
  shutdown(stream, SHUT_WR);
  while (read(stream, bytes, sizeof(bytes)) > 0) {  // until the host has taken it all
  }
  prctl(PR_SET_NAME, "\033[31minit");
  for (int i = 0; i < 100; ++i) fputs(ESCAPES "\n", stderr);
  return 3;
}
