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
  options.number("--preserve-fds", preserve_fds,
                 "Accepted as 0 only: descriptors of the host cannot be passed into a VM");
  options.flag("--no-pivot", no_pivot,
               "Accepted; the root is changed inside the VM, on no ramdisk of the host");
  options.flag("--no-new-keyring", no_new_keyring, "Accepted; the host's keyrings are not visible in a VM");
}

Result<CreateRequest> BundleOptions::request(const Globals& globals) const {
  if (preserve_fds != 0) {
    return fail(EINVAL,
                "--preserve-fds: descriptors of the host cannot be passed into a VM; give 0, or use a bind "
                "mount");
  }
  std::error_code error;
  const std::string absolute = std::filesystem::canonical(bundle, error).string();
  if (error) {
    return fail_errno("open bundle " + bundle, error.value());
  }
  return CreateRequest{.id = id,
                       .bundle = absolute,
                       .config_text = TRY(read_bundle_config(absolute, config)),
                       .pid_file = pid_file,
                       .console_socket = console_socket,
                       .log = globals.log,
                       .systemd_cgroup = globals.systemd_cgroup,
                       .cgroup_policy = globals.cgroup_policy()};
}

}  // namespace caisson::runtime
