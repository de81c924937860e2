// SPDX-License-Identifier: Apache-2.0
#include "runtime/state/container_directory.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "runtime/state/strangers_tree.h"
#include "runtime/system/files.h"

namespace caisson::runtime {

Result<ContainerState> ContainerDirectory::load() const {
  const auto text = read("state.json");
  if (!text && text.error().code == ENOENT) {
    return fail(ESTALE,
                path_ +
                    ": the container was never finished, its creator is at work or has died; in the latter "
                    "case delete it");
  }
  // What ails us and not the file.
  constexpr std::array kOurs = {EMFILE, ENFILE, ENOMEM, EIO, EACCES, EPERM};
  if (!text && std::ranges::find(kOurs, text.error().code) != kOurs.end()) {
    return tl::unexpected(with_context(path_, text.error()));
  }
  auto state = text ? parse_container_state(*text) : tl::unexpected(text.error());
  if (!state) {
    const std::string id = path_.substr(path_.rfind('/') + 1);
    return fail(EBADMSG, path_ + ": " + state.error().message +
                             "; somebody else has written there: nothing can be done with the container but "
                             "delete --force " +
                             id);
  }
  return state;
}

Result<void> ContainerDirectory::save(const ContainerState& state) const {
  return write("state.json", to_json(state));
}

Result<void> ContainerDirectory::write(std::string_view name, std::string_view text) const {
  // The directory lives in a tmpfs and dies with the host: nothing here needs fsync, only to be whole.
  return replace_file(file(name), text, 0600);
}

Result<std::string> ContainerDirectory::read(std::string_view name) const {
  constexpr size_t kMaxBytes = 8UL << 20;  // LIMIT: twice the largest config.json we take
  return read_file(file(name), kMaxBytes);
}

Result<std::string> ContainerDirectory::read_output(std::string_view name) const {
  constexpr size_t kMaxBytes = 64UL << 10;  // LIMIT: reasons, with what the guest's console said last
  return read_strangers_file(output_directory(), std::string(name), kMaxBytes);
}

Result<void> ContainerDirectory::remove() const {
  TRY(remove_strangers_tree(output_directory()));
  std::error_code error;
  std::filesystem::remove_all(path_, error);
  if (error) {
    return fail_errno("remove " + path_, error.value());
  }
  return {};
}

}  // namespace caisson::runtime
