// SPDX-License-Identifier: Apache-2.0
// Open files of the host that the guest has by their descriptors alone: the standard input, output and error
// of a process, and what else it inherits, where its caller has them as files. Their names, and how often the
// guest has each open; what is done to one is served_file.h. These nodes are none of the node table's, and no
// operation of the server finds them. Names are added by the main loop, requests come on the server's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/unique_fd.h"
#include "vmm/virtio/fs/served_file.h"

namespace caisson::vmm::fs {

class ServedFiles {
 public:
  // The giver of a file, by a number that the caller chooses.
  using Giver = int;

  // Numbers from here on are nodes of served files. The node table never counts as far.
  static constexpr uint64_t kFirstNode = uint64_t{1} << 63;
  [[nodiscard]] static bool is_node(uint64_t id) { return id >= kFirstNode; }

  // Serves `fd`, a regular file or a block device, as `name` in the synthetic root, from now on until the
  // guest has closed it for the last time. EEXIST for a name in use, EMFILE for too many, EINVAL for what is
  // no such file.
  Result<void> add(const std::string& name, UniqueFd fd, Giver giver);
  // Lets go of the files of `giver` that the guest has not opened. The guest cannot open them any more.
  void drop_unopened(Giver giver);
  // The guest that had them open is gone.
  void drop_opened();

  // The entry of a name of the synthetic root, if it is that of a served file.
  [[nodiscard]] std::optional<Result<fuse_entry_out>> lookup(std::string_view name);
  // Carries out a request to one of our nodes.
  Result<void> serve(Call& call);

  [[nodiscard]] size_t size();

 private:
  struct Listed {
    Listed(std::string its_name, Giver its_giver, ServedFile its_file)
        : name(std::move(its_name)), giver(its_giver), file(std::move(its_file)) {}
    std::string name;
    Giver giver;
    ServedFile file;          // the server's thread alone, once it is listed
    uint64_t opens = 0;       // under mutex_
    bool was_opened = false;  // under mutex_
  };

  [[nodiscard]] std::shared_ptr<Listed> find(uint64_t id);
  [[nodiscard]] uint64_t shown_inode_of(const ServedFile& file, uint64_t id) const;
  Result<void> release(uint64_t id, Listed& listed);

  std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<Listed>> files_;  // by node
  uint64_t next_id_ = kFirstNode;                      // never used twice
};

}  // namespace caisson::vmm::fs
