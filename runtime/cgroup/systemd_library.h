// SPDX-License-Identifier: Apache-2.0
// libsystemd, loaded at its first use, so that commands without systemd do not wait for it. Used by
// systemd_manager.h.
#pragma once

#include <systemd/sd-bus.h>

#include "common/result.h"

namespace caisson::runtime {

// The functions of libsystemd that caisson uses.
struct SystemdLibrary {
  decltype(&::sd_bus_new) bus_new;
  decltype(&::sd_bus_set_address) set_address;
  decltype(&::sd_bus_start) start;
  decltype(&::sd_bus_open_system) open_system;
  decltype(&::sd_bus_flush_close_unref) flush_close_unref;
  decltype(&::sd_bus_match_signal) match_signal;
  decltype(&::sd_bus_process) process;
  decltype(&::sd_bus_wait) wait;
  decltype(&::sd_bus_call) call;
  decltype(&::sd_bus_message_new_method_call) new_method_call;
  decltype(&::sd_bus_message_unref) message_unref;
  decltype(&::sd_bus_message_append) append;
  decltype(&::sd_bus_message_append_array) append_array;
  decltype(&::sd_bus_message_open_container) open_container;
  decltype(&::sd_bus_message_close_container) close_container;
  decltype(&::sd_bus_message_read) read;
  decltype(&::sd_bus_error_free) error_free;
  decltype(&::sd_bus_get_property_string) get_property_string;
  decltype(&::sd_bus_path_encode) path_encode;
};

// ENOTSUP, with the package's name, where it is not installed or too old.
Result<SystemdLibrary> load_systemd_library();

}  // namespace caisson::runtime
