// SPDX-License-Identifier: Apache-2.0
#include "agent/io/preserved_descriptors.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "agent/mounts/exports.h"
#include "protocol/agent/agent.pb.h"
#include "protocol/agent/stream_hello.h"

namespace caisson::agent {
namespace {

// [devices.txt], character devices of major 1: those whose every opening is as good as any other.
constexpr std::array<std::pair<uint32_t, const char*>, 5> kDevices = {
    {{3, "/dev/null"}, {5, "/dev/zero"}, {7, "/dev/full"}, {8, "/dev/random"}, {9, "/dev/urandom"}}};

int access_of(const v1::PreservedDescriptor& wanted) {
  return wanted.reads() && wanted.writes() ? O_RDWR : wanted.writes() ? O_WRONLY : O_RDONLY;
}

Result<UniqueFd> open_device(const v1::PreservedDescriptor& wanted) {
  const auto known = std::find_if(kDevices.begin(), kDevices.end(),
                                  [&](const auto& device) { return device.first == wanted.device_minor(); });
  if (known == kDevices.end()) {
    return fail(EINVAL, "unknown device");
  }
  UniqueFd device(::open(known->second, access_of(wanted) | O_CLOEXEC));
  if (!device) {
    return fail_errno(std::string("open ") + known->second);
  }
  return device;
}

Result<Served> file_of(const v1::PreservedDescriptor& wanted) {
  TRY(check_export_name(wanted.served_name()));
  return Served{.number = static_cast<int>(wanted.number()),
                .name = wanted.served_name(),
                .flags = access_of(wanted) | (wanted.appends() ? O_APPEND : 0)};
}

// Checks that the numbers are within bounds and each there once.
Result<void> check_numbers(const PreservedDescriptors::Wanted& wanted, uint32_t lowest, uint32_t highest) {
  std::set<uint32_t> seen;
  for (const v1::PreservedDescriptor& one : wanted) {
    if (one.number() < lowest || one.number() > highest || !seen.insert(one.number()).second) {
      return fail(EINVAL, "pass descriptor " + std::to_string(one.number()) + ": bad number");
    }
  }
  return {};
}

}  // namespace

// A file or a device.
Result<PreservedDescriptors::ChildEnd> PreservedDescriptors::prepare_plain(
    const v1::PreservedDescriptor& wanted) {
  ChildEnd end{.number = static_cast<int>(wanted.number())};
  if (wanted.served_name().empty()) {
    end.fd = TRY(open_device(wanted));
  } else {
    end.file = TRY(file_of(wanted));
  }
  return end;
}

Result<PreservedDescriptors::ChildEnd> PreservedDescriptors::prepare_one(
    const v1::PreservedDescriptor& wanted) {
  if (!wanted.served_name().empty() || wanted.device_minor() != 0) {
    return prepare_plain(wanted);
  }
  return ChildEnd{.number = static_cast<int>(wanted.number()), .fd = TRY(make_stream(wanted))};
}

Result<UniqueFd> PreservedDescriptors::make_stream(const v1::PreservedDescriptor& wanted) {
  if (!wanted.reads() && !wanted.writes()) {
    return fail(EINVAL, "neither read nor written");
  }
  std::array<int, 2> ends{};
  const bool both = wanted.reads() && wanted.writes();
  if (both ? ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) < 0
           : ::pipe2(ends.data(), O_CLOEXEC) < 0) {
    return fail_errno(both ? "make socket pair" : "make pipe");
  }
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const bool child_writes = wanted.writes() && !both;
  waiting_.emplace(wanted.number(), Waiting{.end = std::move(child_writes ? reader : writer),
                                            .reads = wanted.reads(),
                                            .writes = wanted.writes()});
  return std::move(child_writes ? writer : reader);
}

Result<std::vector<PreservedDescriptors::ChildEnd>> PreservedDescriptors::prepare(const Wanted& wanted) {
  if (static_cast<size_t>(wanted.size()) > kMostPreserved) {
    return fail(E2BIG, "pass descriptors: a process takes at most " + std::to_string(kMostPreserved));
  }
  TRY(check_numbers(wanted, 3, kHighestPreserved));
  std::vector<ChildEnd> made;
  for (const v1::PreservedDescriptor& one : wanted) {
    made.push_back(TRY_CONTEXT("pass descriptor " + std::to_string(one.number()), prepare_one(one)));
  }
  return made;
}

Result<std::vector<PreservedDescriptors::ChildEnd>> PreservedDescriptors::prepare_standard(
    const Wanted& wanted) {
  TRY(check_numbers(wanted, 0, 2));
  std::vector<ChildEnd> made;
  for (const v1::PreservedDescriptor& one : wanted) {
    made.push_back(TRY_CONTEXT("pass descriptor " + std::to_string(one.number()), prepare_plain(one)));
  }
  return made;
}

Result<void> PreservedDescriptors::attach(int number, UniqueFd connection) {
  const auto found = waiting_.find(number);
  if (found == waiting_.end()) {
    return fail(ENOENT, "attach stream: the process waits for none of that descriptor");
  }
  Waiting ours = std::move(found->second);
  waiting_.erase(found);
  if (!ours.writes) {
    TRY(Pump::start(loop_, std::move(connection), std::move(ours.end), nullptr));
    return {};
  }
  if (ours.reads) {
    // Both directions at once, each with descriptors of its own. Each ends by itself when a side closes.
    TRY(Pump::start(loop_, TRY(duplicate(connection)), TRY(duplicate(ours.end)), nullptr));
  }
  outputs_.push_back(TRY(Pump::start(loop_, std::move(ours.end), std::move(connection), nullptr)));
  return {};
}

void PreservedDescriptors::end_output() {
  for (const auto& output : outputs_) {
    if (const auto pump = output.lock()) {
      pump->finish();
    }
  }
}

}  // namespace caisson::agent
