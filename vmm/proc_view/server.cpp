// SPDX-License-Identifier: Apache-2.0
#include "vmm/proc_view/server.h"

#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "vmm/fuse/dispatch.h"
#include "vmm/proc_view/listing.h"

namespace caisson::vmm {

using fuse::refuse;

namespace {

// [fuse] FUSE_MIN_READ_BUFFER: what the kernel wants offered, and no request that reads is larger.
constexpr size_t kBufferBytes = 8192;
constexpr uint32_t kMaxWrite = 4096;
// LIMIT: requests taken before other events of the loop get their turn.
constexpr int kRequestsPerTurn = 64;
// LIMIT: files open at once; each holds what was read of a process, at most 130 KiB, or 65536 pids.
constexpr size_t kMaxHandles = 64;
// Of no namespace of the host, so that nobody takes the guest's processes for his.
constexpr std::string_view kPidNamespace = "pid:[0]";

template <typename T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

Result<ProcNode> node_of(const fuse::Request& in) {
  const auto node = vmm::node_of(in.header().nodeid);
  if (!node) {
    return refuse(ESTALE);
  }
  return *node;
}

// How long the kernel may do without asking: a process that has ended may seem to be there for as long. A
// file's size is to be forgotten before it is opened again.
uint64_t cache_seconds(ProcNode node) {
  return S_ISREG(attr_of(node).mode) ? 0 : 1;
}

std::string entry_reply(ProcNode node) {
  fuse_entry_out out{};
  out.nodeid = number_of(node);
  out.entry_valid = out.attr_valid = cache_seconds(node);
  out.attr = attr_of(node);
  return bytes_of(out);
}

std::string_view content_of(const ProcDirectory& directory, ProcFile file) {
  switch (file) {
    case ProcFile::stat:
      return directory.stat;
    case ProcFile::status:
      return directory.status;
    case ProcFile::cmdline:
      return directory.cmdline;
    default:
      return {};
  }
}

}  // namespace

const ProcServer::Operation* ProcServer::find_operation(uint32_t opcode) {
  // Left out, thus ENOSYS: whatever changes something, which the mount refuses before us, and what the kernel
  // then does without (ACCESS, FLUSH, extended attributes).
  static constexpr auto kTable = [] {
    fuse::OpcodeTable<Operation> table;
    table[FUSE_INIT] = {&ProcServer::init};
    table[FUSE_INTERRUPT] = {&ProcServer::interrupt};
    table[FUSE_FORGET] = {&ProcServer::forget};
    table[FUSE_BATCH_FORGET] = {&ProcServer::forget};
    table[FUSE_LOOKUP] = {&ProcServer::lookup};
    table[FUSE_GETATTR] = {&ProcServer::getattr};
    table[FUSE_READLINK] = {&ProcServer::readlink};
    table[FUSE_OPEN] = {&ProcServer::open};
    table[FUSE_OPENDIR] = {&ProcServer::open};
    table[FUSE_READ] = {&ProcServer::read};
    table[FUSE_READDIR] = {&ProcServer::readdir};
    table[FUSE_RELEASE] = {&ProcServer::release};
    table[FUSE_RELEASEDIR] = {&ProcServer::release};
    table[FUSE_STATFS] = {&ProcServer::statfs};
    return table;
  }();
  return kTable.find(opcode);
}

ProcServer::ProcServer(UniqueFd device, Ask ask)
    : device_(std::move(device)), ask_(std::move(ask)), buffer_(kBufferBytes) {}

Result<std::unique_ptr<ProcServer>> ProcServer::create(EventLoop& loop, UniqueFd device, Ask ask) {
  std::unique_ptr<ProcServer> server(new ProcServer(std::move(device), std::move(ask)));
  server->watch_ =
      TRY(loop.watch(server->device_.get(), EPOLLIN, [raw = server.get()](uint32_t) { raw->on_device(); }));
  return server;
}

void ProcServer::on_device() {
  for (int i = 0; i < kRequestsPerTurn; ++i) {
    const ssize_t n = ::read(device_.get(), buffer_.data(), buffer_.size());
    if (n > 0) {
      serve(std::span(buffer_).first(static_cast<size_t>(n)));
    } else if (n < 0 && (errno == EINTR || errno == ENOENT)) {
      continue;  // ENOENT: who asked has gone before we read it
    } else {
      if (n == 0 || errno != EAGAIN) {
        watch_.reset();  // nobody can come there any more
      }
      return;
    }
  }
}

void ProcServer::serve(std::span<const std::byte> message) {
  auto in = fuse::Request::parse(message);
  if (!in) {
    return;
  }
  const uint64_t unique = in->header().unique;
  const uint32_t opcode = in->header().opcode;
  const Operation* operation = find_operation(opcode);
  const Result<Reply> reply = operation == nullptr ? refuse(ENOSYS) : (this->*operation->run)(*in);
  if (fuse::answer_of(opcode) == fuse::Answer::never) {
    return;
  }
  if (!reply) {
    send(unique, refuse(reply.error().code));
  } else if (*reply) {
    send(unique, **reply);
  }
}

void ProcServer::send(uint64_t unique, const Result<std::string>& reply) {
  std::string payload = reply.value_or(std::string());
  fuse_out_header header{};
  header.len = static_cast<uint32_t>(sizeof(header) + payload.size());
  header.error = reply ? 0 : -reply.error().code;
  header.unique = unique;
  const std::array<iovec, 2> parts = {{{.iov_base = &header, .iov_len = sizeof(header)},
                                       {.iov_base = payload.data(), .iov_len = payload.size()}}};
  // It fails when the mount is gone, which the next read tells.
  [[maybe_unused]] const ssize_t n = ::writev(device_.get(), parts.data(), payload.empty() ? 1 : 2);
}

Result<ProcServer::Reply> ProcServer::ask_for(
    const fuse::Request& in, ProcNode node,
    std::function<Result<std::string>(std::shared_ptr<const ProcDirectory>)> then) {
  const uint64_t unique = in.header().unique;
  waiting_.insert(unique);
  ask_(node.pid, [this, unique, then = std::move(then)](const ProcAnswer& answer) {
    if (waiting_.erase(unique) > 0) {
      send(unique, answer ? then(*answer) : Result<std::string>(refuse(answer.error().code)));
    }
  });
  return Reply();
}

Result<ProcServer::Reply> ProcServer::init(fuse::Request& in) {
  const auto version = TRY(in.take<std::array<uint32_t, 2>>());  // of fuse_init_in: major, minor
  if (version[0] != FUSE_KERNEL_VERSION || version[1] < fuse::kOldestMinor) {
    return refuse(EPROTO);
  }
  fuse_init_out out{};
  out.major = FUSE_KERNEL_VERSION;
  out.minor = FUSE_KERNEL_MINOR_VERSION;
  out.max_write = kMaxWrite;
  return bytes_of(out);
}

// Who waits was killed, or wants to be: it need not wait for the guest.
Result<ProcServer::Reply> ProcServer::interrupt(fuse::Request& in) {
  const auto arguments = TRY(in.take<fuse_interrupt_in>());
  if (waiting_.erase(arguments.unique) > 0) {
    send(arguments.unique, refuse(EINTR));
  }
  return Reply();
}

// A node is its number: there is nothing to forget.
Result<ProcServer::Reply> ProcServer::forget(fuse::Request& /*in*/) {
  return Reply();
}

Result<ProcServer::Reply> ProcServer::lookup(fuse::Request& in) {
  const auto child = child_of(TRY(node_of(in)), TRY(in.take_name()).view());
  if (!child) {
    return refuse(ENOENT);
  }
  if (child->file != ProcFile::directory) {
    return entry_reply(*child);
  }
  return ask_for(in, *child, [node = *child](const auto&) { return entry_reply(node); });
}

Result<ProcServer::Reply> ProcServer::getattr(fuse::Request& in) {
  fuse_attr_out out{};
  const ProcNode node = TRY(node_of(in));
  out.attr_valid = cache_seconds(node);
  out.attr = attr_of(node);
  return bytes_of(out);
}

Result<ProcServer::Reply> ProcServer::readlink(fuse::Request& in) {
  if (TRY(node_of(in)).file != ProcFile::pid_namespace) {
    return refuse(EINVAL);
  }
  return std::string(kPidNamespace);
}

// What is open stays as it was when it was opened.
Result<ProcServer::Reply> ProcServer::open(fuse::Request& in) {
  const ProcNode node = TRY(node_of(in));
  const bool is_known =
      node.file == ProcFile::namespaces || (node.file == ProcFile::directory && node.pid != 0);
  if (is_known) {
    return open_handle(node, nullptr);
  }
  return ask_for(in, node, [this, node](auto directory) { return open_handle(node, std::move(directory)); });
}

Result<std::string> ProcServer::open_handle(ProcNode node, std::shared_ptr<const ProcDirectory> directory) {
  if (handles_.size() >= kMaxHandles) {
    return refuse(ENFILE);
  }
  fuse_open_out out{};
  out.fh = next_handle_++;
  // [fuse] Each reader gets what he opened, and no other's.
  out.open_flags = FOPEN_DIRECT_IO;
  handles_.emplace(out.fh, Handle{.node = node, .directory = std::move(directory)});
  return bytes_of(out);
}

Result<ProcServer::Reply> ProcServer::read(fuse::Request& in) {
  const auto arguments = TRY(in.take<fuse_read_in>());
  const auto found = handles_.find(arguments.fh);
  if (found == handles_.end() || !found->second.directory) {
    return refuse(EBADF);
  }
  const std::string_view content = content_of(*found->second.directory, found->second.node.file);
  return std::string(content.substr(std::min<uint64_t>(arguments.offset, content.size()), arguments.size));
}

Result<ProcServer::Reply> ProcServer::readdir(fuse::Request& in) {
  const auto arguments = TRY(in.take<fuse_read_in>());
  const auto found = handles_.find(arguments.fh);
  if (found == handles_.end()) {
    return refuse(EBADF);
  }
  const Handle& handle = found->second;
  return listing_of(handle.node, handle.directory.get(), arguments.offset, arguments.size);
}

Result<ProcServer::Reply> ProcServer::release(fuse::Request& in) {
  handles_.erase(TRY(in.take<fuse_release_in>()).fh);
  return std::string();
}

Result<ProcServer::Reply> ProcServer::statfs(fuse::Request& /*in*/) {
  return bytes_of(fuse_statfs_out{});
}

}  // namespace caisson::vmm
