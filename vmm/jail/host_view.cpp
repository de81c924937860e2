// SPDX-License-Identifier: Apache-2.0
#include "vmm/jail/host_view.h"

namespace caisson::vmm {

Result<void> lay_out_view(HostView view) {
  for (HostViewMount& mount : view) {
    // Where this host cannot make vmm/proc_view's: whoever lists the container's processes there (podman top)
    // fails on the file, instead of finding that there are none.
    if (mount.destination == "/proc" && !mount.tree) {
      mount.tree = TRY(empty_tree("1"));
    }
  }
  // On top of the root of this namespace; our own root stays the mount beneath.
  return lay_out_trees(view, "/");
}

}  // namespace caisson::vmm
