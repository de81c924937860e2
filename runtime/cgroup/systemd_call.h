// SPDX-License-Identifier: Apache-2.0
// One call of a method of systemd's manager (org.freedesktop.systemd1(5)). Used by systemd_manager.h.
#pragma once

#include <chrono>
#include <cstring>
#include <string>
#include <variant>
#include <vector>

#include "common/result.h"
#include "runtime/cgroup/scope_name.h"
#include "runtime/cgroup/systemd_library.h"

namespace caisson::runtime {

inline constexpr const char* kSystemdDestination = "org.freedesktop.systemd1";
inline constexpr const char* kSystemdManagerPath = "/org/freedesktop/systemd1";
inline constexpr const char* kSystemdManager = "org.freedesktop.systemd1.Manager";
// This long, because systemd may be reloading on a busy host.
inline constexpr std::chrono::seconds kSystemdPatience{30};

// One call: the message while it is filled, then the answer. Any step that fails makes call() fail.
class SystemdCall {
 public:
  SystemdCall(const SystemdLibrary& library, sd_bus* bus, const char* method)
      : library_(library), bus_(bus), method_(method) {
    note(library_.new_method_call(bus, &message_, kSystemdDestination, kSystemdManagerPath, kSystemdManager,
                                  method));
  }
  SystemdCall(const SystemdCall&) = delete;
  SystemdCall& operator=(const SystemdCall&) = delete;
  ~SystemdCall() {
    library_.message_unref(message_);
    library_.message_unref(reply_);
    library_.error_free(&error_);
  }

  template <typename... Values>
  void append(const char* types, Values... values) {
    if (failure_ >= 0) {
      note(library_.append(message_, types, values...));
    }
  }

  void append(const ScopeProperty& property) {
    if (const auto* bytes = std::get_if<std::vector<uint8_t>>(&property.value)) {
      append_bytes(property.name, *bytes);
    } else if (const auto* number = std::get_if<uint64_t>(&property.value)) {
      append("(sv)", property.name.c_str(), "t", *number);
    } else if (const auto* flag = std::get_if<bool>(&property.value)) {
      append("(sv)", property.name.c_str(), "b", static_cast<int>(*flag));
    } else {
      append("(sv)", property.name.c_str(), "s", std::get<std::string>(property.value).c_str());
    }
  }

  void open(char type, const char* contents) {
    if (failure_ >= 0) {
      note(library_.open_container(message_, type, contents));
    }
  }
  void close() {
    if (failure_ >= 0) {
      note(library_.close_container(message_));
    }
  }

  Result<void> make() {
    if (failure_ >= 0) {
      constexpr auto kTimeout = std::chrono::microseconds(kSystemdPatience).count();
      note(library_.call(bus_, message_, static_cast<uint64_t>(kTimeout), &error_, &reply_));
    }
    if (failure_ < 0) {
      return fail(-failure_, std::string("systemd: ") + method_ + ": " +
                                 (error_.message != nullptr ? error_.message : std::strerror(-failure_)));
    }
    return {};
  }

  Result<std::string> object_path() {
    const char* path = nullptr;
    const int read = library_.read(reply_, "o", &path);
    return read > 0 ? Result<std::string>(path)
                    : fail(EPROTO, std::string("systemd: ") + method_ + ": bad answer");
  }

  [[nodiscard]] bool is_no_such_unit() const {
    constexpr const char* kNoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";
    return error_.name != nullptr && std::strcmp(error_.name, kNoSuchUnit) == 0;
  }

 private:
  void note(int outcome) { failure_ = outcome < 0 && failure_ >= 0 ? outcome : failure_; }

  void append_bytes(const std::string& name, const std::vector<uint8_t>& bytes) {
    open('r', "sv");
    append("s", name.c_str());
    open('v', "ay");
    if (failure_ >= 0) {
      note(library_.append_array(message_, 'y', bytes.data(), bytes.size()));
    }
    close();
    close();
  }

  const SystemdLibrary& library_;
  sd_bus* bus_;
  const char* method_;
  sd_bus_message* message_ = nullptr;
  sd_bus_message* reply_ = nullptr;
  sd_bus_error error_ = SD_BUS_ERROR_NULL;
  int failure_ = 0;
};

}  // namespace caisson::runtime
