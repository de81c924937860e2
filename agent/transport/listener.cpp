// SPDX-License-Identifier: Apache-2.0
#include "agent/transport/listener.h"

#include <linux/vm_sockets.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>

namespace caisson::agent {
namespace {

constexpr int kBacklog = 512;

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Result<unsigned> parse_number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return fail(EINVAL, "parse address: " + std::string(text) + " is not a number");
  }
  return value;
}

Result<Address> parse_vsock(std::string_view text) {
  sockaddr_vm vm{};
  vm.svm_family = AF_VSOCK;
  vm.svm_cid = VMADDR_CID_ANY;
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    vm.svm_cid = TRY(parse_number(text.substr(0, colon)));
    text.remove_prefix(colon + 1);
  }
  vm.svm_port = TRY(parse_number(text));
  Address address;
  std::memcpy(&address.storage, &vm, sizeof(vm));
  address.length = sizeof(vm);
  return address;
}

Result<Address> parse_unix(std::string_view path) {
  sockaddr_un name{};
  if (path.size() >= sizeof(name.sun_path)) {
    return fail_errno("parse address", ENAMETOOLONG);
  }
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), path.size());
  Address address;
  std::memcpy(&address.storage, &name, sizeof(name));
  address.length = sizeof(name);
  return address;
}

Result<Address> parse(std::string_view text) {
  if (text.starts_with("vsock:")) {
    return parse_vsock(text.substr(6));
  }
  if (text.starts_with("unix:")) {
    return parse_unix(text.substr(5));
  }
  return fail(EINVAL, "parse address: neither vsock: nor unix:");
}

Result<UniqueFd> make_socket(const Address& address) {
  UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) {
    return fail_errno("create socket");
  }
  return fd;
}

}  // namespace

Result<UniqueFd> listen_on(const std::string& address) {
  const Address parsed = TRY(parse(address));
  UniqueFd fd = TRY(make_socket(parsed));
  if (::bind(fd.get(), parsed.get(), parsed.length) < 0 || ::listen(fd.get(), kBacklog) < 0) {
    return fail_errno("listen on " + address);
  }
  return fd;
}

Result<UniqueFd> connect_to(const std::string& address) {
  const Address parsed = TRY(parse(address));
  UniqueFd fd = TRY(make_socket(parsed));
  if (::connect(fd.get(), parsed.get(), parsed.length) < 0 && errno != EINPROGRESS) {
    return fail_errno("connect to " + address);
  }
  return fd;
}

}  // namespace caisson::agent
