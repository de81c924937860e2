// SPDX-License-Identifier: Apache-2.0
#include "agent/machine/growth.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "common/unique_fd.h"

namespace caisson::agent {
namespace {

// [admin-guide/mm/memory-hotplug], [core-api/cpu_hotplug]: all of these hold less than a line.
Result<std::string> read_attribute(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 64> text{};
  const ssize_t count = file ? ::read(file.get(), text.data(), text.size()) : -1;
  if (count < 0) {
    return fail_errno("read " + path);
  }
  const std::string_view all(text.data(), static_cast<size_t>(count));
  return std::string(all.substr(0, all.find('\n')));
}

Result<void> write_attribute(const std::string& path, const std::string& value) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.get(), value.data(), value.size()) < 0) {
    return fail_errno("write " + value + " to " + path);
  }
  return {};
}

std::string hexadecimal(uint64_t number) {
  std::array<char, 16> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return std::string(digits.data(), end);
}

Result<uint64_t> block_bytes(const std::string& memory) {
  const std::string path = memory + "/block_size_bytes";
  const std::string text = TRY(read_attribute(path));
  uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes, 16);
  if (error != std::errc() || end != text.data() + text.size() || bytes == 0) {
    return fail(EPROTO, "read " + path + ": \"" + text + "\" is not a size");
  }
  return bytes;
}

}  // namespace

Result<void> take_memory_block(const std::string& devices, uint64_t address) {
  const std::string memory = devices + "/memory";
  const uint64_t bytes = TRY(block_bytes(memory));
  if (address % bytes != 0) {
    return fail(EINVAL, "add memory at 0x" + hexadecimal(address) +
                            ": the guest's kernel adds it in blocks of " + std::to_string(bytes >> 20U) +
                            " MiB");
  }
  // EEXIST: an earlier call has added it.
  if (auto added = write_attribute(memory + "/probe", "0x" + hexadecimal(address));
      !added && added.error().code != EEXIST) {
    return added;
  }
  const std::string block = memory + "/memory" + std::to_string(address / bytes);
  if (TRY(read_attribute(block + "/online")) == "1") {
    return {};
  }
  return write_attribute(block + "/online", "1");
}

Result<void> start_cpus(const std::string& devices, uint32_t count) {
  // The first cannot be stopped, and has no such file.
  for (uint32_t cpu = 1; cpu < count; ++cpu) {
    const std::string online = devices + "/cpu/cpu" + std::to_string(cpu) + "/online";
    if (TRY(read_attribute(online)) != "1") {
      TRY(write_attribute(online, "1"));
    }
  }
  return {};
}

}  // namespace caisson::agent
