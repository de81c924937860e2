// SPDX-License-Identifier: Apache-2.0
#include "agent/mounts/spare_nodes.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>

#include "agent/ids/id_map.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

// The guest's devtmpfs: /run is mounted nodev.
std::string directory_of(const std::string& container) {
  return "/dev/.spare-" + container;
}

Result<void> make_one(const std::string& path, const v1::Device& device,
                      const v1::CreateContainerRequest& request) {
  const mode_t mode = (device.has_file_mode() ? device.file_mode() : 0666) & 07777;
  if (::mknod(path.c_str(), device.type() | mode, makedev(device.major_number(), device.minor_number())) <
          0 ||
      ::chown(path.c_str(), uid_in_guest(request, device.uid()).value_or(device.uid()),
              gid_in_guest(request, device.gid()).value_or(device.gid())) < 0 ||
      ::chmod(path.c_str(), mode) < 0) {
    return fail_errno("make device " + device.path());
  }
  return {};
}

}  // namespace

std::string spare_node(const std::string& container, int index) {
  return directory_of(container) + "/" + std::to_string(index);
}

Result<void> make_spare_nodes(const std::string& container, const v1::CreateContainerRequest& request) {
  if (request.devices().empty()) {
    return {};
  }
  if (::mkdir(directory_of(container).c_str(), 0755) < 0) {
    return fail_errno("make " + directory_of(container));
  }
  for (int i = 0; i < request.devices_size(); ++i) {
    const mode_t type = request.devices(i).type();
    if (type == S_IFCHR || type == S_IFBLK || type == S_IFIFO) {  // others are refused when their turn comes
      TRY(make_one(spare_node(container, i), request.devices(i), request));
    }
  }
  return {};
}

void remove_spare_nodes(const std::string& container) {
  std::error_code ignored;  // there may be none
  std::filesystem::remove_all(directory_of(container), ignored);
}

}  // namespace caisson::agent
