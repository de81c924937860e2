// SPDX-License-Identifier: Apache-2.0
#include "agent/service/freezer.h"

#include "agent/service/agent.h"

namespace caisson::agent {

Result<void> set_frozen(Agent& agent, Container& container, bool frozen, std::function<void()> done) {
  if (!container.cgroup) {
    return fail(EOPNOTSUPP, "freeze container " + container.id + ": the guest has no cgroups");
  }
  // Who asked before may have given up: the last one counts, also where nothing is to be done.
  container.freezing.reset();
  const auto finish_if_so = [&container, frozen, done = std::move(done)] {
    if ((container.cgroup->read_key("cgroup.events", "frozen") != 0) != frozen) {
      return;
    }
    container.freezing.reset();
    container.paused = frozen;
    done();
  };
  // Watch first: the change may come before the write returns.
  container.freezing =
      TRY(CgroupWatch::create(agent.loop(), *container.cgroup, "cgroup.events", finish_if_so));
  if (auto written = container.cgroup->write("cgroup.freeze", frozen ? "1" : "0"); !written) {
    container.freezing.reset();
    return written;
  }
  finish_if_so();
  return {};
}

}  // namespace caisson::agent
