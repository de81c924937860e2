// SPDX-License-Identifier: Apache-2.0
// READ, WRITE, LSEEK, FALLOCATE and COPY_FILE_RANGE: contents, straight between host files and guest memory.
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "vmm/virtio/fs/server.h"

namespace caisson::vmm::fs {

using fuse::refuse;
using fuse::refuse_errno;

namespace {

enum class Direction { to_guest, to_host };

// Moves all of `parts` to or from `fd`, in as many calls as IOV_MAX asks for; less only at the end of the
// file or when the host ran out of room. Returns the bytes moved, an error only if there were none.
Result<uint64_t> transfer(Direction direction, int fd, std::span<const iovec> parts, uint64_t offset,
                          int flags) {
  uint64_t moved = 0;
  while (!parts.empty()) {
    const auto batch = parts.first(std::min<size_t>(parts.size(), IOV_MAX));
    uint64_t wanted = 0;
    for (const iovec& part : batch) {
      wanted += part.iov_len;
    }
    // An append moves the descriptor's own position, which is nobody else's, to where it ended.
    const auto at = (flags & RWF_APPEND) != 0 ? off_t{-1} : static_cast<off_t>(offset + moved);
    const ssize_t count = direction == Direction::to_guest
                              ? ::preadv2(fd, batch.data(), static_cast<int>(batch.size()), at, flags)
                              : ::pwritev2(fd, batch.data(), static_cast<int>(batch.size()), at, flags);
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      if (moved > 0) {
        break;
      }
      return refuse_errno();
    }
    moved += static_cast<uint64_t>(count);
    if (static_cast<uint64_t>(count) < wanted) {
      break;
    }
    parts = parts.subspan(batch.size());
  }
  return moved;
}

// [caisson] How much further on than the guest's kernel believed an append ended, since others append too: it
// has the file's position from that. A number that does not fit is not told.
uint32_t append_shift(int fd, uint64_t believed) {
  const off_t end = ::lseek(fd, 0, SEEK_CUR);
  const int64_t shift = end < 0 ? 0 : static_cast<int64_t>(end) - static_cast<int64_t>(believed);
  return std::in_range<int32_t>(shift) ? static_cast<uint32_t>(static_cast<int32_t>(shift)) : 0;
}

// preadv2 and its kin take a negative offset for "the current position".
Result<void> check_offset(uint64_t offset) {
  if (offset > static_cast<uint64_t>(INT64_MAX)) {
    return refuse(EINVAL);
  }
  return {};
}

}  // namespace

Result<void> Server::read(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_read_in>());
  const Handle* handle = TRY(handles_.find(arguments.fh, call.in.header().nodeid, HandleKind::file));
  TRY(check_offset(arguments.offset));
  // LIMIT: as much as was agreed on; asking for more gets less.
  const auto parts = call.window(
      std::min({static_cast<uint64_t>(arguments.size), call.out.room(), static_cast<uint64_t>(kMaxIoBytes)}));
  call.out.wrote(TRY(transfer(Direction::to_guest, handle->fd.get(), parts, arguments.offset, 0)));
  return {};
}

Result<void> Server::write(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_write_in>());
  Handle* handle = TRY(handles_.find(arguments.fh, call.in.header().nodeid, HandleKind::file));
  TRY(check_offset(arguments.offset));
  if (arguments.size > call.in.payload_bytes() || arguments.size > kMaxIoBytes) {
    return refuse(EINVAL);
  }
  TRY(check_writable(*handle->node));
  const WithoutFsetid drop((arguments.write_flags & FUSE_WRITE_KILL_SUIDGID) != 0);
  const int flags = write_flags(arguments);
  const auto written = transfer(Direction::to_host, handle->fd.get(), call.payload(0, arguments.size),
                                arguments.offset, flags);
  if ((arguments.write_flags & FUSE_WRITE_CACHE) != 0 && (!written || *written < arguments.size)) {
    TRY(write_pages(*handle, call, arguments, written ? *written : 0));
  }
  fuse_write_out answer{};
  if (written && (flags & RWF_APPEND) != 0 && !handle->node->from->exclusive) {
    answer.padding = append_shift(handle->fd.get(), arguments.offset + *written);
  }
  answer.size =
      (arguments.write_flags & FUSE_WRITE_CACHE) != 0 ? arguments.size : static_cast<uint32_t>(TRY(written));
  return call.out.put(answer);
}

// What a map left in the guest's page cache, from byte `done` on, a page at a time: those that have room on
// the host are not lost because another has none, and that one's error is told. The guest's kernel does not
// look at how much of such a write was done.
Result<void> Server::write_pages(const Handle& handle, const Call& call, const fuse_write_in& arguments,
                                 uint64_t done) {
  constexpr uint64_t kPage = 4096;
  Result<void> outcome;
  // LIMIT: kMaxIoPages of them.
  while (done < arguments.size) {
    const uint64_t at = arguments.offset + done;
    const uint64_t bytes = std::min(kPage - at % kPage, arguments.size - done);
    const auto written =
        transfer(Direction::to_host, handle.fd.get(), call.payload(done, bytes), at, write_flags(arguments));
    if (outcome && (!written || *written < bytes)) {
      outcome = refuse(written ? ENOSPC : written.error().code);
    }
    done += bytes;
  }
  return outcome;
}

Result<void> Server::lseek(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_lseek_in>());
  const Handle* handle = TRY(handles_.find(arguments.fh, call.in.header().nodeid, HandleKind::file));
  if (arguments.whence != SEEK_DATA && arguments.whence != SEEK_HOLE) {
    return refuse(EINVAL);  // the rest is the kernel's own arithmetic
  }
  const off_t found =
      ::lseek(handle->fd.get(), static_cast<off_t>(arguments.offset), static_cast<int>(arguments.whence));
  if (found < 0) {
    return refuse_errno();
  }
  return call.out.put(fuse_lseek_out{.offset = static_cast<uint64_t>(found)});
}

Result<void> Server::fallocate(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_fallocate_in>());
  Handle* handle = TRY(handles_.find(arguments.fh, call.in.header().nodeid, HandleKind::file));
  TRY(check_writable(*handle->node));
  constexpr uint32_t kModes = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;
  if ((arguments.mode & ~kModes) != 0) {
    return refuse(EOPNOTSUPP);
  }
  if (::fallocate(handle->fd.get(), static_cast<int>(arguments.mode), static_cast<off_t>(arguments.offset),
                  static_cast<off_t>(arguments.length)) != 0) {
    return refuse_errno();
  }
  return {};
}

Result<void> Server::copy_file_range(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_copy_file_range_in>());
  const Handle* from = TRY(handles_.find(arguments.fh_in, call.in.header().nodeid, HandleKind::file));
  Handle* to = TRY(handles_.find(arguments.fh_out, arguments.nodeid_out, HandleKind::file));
  TRY(check_writable(*to->node));
  if (arguments.flags != 0) {
    return refuse(EINVAL);
  }
  auto source = static_cast<off_t>(arguments.off_in);
  auto target = static_cast<off_t>(arguments.off_out);
  const ssize_t copied = ::copy_file_range(from->fd.get(), &source, to->fd.get(), &target,
                                           std::min(arguments.len, kMaxCopyRangeBytes), 0);
  if (copied < 0) {
    return refuse_errno();
  }
  fuse_write_out answer{};
  answer.size = static_cast<uint32_t>(copied);
  return call.out.put(answer);
}

}  // namespace caisson::vmm::fs
