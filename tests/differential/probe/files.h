// SPDX-License-Identifier: Apache-2.0
// Reading small files of the kernel.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace caisson::probe {

// The text without its last newline, or the error's name.
std::string read_text(const std::string& path);

// Runs of blanks become one; lines are parted by " / ".
std::string squeezed(std::string_view text);

std::vector<std::string> lines_of(const std::string& text);
std::vector<std::string> words_of(const std::string& line);

// Names in a directory, sorted; empty where it cannot be listed.
std::vector<std::string> names_in(const std::string& path);

}  // namespace caisson::probe
