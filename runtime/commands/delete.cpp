// SPDX-License-Identifier: Apache-2.0
// caisson delete: takes a stopped container away, or with --force any. Copes with every half-made state.

#include <regex.h>

#include <array>

#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"
#include "runtime/lifecycle/destroy.h"
#include "runtime/lifecycle/unrecorded.h"

namespace caisson::runtime {
namespace {

class Delete final : public Command {
 public:
  void declare(Options options) override {
    options.id(id_);
    options.flag(
        "-r,--regex", regex_,
        "As in crun: the name is an extended regular expression, and every container with a match goes");
    options.flag("-f,--force", force_, "Also a running one (SIGKILL first), and succeed when there is none");
  }

  Result<int> run(const Globals& globals) override {
    if (!regex_) {
      return remove(globals, id_);
    }
    for (const std::string& id : TRY(matching_ids(globals))) {
      TRY_CONTEXT("delete " + id, remove(globals, id));
    }
    return 0;
  }

 private:
  Result<std::vector<std::string>> matching_ids(const Globals& globals) const {
    regex_t expression{};
    if (const int error = ::regcomp(&expression, id_.c_str(), REG_EXTENDED | REG_NOSUB); error != 0) {
      std::array<char, 256> reason{};
      ::regerror(error, &expression, reason.data(), reason.size());
      return fail(EINVAL, "--regex: \"" + id_ + "\": " + reason.data());
    }
    auto ids = globals.state_root().list();
    if (ids) {
      std::erase_if(*ids, [&](const std::string& id) {
        return ::regexec(&expression, id.c_str(), 0, nullptr, 0) != 0;
      });
    }
    ::regfree(&expression);
    return ids;
  }

  Result<int> remove(const Globals& globals, const std::string& id) const {
    const auto locked = globals.state_root().lock(id);
    if (!locked) {
      return force_ && locked.error().code == ENOENT ? Result<int>(0) : tl::unexpected(locked.error());
    }
    const ContainerDirectory& directory = locked->directory();
    const auto state = directory.load();
    // ESTALE: its creator died before there was a process, or the record has gone.
    if (!state && (state.error().code == ESTALE || (force_ && state.error().code == EBADMSG))) {
      TRY(destroy_unrecorded(globals.state_root(), directory, id, force_));
      return 0;
    }
    if (!state) {
      return tl::unexpected(state.error());
    }
    const Status status = state->current_status();
    if ((status == Status::running || status == Status::paused) && !force_) {
      return fail(EBUSY, "cannot delete container " + id + " that is not stopped: " +
                             std::string(status_name(status)) + "; kill it first, or give --force");
    }
    TRY(destroy_container(directory, *state));
    return 0;
  }

  std::string id_;
  bool regex_ = false;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> make_delete() {
  return std::make_unique<Delete>();
}

}  // namespace caisson::runtime
