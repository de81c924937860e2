// SPDX-License-Identifier: Apache-2.0
// The FUSE server behind the host's view of the container's /proc: reads requests of the host's kernel from
// the device, asks for what it does not know, and answers. The process that made a request waits in the
// kernel for the answer. Everything runs on one loop, which the server never blocks.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/event_loop.h"
#include "vmm/fuse/request.h"
#include "vmm/proc_view/guest_proc.h"
#include "vmm/proc_view/tree.h"

namespace caisson::vmm {

class ProcServer {
 public:
  // GuestProc::ask().
  using Ask = std::function<void(uint32_t pid, GuestProc::Done done)>;

  // `device`: of ProcMount.
  static Result<std::unique_ptr<ProcServer>> create(EventLoop& loop, UniqueFd device, Ask ask);
  ProcServer(const ProcServer&) = delete;
  ProcServer& operator=(const ProcServer&) = delete;
  // Call it on the loop, or when the loop does not run. `ask` must not answer any more.
  ~ProcServer() = default;

 private:
  // None if the answer comes later, or never.
  using Reply = std::optional<std::string>;
  struct Operation {
    Result<Reply> (ProcServer::*run)(fuse::Request& in) = nullptr;
  };
  struct Handle {
    ProcNode node;
    std::shared_ptr<const ProcDirectory> directory;  // none: its entries are known
  };

  ProcServer(UniqueFd device, Ask ask);
  static const Operation* find_operation(uint32_t opcode);
  void on_device();
  void serve(std::span<const std::byte> message);
  void send(uint64_t unique, const Result<std::string>& reply);
  Result<Reply> ask_for(const fuse::Request& in, ProcNode node,
                        std::function<Result<std::string>(std::shared_ptr<const ProcDirectory>)> then);
  Result<std::string> open_handle(ProcNode node, std::shared_ptr<const ProcDirectory> directory);

  Result<Reply> init(fuse::Request& in);
  Result<Reply> interrupt(fuse::Request& in);
  Result<Reply> forget(fuse::Request& in);
  Result<Reply> lookup(fuse::Request& in);
  Result<Reply> getattr(fuse::Request& in);
  Result<Reply> readlink(fuse::Request& in);
  Result<Reply> open(fuse::Request& in);
  Result<Reply> read(fuse::Request& in);
  Result<Reply> readdir(fuse::Request& in);
  Result<Reply> release(fuse::Request& in);
  Result<Reply> statfs(fuse::Request& in);

  UniqueFd device_;
  Watch watch_;
  Ask ask_;
  std::vector<std::byte> buffer_;
  std::set<uint64_t> waiting_;  // requests to be answered later
  std::map<uint64_t, Handle> handles_;
  uint64_t next_handle_ = 1;
};

}  // namespace caisson::vmm
