// SPDX-License-Identifier: Apache-2.0
// What the probe found, as lines "subject: value" on standard output; tests/differential/view.py reads them.
#pragma once

#include <string>
#include <string_view>

namespace caisson::probe {

// Every subject is told once. Bytes that are not printable ASCII are escaped, so that a line stays a line.
void tell(std::string_view subject, std::string_view value);
void tell(std::string_view subject, long long value);
void tell_octal(std::string_view subject, unsigned value);
void tell_hex(std::string_view subject, unsigned long long value);

// Writes out what was told so far: what comes next may end this process.
void flush();

// "ENOENT", and "ok" for 0.
std::string error_name(int code);

// "ok", or the name of errno, of a call that returns less than 0 when it fails.
std::string outcome(long long returned);

// "file 644 0:0", "char 1:3 666 0:0", "link -> target", or the error's name.
std::string describe(const std::string& path);

}  // namespace caisson::probe
