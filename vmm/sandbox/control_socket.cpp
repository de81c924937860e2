// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/control_socket.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/received_descriptors.h"
#include "common/socket_path.h"
#include "protocol/control/message.h"
#include "protocol/sandbox/files.h"

namespace caisson::vmm {
namespace {

// LIMIT: verbs are short; more is a caller gone wrong.
constexpr size_t kMaxLineBytes = 4096;
// LIMIT: commands that talk to one sandbox at the same time.
constexpr size_t kMaxClients = 64;

// What follows the verb of `serve`: a name for each descriptor.
Result<std::vector<std::string>> parse_names(const nlohmann::json& request, size_t descriptors) {
  const auto names = request.find(control_message::kNames);
  if (names == request.end() || !names->is_array() || names->size() != descriptors ||
      !std::ranges::all_of(*names, [](const auto& name) { return name.is_string(); })) {
    return fail(EINVAL, "expected \"names\", one for each descriptor");
  }
  return names->get<std::vector<std::string>>();
}

// Descriptors that belong to no `serve` are closed here.
Result<ControlSocket::Request> parse_request(const std::string& line, ControlSocket::Client client,
                                             std::vector<UniqueFd> descriptors) {
  const auto document = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  const auto name = document.is_object() ? document.find(control_message::kVerb) : document.end();
  if (!document.is_object() || name == document.end() || !name->is_string()) {
    return fail(EINVAL, "expected one JSON object with \"verb\"");
  }
  const auto verb = find_verb(name->get_ref<const std::string&>());
  if (!verb) {
    return fail(EINVAL, "unknown verb");
  }
  ControlSocket::Request request{.verb = *verb, .client = client};
  if (*verb == Verb::serve) {
    request.names = TRY(parse_names(document, descriptors.size()));
    request.descriptors = std::move(descriptors);
  }
  return request;
}

// A caller that does not read its one answer loses it.
void send_line(int client, const nlohmann::json& reply) {
  const std::string text = reply.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  [[maybe_unused]] const ssize_t sent = ::send(client, text.data(), text.size(), MSG_NOSIGNAL);
}

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
  if (clients_.size() >= kMaxClients) {
    (void)watch_.modify(0);  // until one hangs up; the others wait in the backlog
    return;
  }
  UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) {
    if (errno == EMFILE || errno == ENFILE) {
      // Nothing would change by asking again at once: the client stays readable.
      (void)watch_.modify(0);
      accept_again_ = loop_.after(kOutOfDescriptorsPause, [this] { (void)watch_.modify(EPOLLIN); });
    }
    return;
  }
  const int fd = socket.get();
  if (auto watched = loop_.watch(fd, EPOLLIN, [this, fd](uint32_t) { on_readable(fd); })) {
    clients_[fd] =
        Connection{.socket = std::move(socket), .watch = std::move(*watched), .line = {}, .descriptors = {}};
  }
}

// What came of recvmsg(2); its descriptors are kept for the line that they came with.
ssize_t ControlSocket::receive(Connection& from) const {
  std::array<char, 512> buffer{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostServed * sizeof(int))> control{};
  iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(from.socket.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got < 0) {
    return got;
  }
  collect_descriptors(message, from.descriptors);
  from.line.append(buffer.data(), static_cast<size_t>(got));
  const bool too_much = from.line.size() > kMaxLineBytes || from.descriptors.size() > kMostServed;
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    send_line(
        from.socket.get(),
        {{control_message::kError,
          "take files: caisson-vmm has no descriptor left for them; have processes of the container close "
          "some, or allow more (RLIMIT_NOFILE)"}});
    return 0;
  }
  return too_much ? 0 : got;
}

void ControlSocket::on_readable(int fd) {
  Connection& client = clients_.at(fd);
  const ssize_t got = receive(client);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    return;
  }
  if (got <= 0) {
    drop(fd);
    return;
  }
  std::string& line = client.line;
  for (size_t end = line.find('\n'); end != std::string::npos; end = line.find('\n')) {
    const std::string request = line.substr(0, end);
    line.erase(0, end + 1);
    answer(fd, request);
  }
}

void ControlSocket::answer(int fd, const std::string& line) {
  nlohmann::json reply = {{control_message::kOk, true}};
  const auto answered = [&]() -> Result<std::string> {
    return handler_(TRY(parse_request(line, fd, std::exchange(clients_.at(fd).descriptors, {}))));
  }();
  if (answered) {
    reply.update(nlohmann::json::parse("{" + *answered + "}", nullptr, /*allow_exceptions=*/false));
  } else {
    reply = {{control_message::kError, answered.error().message}};
  }
  send_line(fd, reply);
}

void ControlSocket::drop(int fd) {
  on_hang_up_(fd);  // while the number is still this client's
  clients_.erase(fd);
  (void)watch_.modify(EPOLLIN);
}

}  // namespace caisson::vmm
