// SPDX-License-Identifier: Apache-2.0
#include "agent/child/control.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace caisson::agent {
namespace {

struct Header {
  ControlKind kind;
  int32_t code;
};
// LIMIT: what an error may say; the rest is cut.
constexpr size_t kMaxTextBytes = 4096;

}  // namespace

Result<Control::Pair> Control::create_pair() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds.data()) < 0) {
    return fail_errno("create control socket");
  }
  Pair pair{.agent = Control(UniqueFd(fds[0])), .child = Control(UniqueFd(fds[1]))};
  ::fcntl(fds[0], F_SETFL, O_NONBLOCK);
  return pair;
}

Result<void> Control::move_above(int lowest) {
  UniqueFd moved(::fcntl(socket_.get(), F_DUPFD_CLOEXEC, lowest));
  if (!moved) {
    return fail_errno("move control socket");
  }
  socket_ = std::move(moved);
  return {};
}

Result<void> Control::send(ControlKind kind) {
  return send_packet(kind, 0, {}, -1);
}

Result<void> Control::send_terminal(const UniqueFd& master) {
  return send_packet(ControlKind::terminal, 0, {}, master.get());
}

Result<void> Control::send_error(const Error& error) {
  return send_packet(ControlKind::error, error.code, std::string_view(error.message).substr(0, kMaxTextBytes),
                     -1);
}

Result<void> Control::send_packet(ControlKind kind, int code, std::string_view text, int fd) {
  Header header{.kind = kind, .code = code};
  std::array<iovec, 2> parts{iovec{.iov_base = &header, .iov_len = sizeof(header)},
                             iovec{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()}};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> ancillary{};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  if (fd >= 0) {
    message.msg_control = ancillary.data();
    message.msg_controllen = ancillary.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
  }
  if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) < 0) {
    return fail_errno("send on control socket");
  }
  return {};
}

Result<std::optional<ControlMessage>> Control::receive() {
  Header header{};
  std::array<char, kMaxTextBytes> text{};
  std::array<iovec, 2> parts{iovec{.iov_base = &header, .iov_len = sizeof(header)},
                             iovec{.iov_base = text.data(), .iov_len = text.size()}};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> ancillary{};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  message.msg_control = ancillary.data();
  message.msg_controllen = ancillary.size();
  ssize_t n = 0;
  do {
    n = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n < 0) {
    return fail_errno("read control socket");
  }
  if (n == 0) {
    return std::nullopt;
  }
  if (static_cast<size_t>(n) < sizeof(header)) {
    return fail(EPROTO, "read control socket: short message");
  }
  ControlMessage received{
      .kind = header.kind,
      .error = {.code = header.code != 0 ? header.code : EIO,
                .message = std::string(text.data(), static_cast<size_t>(n) - sizeof(header))},
      .fd = {}};
  if (const cmsghdr* rights = CMSG_FIRSTHDR(&message);
      rights != nullptr && rights->cmsg_type == SCM_RIGHTS && rights->cmsg_len == CMSG_LEN(sizeof(int))) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
    received.fd.reset(fd);
  }
  return received;
}

Result<void> Control::expect(ControlKind kind) {
  const std::optional<ControlMessage> message = TRY(receive());
  if (!message || message->kind != kind) {
    return fail(ECANCELED, "wait for the agent: it gave up on this process");
  }
  return {};
}

}  // namespace caisson::agent
