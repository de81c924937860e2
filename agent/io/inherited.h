// SPDX-License-Identifier: Apache-2.0
// What a process inherits beyond its stdio: descriptors the host's caller kept open for it (--preserve-fds).
// A pipe or a socket here has the host's at the other end, through a stream; a device is the guest's own.
#pragma once

#include <map>
#include <vector>

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
class InheritedDescriptor;
}

class InheritedDescriptors {
 public:
  struct ChildEnd {
    int number = -1;
    UniqueFd fd;
  };

  explicit InheritedDescriptors(EventLoop& loop) : loop_(loop) {}

  // Makes all of them. EINVAL for a number twice or out of bounds, E2BIG for too many.
  Result<std::vector<ChildEnd>> prepare(
      const google::protobuf::RepeatedPtrField<v1::InheritedDescriptor>& wanted);
  // Takes the host's connection for one. ENOENT when the process has no such, or it is taken.
  Result<void> attach(int number, UniqueFd connection);
  // As ProcessStreams::end_output().
  void end_output();

 private:
  struct Waiting {
    UniqueFd end;         // ours
    bool reads = false;   // the process does
    bool writes = false;  // so does it
  };
  Result<UniqueFd> prepare_one(const v1::InheritedDescriptor& wanted);

  EventLoop& loop_;
  std::map<int, Waiting> waiting_;  // by number, for their connection
  std::vector<std::weak_ptr<Pump>> outputs_;
};

}  // namespace caisson::agent
