// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/systemd_library.h"

#include <dlfcn.h>

#include <string>

namespace caisson::runtime {
namespace {

constexpr const char* kLibrary = "libsystemd.so.0";

template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

}  // namespace

Result<SystemdLibrary> load_systemd_library() {
  void* library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return fail(ENOTSUP, std::string("--systemd-cgroup: needs ") + kLibrary +
                             " (package libsystemd0): " + ::dlerror());
  }
  SystemdLibrary found{};
  const bool whole =
      find(library, "sd_bus_new", found.bus_new) && find(library, "sd_bus_set_address", found.set_address) &&
      find(library, "sd_bus_start", found.start) && find(library, "sd_bus_open_system", found.open_system) &&
      find(library, "sd_bus_flush_close_unref", found.flush_close_unref) &&
      find(library, "sd_bus_match_signal", found.match_signal) &&
      find(library, "sd_bus_process", found.process) && find(library, "sd_bus_wait", found.wait) &&
      find(library, "sd_bus_call", found.call) &&
      find(library, "sd_bus_message_new_method_call", found.new_method_call) &&
      find(library, "sd_bus_message_unref", found.message_unref) &&
      find(library, "sd_bus_message_append", found.append) &&
      find(library, "sd_bus_message_append_array", found.append_array) &&
      find(library, "sd_bus_message_open_container", found.open_container) &&
      find(library, "sd_bus_message_close_container", found.close_container) &&
      find(library, "sd_bus_message_read", found.read) &&
      find(library, "sd_bus_error_free", found.error_free) &&
      find(library, "sd_bus_get_property_string", found.get_property_string) &&
      find(library, "sd_bus_path_encode", found.path_encode);
  return whole ? Result<SystemdLibrary>(found)
               : fail(ENOTSUP, std::string("--systemd-cgroup: ") + kLibrary + " is too old");
}

}  // namespace caisson::runtime
