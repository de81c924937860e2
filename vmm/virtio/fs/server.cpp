// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <set>

#include "vmm/fuse/dispatch.h"
#include "vmm/virtio/fs/operations.h"

namespace caisson::vmm::fs {

using fuse::refuse;

namespace {

Result<size_t> default_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return fail_errno("read RLIMIT_NOFILE");
  }
  // LIMIT: more than this only costs the host's kernel memory (an open file and a pinned inode each).
  constexpr size_t kMost = 65536;
  const size_t all = std::min<size_t>(limit.rlim_cur, kMost);
  return all > 2 * kReservedDescriptors ? all - kReservedDescriptors : all / 2;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::create(Config config, EventLoop& loop, AnswerLater answer_later) {
  std::set<std::string> names;
  for (const Export& one : config.exports) {
    TRY(one.check());
    if (!names.insert(one.name).second) {
      return fail(EEXIST, "export '" + one.name + "': the name is used twice");
    }
  }
  const size_t descriptors = config.descriptors != 0 ? config.descriptors : TRY(default_descriptors());
  constexpr size_t kLeast = 64;
  if (descriptors < kLeast + config.exports.size()) {
    return fail(EMFILE, "serve files: too few descriptors are allowed; raise RLIMIT_NOFILE");
  }
  // LIMIT: three eighths for open files, as much for the O_PATH descriptors that go with them, an eighth each
  // for the files looked up most recently and for deleted files still referred to.
  const size_t share = (descriptors - config.exports.size()) / 8;
  OwnDescriptors own = TRY(OwnDescriptors::open());
  const size_t owners = std::min(kMaxLockOwners, share);
  return std::unique_ptr<Server>(new Server(
      std::move(config), std::move(own),
      {.nodes = kMinNodes, .descriptors = {.cached = share - owners / 2, .nameless = share - owners / 2}},
      3 * share, owners, loop, std::move(answer_later)));
}

Server::Server(Config config, OwnDescriptors own, NodeTable::Bounds bounds, size_t handles,
               size_t lock_owners, EventLoop& loop, AnswerLater answer_later)
    : exports_(std::move(config.exports)),
      own_(std::move(own)),
      nodes_(bounds),
      handles_(nodes_, handles),
      cookies_(kMaxShortCookies, [this](uint64_t id) { return nodes_.is_open(id); }),
      locks_(lock_owners),
      waiters_(loop, std::move(answer_later)),
      all_exclusive_(
          std::all_of(exports_.begin(), exports_.end(), [](const Export& one) { return one.exclusive; })) {
  writeback_cache_ = config.writeback_cache && all_exclusive_;
}

Result<void> Server::start(uint64_t guest_memory_bytes) {
  TRY(prepare_thread(own_));
  mask_ = 0;
  reset();
  nodes_.set_max_nodes(std::clamp(guest_memory_bytes / kGuestBytesPerNode, kMinNodes, kMaxNodes));
  buffers_.prepare(kMaxCopiedBytes);
  return {};
}

Result<void> Server::add_file(const std::string& name, UniqueFd fd, ServedFiles::Giver giver) {
  if (std::ranges::any_of(exports_, [&](const Export& one) { return one.name == name; })) {
    return fail(EEXIST, "serve file '" + name + "': an export has the name");
  }
  return files_.add(name, std::move(fd), giver);
}

void Server::reset() {
  is_initialised_ = false;
  waiters_.clear();
  locks_.clear();
  handles_.clear();
  nodes_.clear();
  files_.drop_opened();
  cookies_.clear();
  listing_ = {};
}

Server::Served Server::serve(const Chain& chain) {
  const auto request = fuse::Request::parse(chain);
  if (!request) {
    return {};  // without its header there is no request to answer
  }
  const fuse::Answer answer = fuse::answer_of(request->header().opcode);
  const bool is_answered =
      answer == fuse::Answer::always || (answer == fuse::Answer::wanted && chain.writable_bytes() != 0);
  if (is_answered && chain.writable_bytes() < sizeof(fuse_out_header)) {
    return {};  // nobody could learn what came of it, so nothing is done
  }
  Call call(*request, chain, buffers_);
  const auto done = dispatch(call);
  nodes_.trim();
  if (!is_answered) {
    return {};
  }
  const uint64_t unique = request->header().unique;
  if (done && call.ticket() != 0) {
    return {.written = 0, .ticket = call.ticket(), .unique = unique};
  }
  return {.written = call.out.finish(unique, done ? 0 : done.error().code), .ticket = 0, .unique = 0};
}

uint32_t Server::end_waiting(const Chain& chain, uint64_t unique, int error) {
  return fuse::Reply(chain).finish(unique, error);
}

Result<void> Server::dispatch(Call& call) {
  const fuse_in_header& header = call.in.header();
  const OperationEntry* operation = find_operation(header.opcode);
  if (operation == nullptr) {
    return refuse(ENOSYS);
  }
  ++requests_[header.opcode];
  if (!is_initialised_ && header.opcode != FUSE_INIT) {
    return refuse(EPROTO);
  }
  const size_t arguments = header.len - sizeof(fuse_in_header);
  if (arguments < operation->least_in || (!operation->has_payload && arguments > kMaxCopiedBytes)) {
    return refuse(EINVAL);
  }
  if (operation->least_out > 0 && call.out.room() < operation->least_out) {
    return refuse(EINVAL);
  }
  TRY(call.copy_arguments(operation->has_payload ? operation->least_in : arguments));
  if (ServedFiles::is_node(header.nodeid)) {
    return files_.serve(call);
  }
  return (this->*operation->run)(call);
}

Result<NodePin> Server::known(uint64_t id) {
  NodePin node = nodes_.find(id);
  if (!node) {
    return refuse(ESTALE);
  }
  return node;
}

Result<NodePin> Server::directory(uint64_t id) {
  NodePin node = TRY(known(id));
  if (!node->is_directory()) {
    return refuse(ENOTDIR);
  }
  if (node->from == nullptr || node->is_veiled) {
    return refuse(EROFS);
  }
  return node;
}

Result<void> Server::check_writable(const Node& node) {
  if (node.from == nullptr || node.from->read_only || node.is_veiled) {
    return refuse(EROFS);
  }
  return {};
}

Result<UniqueFd> Server::open_contents(Node& node, int flags) {
  if (node.is_veiled) {
    return refuse(EACCES);
  }
  // A FIFO, socket or device node of the host is never opened: the guest's kernel makes its own of it.
  if (!node.is_regular() && !node.is_directory()) {
    return refuse(ENXIO);
  }
  const int fd = TRY(nodes_.descriptor(node));
  if (node.from->read_only) {
    // Reading must not change the host's access times either; not the owner without CAP_FOWNER: then they do.
    auto quiet = own_.reopen(fd, flags | O_NOATIME);
    if (quiet || quiet.error().code != EPERM) {
      return quiet;
    }
  }
  return own_.reopen(fd, flags);
}

std::chrono::seconds Server::cache_time(const Node& node) {
  if (node.from == nullptr) {
    return kRootTime;
  }
  return node.from->exclusive ? kExclusiveTime : kSharedTime;
}

fuse_attr Server::attr_of(const Node& node, const struct statx& stat) {
  fuse_attr attr = fuse::to_attr(stat);
  if (node.is_submount) {
    attr.flags |= FUSE_ATTR_SUBMOUNT;
  }
  if (node.is_regular() && !node.from->exclusive && !is_settled(stat)) {
    attr.flags |= fuse::kAttrUnsettled;
  }
  return attr;
}

fuse_entry_out Server::entry_of(const Node& node, const struct statx& stat) {
  fuse_entry_out entry{};
  entry.nodeid = node.id;
  entry.entry_valid = static_cast<uint64_t>(cache_time(node).count());
  entry.attr_valid = entry.entry_valid;
  if (node.keep == Keep::always) {
    entry.entry_valid = static_cast<uint64_t>(kRootTime.count());
  }
  entry.attr = attr_of(node, stat);
  return entry;
}

Result<void> Server::put_attr(const Node& node, const struct statx& stat, Call& call) {
  fuse_attr_out answer{};
  answer.attr_valid = static_cast<uint64_t>(cache_time(node).count());
  answer.attr = attr_of(node, stat);
  return call.out.put(answer);
}

struct statx Server::root_stat() const {
  struct statx stat = {};
  stat.stx_ino = FUSE_ROOT_ID;
  stat.stx_mode = S_IFDIR | 0555;
  stat.stx_nlink = static_cast<uint32_t>(2 + exports_.size());
  stat.stx_blksize = 4096;
  return stat;
}

Result<struct statx> Server::stat_of(Node& node) {
  if (node.from == nullptr) {
    return root_stat();
  }
  return nodes_.stat(node);
}

}  // namespace caisson::vmm::fs
