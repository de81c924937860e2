// SPDX-License-Identifier: Apache-2.0
// The lifetime of tasks that are posted to an EventLoop: a task whose scope has gone at its turn does not
// run. A class that posts tasks which use it has a scope, and needs no other sign of life.
#pragma once

#include <memory>
#include <utility>

namespace caisson {

// A scope goes, or is moved, on the thread of the loop that runs its tasks, or while no thread runs that
// loop: so it cannot go while one of them runs elsewhere. Other threads may post with it as long as it stays.
//
// * A task may destroy its own scope, and runs on to its end.
// * A moved scope takes its tasks along: they run while the value lives that it was moved to. The value that
//   it was moved from is an ended scope. The tasks of a scope that another is moved into do not run any more.
// * A task whose scope has gone is destroyed at its turn, on the loop's thread. A loop that goes first
//   destroys its tasks unrun, whatever their scope.
class Scope {
 public:
  Scope() : is_there_(std::make_shared<bool>(true)) {}
  Scope(Scope&& other) noexcept = default;
  Scope& operator=(Scope&& other) noexcept {
    if (this != &other) {
      end();
      is_there_ = std::move(other.is_there_);
    }
    return *this;
  }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() { end(); }

  // Functions that are bound so far do not run. Functions that are bound from now on do.
  void renew() { *this = Scope(); }

  // `function`, to be called on the loop's thread: it does nothing once the scope has gone. For what another
  // thread is to post later, when it may not look at the scope itself.
  template <typename Function>
  [[nodiscard]] auto bind(Function function) const {
    return [is_there = is_there_, function = std::move(function)](auto&&... arguments) {
      if (is_there && *is_there) {
        function(std::forward<decltype(arguments)>(arguments)...);
      }
    };
  }

 private:
  void end() {
    if (is_there_) {
      *is_there_ = false;
    }
  }

  std::shared_ptr<bool> is_there_;  // none once moved from
};

}  // namespace caisson
