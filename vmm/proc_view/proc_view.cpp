// SPDX-License-Identifier: Apache-2.0
#include "vmm/proc_view/proc_view.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "vmm/proc_view/mount.h"

namespace caisson::vmm {
namespace {

// LIMIT: how long the guest may let a reader of its processes wait, whose thread the kernel holds meanwhile.
constexpr std::chrono::seconds kPatience{10};

}  // namespace

std::unique_ptr<ProcView> ProcView::show(HostView& view) {
  const auto place = std::find_if(view.begin(), view.end(), [](const HostViewMount& mount) {
    return mount.destination == "/proc" && !mount.tree;
  });
  if (place == view.end()) {
    return nullptr;
  }
  auto mount = make_proc_mount();
  if (!mount) {
    spdlog::debug("the host will not see the container's processes: {}", mount.error().message);
    return nullptr;
  }
  view.erase(place);
  // The last to be mounted: a place beneath it would be looked up in it, by us, who are to answer.
  view.push_back({.destination = "/proc", .tree = std::move(mount->tree)});
  return std::unique_ptr<ProcView>(new ProcView(std::move(mount->device)));
}

ProcView::~ProcView() {
  if (guest_) {
    place_.agent_loop->run_sync([this] {
      guest_.reset();
      server_.reset();
    });
  }
}

Result<void> ProcView::serve(Place place) {
  place_ = std::move(place);
  guest_ = std::make_unique<GuestProc>(
      *place_.agent_loop, place_.container, [this] { place_.main_loop->post([this] { connect(); }); },
      kPatience);
  server_ = TRY(
      ProcServer::create(*place_.agent_loop, std::move(device_),
                         [this](uint32_t pid, GuestProc::Done done) { guest_->ask(pid, std::move(done)); }));
  return {};
}

void ProcView::connect() {
  auto client = std::make_shared<Result<agent::AgentClient>>(place_.connect());
  place_.agent_loop->post([this, client] { guest_->take(std::move(*client)); });
}

void ProcView::suspend() {
  place_.agent_loop->post([this] { guest_->suspend(); });
}

void ProcView::resume() {
  place_.agent_loop->post([this] { guest_->resume(); });
}

}  // namespace caisson::vmm
