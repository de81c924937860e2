// SPDX-License-Identifier: Apache-2.0
// What a child is to become: the request plus the descriptors the agent prepared. Borrowed by clone_child()
// only; the child works on its own copy of the agent's memory.
#pragma once

#include <array>
#include <string>
#include <vector>

namespace caisson::agent {

namespace v1 {
class CreateContainerRequest;
class Process;
}  // namespace v1

// Namespaces of an existing process to enter.
struct Join {
  int pidfd = -1;
  int kinds = 0;  // CLONE_NEW*
};

// A descriptor, and the number under which the process finds it.
struct Placed {
  int number = -1;
  int fd = -1;
};

// A file of the host that the child opens itself: the host's disk may take a while to answer, and the agent
// waits for nobody. The host has the file open, and its name leads to it until it is closed.
struct Served {
  int number = -1;        // the process's descriptor
  std::string name = {};  // among the exports
  int flags = 0;          // of open(2)
};

struct ChildSpec {
  const v1::Process* process = nullptr;
  const v1::CreateContainerRequest* container = nullptr;  // null: one more process of a running container
  std::array<int, 3> stdio = {-1, -1, -1};                // -1 with a terminal
  std::vector<Placed> preserved = {};                     // beside stdio
  std::vector<Served> served = {};                        // for stdio and beside it
  std::vector<int> binds = {};                            // for each mount; -1: the child makes it
  std::string exports;                                    // directory of the host's exports
  int cgroup = -1;          // directory of the cgroup to be born in; -1: the agent's
  std::string mount_point;  // empty directory for the root file system; containers only
  std::string sockets_directory =
      {};                             // of relays to the host's, each by the number of its mount; empty: none
  std::string notify_directory = {};  // the guest's, with the socket; empty: the container gets none
  uint64_t late_namespaces = 0;       // CLONE_NEW* that the child makes itself, in its user namespace
  std::vector<Join> joins;            // entered by the child; process namespaces by the agent
};

}  // namespace caisson::agent
