// SPDX-License-Identifier: Apache-2.0
// What a process inherits beyond its stdio: descriptors the host's caller kept open for it (--preserve-fds).
// A pipe or a socket here leads through a stream to the host's. A device is the guest's own. A file is one
// that the host serves, and the child opens it. Standard streams that are files or devices are treated
// likewise.
#pragma once

#include <map>
#include <vector>

#include "agent/child/child_spec.h"
#include "agent/io/pump.h"
#include "common/event_loop.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace google::protobuf {
template <typename T>
class RepeatedPtrField;
}

namespace caisson::agent {

namespace v1 {
class PreservedDescriptor;
}

class PreservedDescriptors {
 public:
  struct ChildEnd {
    int number = -1;
    UniqueFd fd = {};  // invalid for a file
    Served file = {};  // number -1: no file
  };
  using Wanted = google::protobuf::RepeatedPtrField<v1::PreservedDescriptor>;

  explicit PreservedDescriptors(EventLoop& loop) : loop_(loop) {}

  // Makes all of them. EINVAL for a number twice or out of bounds, E2BIG for too many.
  Result<std::vector<ChildEnd>> prepare(const Wanted& wanted);
  // Likewise for those of 0, 1 and 2 that are no streams.
  static Result<std::vector<ChildEnd>> prepare_standard(const Wanted& wanted);
  // Takes the host's connection for one descriptor. ENOENT if the process has no such descriptor, or has its
  // connection already.
  Result<void> attach(int number, UniqueFd connection);
  // See ProcessStreams::end_output().
  void end_output();

 private:
  struct Waiting {
    UniqueFd end;         // the agent's
    bool reads = false;   // the process reads
    bool writes = false;  // the process writes
  };
  static Result<ChildEnd> prepare_plain(const v1::PreservedDescriptor& wanted);
  Result<ChildEnd> prepare_one(const v1::PreservedDescriptor& wanted);
  Result<UniqueFd> make_stream(const v1::PreservedDescriptor& wanted);

  EventLoop& loop_;
  std::map<int, Waiting> waiting_;  // by number, for their connection
  std::vector<std::weak_ptr<Pump>> outputs_;
};

}  // namespace caisson::agent
