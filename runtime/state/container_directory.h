// SPDX-License-Identifier: Apache-2.0
// One container's directory beneath the state directory (state_directory.h): its files, by name.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "protocol/sandbox/files.h"
#include "runtime/state/container_state.h"

namespace caisson::runtime {

class ContainerDirectory {
 public:
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  [[nodiscard]] std::string vsock_socket() const { return file(sandbox_file::kVsockSocket); }
  [[nodiscard]] std::string control_socket() const { return file(sandbox_file::kControlSocket); }
  [[nodiscard]] std::string output_directory() const { return file("vmm"); }

  // ESTALE: there is no record yet, or no more. EBADMSG: there is a file, but save() did not write it.
  Result<ContainerState> load() const;
  // Only under the lock.
  Result<void> save(const ContainerState& state) const;
  // Replaces a file whole: a reader sees the old text or the new.
  Result<void> write(std::string_view name, std::string_view text) const;
  Result<std::string> read(std::string_view name) const;
  // Reads a file that caisson-vmm wrote. Nothing in it is to be trusted.
  Result<std::string> read_output(std::string_view name) const;

  // Removes everything, whatever an intruder in caisson-vmm has left in its own directory. Only under the
  // lock. Others who wait for the lock then find that its directory is gone.
  Result<void> remove() const;

 private:
  friend class StateRoot;
  explicit ContainerDirectory(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace caisson::runtime
