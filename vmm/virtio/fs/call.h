// SPDX-License-Identifier: Apache-2.0
// One request while it is carried out: the request, the answer so far, and the guest memory that holds both.
// Server::serve() makes one for each chain. An operation takes it and keeps nothing of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/result.h"
#include "vmm/fuse/reply.h"
#include "vmm/fuse/request.h"

namespace caisson::vmm::fs {

class Call {
 public:
  // Buffers that outlive a call, so that the next one need not allocate. Only the present call gives them
  // out.
  class Buffers {
   public:
    // For requests whose copied arguments have `bytes` at most.
    void prepare(size_t bytes) { arguments_.resize(bytes); }

   private:
    friend class Call;
    std::vector<std::byte> arguments_;
    std::vector<std::byte> value_;
    std::vector<iovec> parts_;
  };

  // Both must outlive the call. Only the header of the request is known yet.
  Call(const fuse::Request& request, const Chain& chain, Buffers& buffers)
      : in(request), out(chain), chain_(&chain), buffers_(&buffers) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Takes in the first `bytes` after the header.
  Result<void> copy_arguments(size_t bytes) {
    return in.copy_arguments(*chain_, bytes, buffers_->arguments_);
  }

  // The guest's memory for the next `bytes` of the answer, and that of the payload of WRITE from `offset` on:
  // for readv and its kin, good until either is asked for again.
  [[nodiscard]] std::span<const iovec> window(uint64_t bytes) const {
    out.window(bytes, buffers_->parts_);
    return buffers_->parts_;
  }
  [[nodiscard]] std::span<const iovec> payload(uint64_t offset, uint64_t bytes) const {
    fuse::slice(chain_->readable(), in.payload_offset() + offset, bytes, buffers_->parts_);
    return buffers_->parts_;
  }
  // The server's own room for an answer that the host does not write into the guest's memory itself.
  [[nodiscard]] std::span<std::byte> value(size_t bytes) const {
    buffers_->value_.resize(bytes);
    return buffers_->value_;
  }

  // The answer comes later, under this ticket.
  void answer_later(uint64_t ticket) { ticket_ = ticket; }
  // 0 unless the answer comes later.
  [[nodiscard]] uint64_t ticket() const { return ticket_; }

  fuse::Request in;
  fuse::Reply out;

 private:
  const Chain* chain_;
  Buffers* buffers_;
  uint64_t ticket_ = 0;
};

}  // namespace caisson::vmm::fs
