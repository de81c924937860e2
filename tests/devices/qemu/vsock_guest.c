// SPDX-License-Identifier: Apache-2.0
// An /init that stands in for the agent: connects to host port 1024, says "ready", then echoes what comes on
// guest port 5000, until that ends; then it resets the machine. Partner: tests/devices/qemu/vsock_test.cpp.
#include <linux/reboot.h>
#include <linux/vm_sockets.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int socket_to(unsigned cid, unsigned port, int (*join)(int, const struct sockaddr*, socklen_t)) {
  const struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_port = port, .svm_cid = cid};
  const int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
  return join(fd, (const struct sockaddr*)&address, sizeof(address)) == 0 ? fd : -1;
}

static void echo(int stream) {
  static char buffer[65536];
  for (ssize_t count; (count = read(stream, buffer, sizeof(buffer))) > 0;) {
    for (ssize_t sent = 0; sent < count;) {
      const ssize_t part = write(stream, buffer + sent, (size_t)(count - sent));
      if (part <= 0) return;
      sent += part;
    }
  }
}

int main(void) {
  const int listener = socket_to(VMADDR_CID_ANY, 5000, bind);
  listen(listener, 1);
  const int ready = socket_to(VMADDR_CID_HOST, 1024, connect);
  if (write(ready, "ready", 5) == 5) {
    const int stream = accept(listener, 0, 0);
    echo(stream);
    close(stream);
  }
  syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART, 0);
  return 0;
}
