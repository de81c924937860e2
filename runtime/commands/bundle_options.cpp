// SPDX-License-Identifier: Apache-2.0
#include "runtime/commands/bundle_options.h"

#include <filesystem>

namespace caisson::runtime {

void BundleOptions::declare(Options options) {
  options.id(id);
  options.text("-b,--bundle", bundle, "Directory that holds config.json (default: the current one)");
  options.text("-f,--config", config,
               "The configuration, from the bundle's directory on (default: config.json)");
  options.text("--console-socket", console_socket,
               "Unix socket that receives the master of the container's pseudo-terminal");
  options.text("--pid-file", pid_file,
               "File to write the process id of the container (of its caisson-vmm) to");
  options.text("--pidfd-socket", pidfd_socket,
               "Unix socket that receives a pidfd of the container's process (of its caisson-vmm)");
  options.number(
      "--preserve-fds", preserve_fds,
      "How many descriptors from 3 on the process inherits: pipes, files and stream sockets as streams of "
      "bytes, devices such as /dev/null as the guest's own");
  options.flag("--no-pivot", no_pivot,
               "Accepted; the root is changed inside the VM, on no ramdisk of the host");
  options.flag("--no-new-keyring", no_new_keyring, "Accepted; the host's keyrings are not visible in a VM");
}

Result<CreateRequest> BundleOptions::request(const Globals& globals) const {
  const PreservedCount count = TRY(count_preserved(preserve_fds));
  std::error_code error;
  const std::string absolute = std::filesystem::canonical(bundle, error).string();
  if (error) {
    return fail_errno("open bundle " + bundle, error.value());
  }
  // Before the request is made: GCC forgets, on the way out of a half-made one, what has been made of it.
  std::string text = TRY(read_bundle_config(absolute, config));
  std::vector<PreservedDescriptor> preserved = TRY(find_preserved(count, globals.descriptors));
  return CreateRequest{.id = id,
                       .bundle = absolute,
                       .config_text = std::move(text),
                       .pid_file = pid_file,
                       .console_socket = console_socket,
                       .pidfd_socket = pidfd_socket,
                       .preserved_count = count,
                       .preserved = std::move(preserved),
                       .log = globals.log,
                       .systemd_cgroup = globals.systemd_cgroup,
                       .cgroup_policy = globals.cgroup_policy()};
}

}  // namespace caisson::runtime
