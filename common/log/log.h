// SPDX-License-Identifier: Apache-2.0
// Sets up the process's log once: where it goes, how it looks, from which level. The host programs call it
// from main(); the agent logs through its event stream instead. Whatever a record quotes is made harmless
// here (common/harmless.h), and every record is one line, or one with indented lines behind it.
#pragma once

#include <cstddef>
#include <string>

#include "common/result.h"

namespace caisson {

enum class LogFormat { text, json };

struct LogOptions {
  std::string path;                    // empty: standard error
  LogFormat format = LogFormat::text;  // json: one object a line with level, msg, time, as runc writes it
  bool debug = false;                  // false: warnings and errors only
  // How many bytes of lines may be written in all, from now on; 0: any number. Lines beyond are dropped, and
  // one line says so. For a process whose records a guest can cause.
  size_t ration_bytes = 0;
};

// Replaces spdlog's default logger. Fails when the file cannot be opened for appending.
Result<void> set_up_log(const LogOptions& options);

}  // namespace caisson
