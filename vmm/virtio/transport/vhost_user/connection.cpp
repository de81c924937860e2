// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/transport/vhost_user/connection.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cstring>

#include "common/received_descriptors.h"

namespace caisson::vmm::vhost_user {

Result<Connection> Connection::create(UniqueFd socket) {
  const int flags = ::fcntl(socket.get(), F_GETFL);
  if (flags < 0 || ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) < 0) {
    return fail_errno("make vhost-user socket non-blocking");
  }
  return Connection(std::move(socket));
}

Result<bool> Connection::fill(size_t wanted) {
  while (filled_ < wanted) {
    iovec part{.iov_base = buffer_.data() + filled_, .iov_len = wanted - filled_};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t count = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      if (errno == EAGAIN) {
        return false;
      }
      return fail_errno("receive from vhost-user front end");
    }
    collect_descriptors(message, fds_);
    if (count == 0) {
      return fail(ECONNRESET, "receive from vhost-user front end: it closed the connection");
    }
    if ((message.msg_flags & MSG_CTRUNC) != 0 || fds_.size() > kMaxDescriptors) {
      return fail(EPROTO, "receive from vhost-user front end: more than 8 descriptors in one message");
    }
    filled_ += static_cast<size_t>(count);
  }
  return true;
}

Result<std::optional<Message>> Connection::receive() {
  if (!TRY(fill(sizeof(Header)))) {
    return std::nullopt;
  }
  Header header{};
  std::memcpy(&header, buffer_.data(), sizeof(header));
  TRY(check_header(header));
  if (!TRY(fill(sizeof(Header) + header.size))) {
    return std::nullopt;
  }
  filled_ = 0;
  std::vector<UniqueFd> fds;
  fds.swap(fds_);
  return TRY(parse(header, std::span(buffer_).subspan(sizeof(Header), header.size), std::move(fds)));
}

Result<void> Connection::reply(Request request, std::span<const std::byte> payload) {
  const Header header{.request = static_cast<uint32_t>(request),
                      .flags = kFlagVersion | kFlagReply,
                      .size = static_cast<uint32_t>(payload.size())};
  std::array<std::byte, sizeof(Header) + kMaxPayloadBytes> bytes{};
  std::memcpy(bytes.data(), &header, sizeof(header));
  std::memcpy(bytes.data() + sizeof(header), payload.data(), payload.size());
  const size_t total = sizeof(header) + payload.size();
  const ssize_t sent = ::send(socket_.get(), bytes.data(), total, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) {
    return fail_errno("reply to vhost-user front end");
  }
  if (static_cast<size_t>(sent) != total) {
    return fail(EAGAIN, "reply to vhost-user front end: it does not read its replies");
  }
  return {};
}

}  // namespace caisson::vmm::vhost_user
