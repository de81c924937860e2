// SPDX-License-Identifier: Apache-2.0
// Open files of the host that the guest has by their descriptors alone: the standard input, output and error
// of a process, and what else it inherits, where its caller has them as files. A request is read(2),
// write(2), lseek(2), statx(2), ftruncate(2) or fsync(2) on that very descriptor, so that its position is its
// opener's too, and whatever fails there fails in the guest. Nothing else is answered, whatever the guest
// asks: these nodes are none of the node table's, and no operation of the server finds them. Names are added
// by the main loop, requests come on the server's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "vmm/fuse/reply.h"
#include "vmm/fuse/request.h"

namespace caisson::vmm::fs {

class ServedFiles {
 public:
  // Whoever gave a file, by a number of the caller's.
  using Giver = int;

  // Nodes from here on are served files; the node table never counts so far.
  static constexpr uint64_t kFirstNode = uint64_t{1} << 63;
  [[nodiscard]] static bool is_node(uint64_t id) { return id >= kFirstNode; }

  // Serves `fd`, a regular file or a block device, as `name` in the synthetic root, from now on until the
  // guest has closed it for the last time. EEXIST for a name in use, EMFILE for too many, EINVAL for what is
  // no such file.
  Result<void> add(const std::string& name, UniqueFd fd, Giver giver);
  // Lets go of those of `giver` that the guest has not opened, and will not any more.
  void drop_unopened(Giver giver);
  // The guest that had them open is gone.
  void drop_opened();

  // The entry of a name of the synthetic root, if it is one of ours.
  [[nodiscard]] std::optional<Result<fuse_entry_out>> lookup(std::string_view name);
  // Carries out a request to one of our nodes; `chain` is where its payload is.
  Result<void> serve(Request& in, const Chain& chain, Reply& out);

  [[nodiscard]] size_t size();

 private:
  struct File {
    std::string name;
    UniqueFd fd;
    Giver giver = 0;
    bool reads = false;
    bool writes = false;
    bool is_regular = false;  // else a block device, which O_TRUNC leaves as it is
    uint64_t device = 0;      // of the host; with `inode` what it is
    uint64_t inode = 0;
    uint64_t shown_inode = 0;  // the same number for the same file, and not the host's
    uint64_t opens = 0;        // under mutex_
    bool was_opened = false;   // under mutex_
  };
  using Operation = Result<void> (ServedFiles::*)(uint64_t id, File& file, Request& in, Reply& out);

  [[nodiscard]] static Operation operation_of(uint32_t opcode);
  [[nodiscard]] std::shared_ptr<File> find(uint64_t id);
  [[nodiscard]] uint64_t shown_inode_of(const File& file, uint64_t id) const;
  [[nodiscard]] static Result<struct statx> shown_stat(const File& file);

  Result<void> getattr(uint64_t id, File& file, Request& in, Reply& out);
  Result<void> getattr_extended(uint64_t id, File& file, Request& in, Reply& out);
  Result<void> setattr(uint64_t id, File& file, Request& in, Reply& out);
  Result<void> open(uint64_t id, File& file, Request& in, Reply& out);
  Result<void> release(uint64_t id, File& file, Request& in, Reply& out);
  Result<void> read(uint64_t id, File& file, Request& in, Reply& out);
  Result<void> write(uint64_t id, File& file, Request& in, Reply& out);
  Result<void> seek(uint64_t id, File& file, Request& in, Reply& out);
  Result<void> fsync(uint64_t id, File& file, Request& in, Reply& out);
  Result<void> statfs(uint64_t id, File& file, Request& in, Reply& out);

  std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<File>> files_;  // by node
  uint64_t next_id_ = kFirstNode;                    // never used twice
  const Chain* chain_ = nullptr;                     // the request at hand
  std::vector<iovec> parts_;                         // guest memory the host reads or writes
};

}  // namespace caisson::vmm::fs
