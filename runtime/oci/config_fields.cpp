// SPDX-License-Identifier: Apache-2.0
// The rows of config.json's top level, root, mounts, hooks and ID mappings. [oci] config.md
#include "runtime/oci/config.h"

namespace caisson::runtime::oci {

using enum Treatment;

std::span<const Row> rows(const Config*) {
  static constexpr Row kRows[] = {
      required<&Config::oci_version>("ociVersion", noted, "1.x"),
      required<&Config::root>("root", both),
      field<&Config::mounts>("mounts", both),
      field<&Config::process>("process", guest, "needed from `start` on: `create` does without"),
      field<&Config::hostname>("hostname", guest, "needs a namespace of kind `uts`"),
      field<&Config::domainname>("domainname", guest, "needs a namespace of kind `uts`"),
      field<&Config::hooks>("hooks", both),
      field<&Config::annotations>(
          "annotations", host,
          "`org.caisson.*` are settings (docs/configuration.md); others are carried in the state"),
      field<&Config::linux_>("linux", both),
      refuse("windows", "this is a Linux runtime; remove it"),
      refuse("solaris", "this is a Linux runtime; remove it"),
      refuse("zos", "this is a Linux runtime; remove it"),
      refuse("vm", "the machine follows from limits and org.caisson.* annotations; remove it"),
  };
  return kRows;
}

std::span<const Row> rows(const Root*) {
  static constexpr Row kRows[] = {
      required<&Root::path>("path", host, "an export of the virtio-fs device"),
      field<&Root::read_only>("readonly", both, "the export is read-only too"),
  };
  return kRows;
}

std::span<const Row> rows(const Mount*) {
  static constexpr Row kRows[] = {
      required<&Mount::destination>("destination", guest, "a relative one counts from `/`, as in runc"),
      field<&Mount::type>("type", both,
                          "`bind` is an export of the host; others are the guest's own (see Mounts)"),
      field<&Mount::source>("source", both),
      field<&Mount::options>("options", both),
      field<&Mount::uid_mappings>("uidMappings", guest, "for bind mounts, together with `gidMappings`"),
      field<&Mount::gid_mappings>("gidMappings", guest),
  };
  return kRows;
}

std::span<const Row> rows(const Hooks*) {
  static constexpr Row kRows[] = {
      field<&Hooks::prestart>("prestart", host, "in the runtime's namespaces, before `createRuntime`"),
      field<&Hooks::create_runtime>("createRuntime", host,
                                    "in the runtime's namespaces; `pid` is caisson-vmm's"),
      field<&Hooks::create_container>("createContainer", host,
                                      "a program of the host, among the container's files (see Hooks)"),
      field<&Hooks::start_container>("startContainer", guest, "in the container"),
      field<&Hooks::poststart>(
          "poststart", host,
          "a hook that fails stops the container if ociVersion is 1.2.1 or later; before, it is a warning"),
      field<&Hooks::poststop>("poststop", host),
  };
  return kRows;
}

std::span<const Row> rows(const Hook*) {
  static constexpr Row kRows[] = {
      required<&Hook::path>("path", both),
      field<&Hook::args>("args", both),
      field<&Hook::env>("env", both),
      field<&Hook::timeout>("timeout", both, "the hook is killed and has failed"),
  };
  return kRows;
}

std::span<const Row> rows(const IdMapping*) {
  static constexpr Row kRows[] = {
      required<&IdMapping::container_id>("containerID", guest),
      required<&IdMapping::host_id>("hostID", guest, "an id of the guest's root user namespace"),
      required<&IdMapping::size>("size", guest),
  };
  return kRows;
}

}  // namespace caisson::runtime::oci
