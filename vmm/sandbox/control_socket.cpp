// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/control_socket.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#include "common/socket_path.h"
#include "protocol/sandbox/files.h"

namespace caisson::vmm {
namespace {

// LIMIT: verbs are short; more is a caller gone wrong.
constexpr size_t kMaxLineBytes = 4096;
// LIMIT: commands that talk to one sandbox at the same time.
constexpr size_t kMaxClients = 64;

}  // namespace

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(EventLoop& loop, const std::string& directory,
                                                           Handler handler,
                                                           std::function<void(Client)> on_hang_up) {
  const std::string path = directory + "/" + sandbox_file::kControlSocket;
  const SocketPath place = TRY(SocketPath::of(path));
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) {
    return fail_errno("create control socket");
  }
  // The mode of an unbound socket becomes the mode of its file: nobody else can slip in before a chmod.
  if (::fchmod(listener.get(), 0600) < 0 || ::bind(listener.get(), place.address(), SocketPath::size()) < 0 ||
      ::listen(listener.get(), SOMAXCONN) < 0) {
    return fail_errno("bind " + path);
  }
  std::unique_ptr<ControlSocket> control(
      new ControlSocket(loop, std::move(listener), std::move(handler), std::move(on_hang_up)));
  ControlSocket* self = control.get();
  self->watch_ = TRY(loop.watch(self->listener_.get(), EPOLLIN, [self](uint32_t) { self->on_connection(); }));
  return control;
}

ControlSocket::ControlSocket(EventLoop& loop, UniqueFd listener, Handler handler,
                             std::function<void(Client)> on_hang_up)
    : loop_(loop),
      listener_(std::move(listener)),
      handler_(std::move(handler)),
      on_hang_up_(std::move(on_hang_up)) {}

void ControlSocket::on_connection() {
  UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket || clients_.size() >= kMaxClients) {
    return;
  }
  const int fd = socket.get();
  if (auto watched = loop_.watch(fd, EPOLLIN, [this, fd](uint32_t) { on_readable(fd); })) {
    clients_[fd] = Connection{.socket = std::move(socket), .watch = std::move(*watched), .line = {}};
  }
}

void ControlSocket::on_readable(int fd) {
  std::array<char, 512> buffer{};
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    return;
  }
  std::string& line = clients_.at(fd).line;
  if (got <= 0 || line.size() + static_cast<size_t>(got) > kMaxLineBytes) {
    drop(fd);
    return;
  }
  line.append(buffer.data(), static_cast<size_t>(got));
  for (size_t end = line.find('\n'); end != std::string::npos; end = line.find('\n')) {
    const std::string request = line.substr(0, end);
    line.erase(0, end + 1);
    answer(fd, request);
  }
}

void ControlSocket::answer(int fd, const std::string& line) const {
  const auto request = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  nlohmann::json reply;
  const auto name = request.is_object() ? request.find("verb") : request.end();
  if (!request.is_object() || name == request.end() || !name->is_string()) {
    reply = {{"error", "expected one JSON object with \"verb\""}};
  } else if (const auto verb = find_verb(name->get_ref<const std::string&>()); !verb) {
    reply = {{"error", "unknown verb"}, {"code", EINVAL}};
  } else if (const auto answered = handler_(*verb, fd); !answered) {
    reply = {{"error", answered.error().message}, {"code", answered.error().code}};
  } else {
    reply = {{"ok", true}};
    reply.update(nlohmann::json::parse("{" + *answered + "}", nullptr, /*allow_exceptions=*/false));
  }
  const std::string text = reply.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  // A caller that does not read its one answer loses it.
  [[maybe_unused]] const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
}

void ControlSocket::drop(int fd) {
  clients_.erase(fd);
  on_hang_up_(fd);
}

}  // namespace caisson::vmm
