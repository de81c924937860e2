// SPDX-License-Identifier: Apache-2.0
// The host's end of a vsock connection: one socket, or a descriptor to read and one to write (a container's
// stdio). Knows descriptors and nothing of packets or credit. Never blocks.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "common/event_loop.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm::vsock {

class Stream {
 public:
  enum class Outcome {
    moved,        // `bytes` of them, at least one
    would_block,  // the watch will tell when to try again
    ended,        // reading: end of file; writing: nobody reads any more
    failed,       // the other end is gone and unread bytes were lost
  };
  struct Io {
    Outcome outcome = Outcome::failed;
    size_t bytes = 0;
  };

  // What a watch has seen. Each is an edge. The owner keeps it until an attempt says would_block.
  struct Edges {
    bool readable = false;
    bool writable = false;
    bool nobody_reads = false;  // the other end takes no more bytes
  };
  using Handler = std::function<void(Edges)>;

  // A connected stream socket, both ways. Its file status flags are left alone.
  static Stream socket(UniqueFd fd);

  // Bytes for the guest come from `source`, bytes from the guest go to `sink`; an absent one has ended from
  // the start. Pipes and terminals, which can block, must be in non-blocking mode. EINVAL otherwise. Writing
  // to a pipe raises SIGPIPE unless the process ignores it.
  static Result<Stream> pair(UniqueFd source, UniqueFd sink);

  Stream(Stream&& other) noexcept = default;
  Stream& operator=(Stream&&) = delete;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() = default;

  // Reports edges on `loop` until the stream goes. Descriptors that cannot be polled (files) are always
  // ready.
  Result<void> watch(EventLoop& loop, Handler handler);

  [[nodiscard]] bool has_source() const { return source_.is_valid(); }
  [[nodiscard]] bool has_sink() const { return sink_fd() >= 0; }

  Io read(std::span<const iovec> parts);
  Io write(std::span<const iovec> parts);

  // The guest reads no more: a process that writes to the source gets EPIPE.
  void end_reads();
  // The guest sends no more: a reader of the sink gets end of file after all bytes.
  void end_writes();
  // Both at once, whatever is left.
  void close();

 private:
  Stream(UniqueFd source, UniqueFd sink, bool is_one_socket);
  [[nodiscard]] int sink_fd() const { return is_one_socket_ ? source_.get() : sink_.get(); }

  UniqueFd source_;
  UniqueFd sink_;  // none where source_ is the one socket
  Watch source_watch_;
  Watch sink_watch_;
  bool is_one_socket_;
  bool source_is_socket_;
  bool sink_is_socket_;
};

}  // namespace caisson::vmm::vsock
