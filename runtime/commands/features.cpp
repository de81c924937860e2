// SPDX-License-Identifier: Apache-2.0
// caisson features: what this runtime knows, as the specification's features document. [oci] features.md
#include <cstdio>
#include <nlohmann/json.hpp>

#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"
#include "runtime/oci/mount_options.h"
#include "runtime/oci/names.h"
#include "runtime/oci/seccomp_names.h"
#include "runtime/oci/version.h"
#include "runtime/system/install_paths.h"

namespace caisson::runtime {
namespace {

using Json = nlohmann::ordered_json;

Json names_of(std::span<const oci::Name> names) {
  Json list = Json::array();
  for (const oci::Name& name : names) list.push_back(name.name);
  return list;
}

Json linux_features() {
  return {
      {"namespaces", names_of(oci::namespace_names())},
      {"capabilities", names_of(oci::capability_names())},
      {"cgroup", {{"v1", true}, {"v2", true}, {"systemd", true}, {"systemdUser", false}, {"rdma", false}}},
      {"seccomp",
       {{"enabled", true},
        {"actions", oci::seccomp_action_names()},
        {"operators", oci::seccomp_operator_names()},
        {"archs", oci::seccomp_architecture_names()},
        {"knownFlags", oci::seccomp_flag_names()},
        {"supportedFlags", oci::seccomp_flag_names()}}},
      {"apparmor", {{"enabled", false}}},
      {"selinux", {{"enabled", false}}},
      {"intelRdt", {{"enabled", false}}},
      {"mountExtensions", {{"idmap", {{"enabled", true}}}}}};
}

class Features final : public Command {
 public:
  void declare(Options) override {}

  Result<int> run(const Globals&) override {
    const Json document = {
        {"ociVersionMin", "1.0.0"},
        {"ociVersionMax", oci::kSpecificationVersion},
        {"hooks",
         {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"}},
        {"mountOptions", oci::mount_option_names()},
        {"linux", linux_features()},
        {"annotations", {{"org.caisson.version", kVersion}}},
        {"potentiallyUnsafeConfigAnnotations", {"org.caisson."}}};
    std::puts(document.dump(4).c_str());
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> make_features() {
  return std::make_unique<Features>();
}

}  // namespace caisson::runtime
