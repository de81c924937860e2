// SPDX-License-Identifier: Apache-2.0
// What the host may ask for, and what it gets.
#include <gtest/gtest.h>
#include <sched.h>

#include "tests/support/agent_container.h"
#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, process_is_pid_1_of_its_namespaces) {
  const Outcome outcome = run_shell("echo $$; hostname; pwd; ls /proc/self/fd | wc -l");
  EXPECT_EQ(outcome.out, "1\nbox\n/\n4\n") << outcome.err;  // the fourth is ls's own
}

TEST_F(AgentContainer, bad_requests_are_refused_by_name) {
  const auto refused = [&](const agent::v1::CreateContainerRequest& request) {
    const auto created = client_->create_container(request, soon());
    return created ? 0 : created.error().code;
  };
  EXPECT_EQ(refused(container_request("../x", 1, {"true"})), EINVAL);
  EXPECT_EQ(refused(container_request("", 1, {"true"})), EINVAL);
  EXPECT_EQ(refused(container_request("c", 0, {"true"})), EINVAL);
  EXPECT_EQ(refused(container_request("c", 1, {})), EINVAL);
  auto request = container_request("c", 1, {"true"});
  request.mutable_root()->set_export_name("../..");
  EXPECT_EQ(refused(request), EINVAL);
  request = container_request("c", 1, {"true"});
  request.mutable_root()->set_export_name("absent");
  EXPECT_EQ(refused(request), ENOENT);
  request = container_request("c", 1, {"true"});
  request.add_namespaces()->set_kind(0x100);
  EXPECT_EQ(refused(request), EINVAL);
  EXPECT_EQ(refused(container_request("c", 1, {"true"})), 0);
}

}  // namespace
}  // namespace caisson::test

namespace caisson::agent {
namespace {

class CreateContainerCheck : public ServiceTest {
 protected:
  CreateContainerCheck() {
    request_.set_container("c");
    request_.set_process(1);
    request_.mutable_init();
  }
  void expect_refused(int code, const std::string& message) {
    const auto outcome = running_->client().create_container(request_, soon());
    ServiceTest::expect_refused(outcome, code, message);
    running_->within([&] { EXPECT_FALSE(running_->agent().containers().find("c")) << "it is still there"; });
  }
  void inside(const std::function<void()>& body) {
    test::in_namespaces([&] {
      RunningAgent running;
      running_ = &running;
      body();
    });
  }

  RunningAgent* running_ = nullptr;
  v1::CreateContainerRequest request_;
};

TEST_F(CreateContainerCheck, namespace_is_one_of_those_there_are) {
  inside([this] {
    for (const uint64_t kind : {uint64_t{0}, uint64_t{CLONE_VM}, uint64_t{CLONE_NEWUTS | CLONE_NEWIPC},
                                uint64_t{CLONE_NEWPID} | uint64_t{1} << 40}) {
      request_.clear_namespaces();
      request_.add_namespaces()->set_kind(kind);
      expect_refused(EINVAL, "create container: unknown namespace kind");
    }
  });
}

TEST_F(CreateContainerCheck, id_mappings_are_as_many_as_the_kernel_takes) {
  inside([this] {
    const std::string refusal = "create container: too many id mappings";
    for (int i = 0; i < 341; ++i) {
      request_.add_uid_mappings();
    }
    expect_refused(E2BIG, refusal);
    request_.mutable_gid_mappings()->Swap(request_.mutable_uid_mappings());
    expect_refused(E2BIG, refusal);
    request_.add_mounts()->mutable_uid_mappings()->Swap(request_.mutable_gid_mappings());
    expect_refused(E2BIG, refusal);
    request_.mutable_mounts(0)->mutable_uid_mappings()->RemoveLast();
    request_.mutable_mounts(0)->set_type("tmpfs");
    request_.set_process(0);
    expect_refused(EINVAL, "launch process: token is 0");  // so many are taken
  });
}

TEST_F(CreateContainerCheck, container_whose_namespace_is_joined_is_there_and_created) {
  inside([this] {
    v1::Namespace& joined = *request_.add_namespaces();
    joined.set_kind(CLONE_NEWIPC);
    joined.set_join_container("other");
    expect_refused(ENOENT, "find container other: no such container");
    running_->add_bare_container("other");
    expect_refused(EBUSY, "join namespaces of other: it is not created yet");
  });
}

TEST_F(CreateContainerCheck, spare_memory_of_a_host_is_not_offered) {
  inside([this] {
    request_.add_spare_memory_blocks(0);
    expect_refused(EOPNOTSUPP, "offer spare memory: the agent is not a guest's");
    EXPECT_FALSE(std::filesystem::exists("/run/cgroups/c"));
  });
}

TEST_F(CreateContainerCheck, cgroup_that_climbs_and_socket_of_a_path_are_refused) {
  inside([this] {
    request_.set_cgroup_path("/../c");
    expect_refused(EINVAL, "make cgroup /../c: it holds ..");
    request_.clear_cgroup_path();
    v1::Mount& mount = *request_.add_mounts();
    mount.set_host_socket_port(7);
    mount.set_destination("/there");
    mount.set_export_name("../x");
    expect_refused(EINVAL, "use export \"../x\": not a name");
    request_.clear_mounts();
    request_.clear_init();
    expect_refused(EINVAL, "create container: init is missing");
  });
}

}  // namespace
}  // namespace caisson::agent
