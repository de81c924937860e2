// SPDX-License-Identifier: Apache-2.0
// Who a process of a container is, and what it may do.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <cstring>

#include "tests/support/agent_container.h"
#include "tests/unit/agent/child/child_fixture.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, user_groups_umask_and_capabilities_are_those_asked_for) {
  auto request =
      container_request("c", 1, {"sh", "-c", "id; umask; grep -E 'Cap|NoNew|Seccomp:' /proc/self/status"});
  auto& init = *request.mutable_init();
  init.mutable_user()->set_uid(1000);
  init.mutable_user()->set_gid(1001);
  init.mutable_user()->add_additional_gids(5);
  init.mutable_user()->add_additional_gids(6);
  init.mutable_user()->set_umask(027);
  init.mutable_capabilities()->set_inheritable(0x400);
  init.mutable_capabilities()->set_ambient(0x400);
  const Outcome outcome = run(request);
  EXPECT_NE(outcome.out.find("uid=1000 gid=1001 groups=5,6\n0027\n"), std::string::npos) << outcome.out;
  for (const char* line :
       {"CapInh:\t0000000000000400", "CapPrm:\t0000000000000400", "CapEff:\t0000000000000400",
        "CapBnd:\t00000000a80425fb", "CapAmb:\t0000000000000400", "NoNewPrivs:\t1"}) {
    EXPECT_NE(outcome.out.find(line), std::string::npos) << line << "\n" << outcome.out;
  }
}

TEST_F(AgentContainer, no_capabilities_asked_for_are_none_at_all) {
  auto request = container_request("c", 1, {"grep", "Cap", "/proc/self/status"});
  request.mutable_init()->clear_capabilities();
  const Outcome outcome = run(request);
  EXPECT_NE(outcome.out.find("CapBnd:\t0000000000000000"), std::string::npos) << outcome.out << outcome.err;
}

TEST_F(AgentContainer, seccomp_filter_applies_with_and_without_no_new_privileges) {
  // Kills mkdir (83 on x86-64) by EPERM; allows the rest.
  const auto instruction = [](uint16_t code, uint8_t jt, uint8_t jf, uint32_t k) {
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &code, 2);
    bytes[2] = static_cast<char>(jt);
    bytes[3] = static_cast<char>(jf);
    std::memcpy(bytes.data() + 4, &k, 4);
    return bytes;
  };
  const std::string filter = instruction(0x20, 0, 0, 0) + instruction(0x15, 0, 1, 83) +
                             instruction(0x06, 0, 0, 0x00050001) + instruction(0x06, 0, 0, 0x7fff0000);
  for (const bool no_new_privileges : {true, false}) {
    auto request = container_request("c", no_new_privileges ? 1 : 2, {"sh", "-c", "mkdir /tmp/no; echo $?"});
    request.mutable_init()->set_no_new_privileges(no_new_privileges);
    request.mutable_init()->mutable_seccomp()->set_filter(filter);
    EXPECT_EQ(run(request).out, "1\n");

    auto hooked = container_request(no_new_privileges ? "d" : "e", no_new_privileges ? 3 : 4, {"true"});
    hooked.mutable_init()->set_no_new_privileges(no_new_privileges);
    hooked.mutable_init()->mutable_seccomp()->set_filter(filter);
    auto* hook = hooked.add_start_container_hooks();
    hook->set_path("/bin/sh");
    for (const char* word : {"sh", "-c", "mkdir /tmp/no || exit 7"}) {
      hook->add_args(word);
    }
    EXPECT_EQ(run(hooked).err,
              "error running startContainer hook #0: exit status 7, stdout: , stderr: "
              "mkdir: can't create directory '/tmp/no': Operation not permitted");
  }
}

}  // namespace
}  // namespace caisson::test

namespace caisson::agent {
namespace {

constexpr uint64_t bit(unsigned number) {
  return uint64_t{1} << number;
}
constexpr const char* kNone = "0000000000000000";

std::string hexadecimal(uint64_t set) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016lx", set);
  return text.data();
}

// Of so many instructions; it allows everything.
std::string allowing_filter(size_t instructions) {
  std::string bytes;
  const sock_filter allow{.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = SECCOMP_RET_ALLOW};
  for (size_t i = 0; i < instructions; ++i) {
    bytes.append(reinterpret_cast<const char*>(&allow), sizeof(allow));
  }
  return bytes;
}

TEST_F(ChildSteps, filter_without_no_new_privileges_leaves_no_capability_that_was_not_asked_for) {
  test::in_namespaces([this] {
    process_.mutable_capabilities()->set_permitted(bit(CAP_CHOWN) | bit(CAP_KILL));
    process_.mutable_capabilities()->set_effective(bit(CAP_CHOWN));
    process_.mutable_seccomp()->set_filter(allowing_filter(1));
    ASSERT_TRUE(become_user(child_));
    ASSERT_TRUE(confine(child_));
    EXPECT_EQ(status("Seccomp"), "2");
    EXPECT_EQ(status("NoNewPrivs"), "0");
    EXPECT_EQ(status("CapPrm"), hexadecimal(bit(CAP_CHOWN) | bit(CAP_KILL)));
    EXPECT_EQ(status("CapEff"), hexadecimal(bit(CAP_CHOWN)));
    EXPECT_EQ(status("CapInh"), kNone);
    EXPECT_EQ(status("CapAmb"), kNone);
  });
}

TEST_F(ChildSteps, filter_with_no_new_privileges_leaves_none_either) {
  test::in_namespaces([this] {
    process_.set_no_new_privileges(true);
    process_.mutable_seccomp()->set_filter(allowing_filter(1));
    ASSERT_TRUE(become_user(child_));
    ASSERT_TRUE(confine(child_));
    EXPECT_EQ(status("Seccomp"), "2");
    EXPECT_EQ(status("NoNewPrivs"), "1");
    EXPECT_EQ(status("CapPrm"), kNone);
    EXPECT_EQ(status("CapEff"), kNone);
  });
}

TEST_F(ChildSteps, filter_is_whole_instructions_as_many_as_the_kernel_takes) {
  std::string cut = allowing_filter(2);
  cut.pop_back();
  for (const std::string& filter : {std::string(), cut, allowing_filter(4097)}) {
    test::in_namespaces([this, &filter] {
      process_.mutable_seccomp()->set_filter(filter);
      expect_error(confine(child_), EINVAL, "load seccomp filter: malformed program");
    });
  }
  test::in_namespaces([this] {
    process_.mutable_seccomp()->set_filter(allowing_filter(4096));
    EXPECT_TRUE(confine(child_));
  });
}

TEST_F(ChildSteps, security_label_that_the_guest_cannot_apply_is_refused) {
  test::in_namespaces([this] {
    const std::string refusal = "apply security label: the guest kernel has neither AppArmor nor SELinux";
    process_.set_apparmor_profile("profile");
    expect_error(confine(child_), EOPNOTSUPP, refusal);
    process_.clear_apparmor_profile();
    process_.set_selinux_label("label");
    expect_error(confine(child_), EOPNOTSUPP, refusal);
  });
}

TEST_F(ChildSteps, bounding_set_keeps_what_is_asked_for_alone) {
  test::in_namespaces([this] {
    process_.mutable_capabilities()->set_bounding(bit(CAP_CHOWN) | bit(CAP_AUDIT_READ));
    ASSERT_TRUE(drop_bounding_set(child_));
    EXPECT_EQ(status("CapBnd"), hexadecimal(bit(CAP_CHOWN) | bit(CAP_AUDIT_READ)));
  });
}

TEST_F(ChildSteps, user_has_its_ids_and_groups_and_sees_what_its_program_will) {
  test::in_namespaces([this] {
    process_.mutable_user()->set_uid(1000);
    process_.mutable_user()->set_gid(1001);
    process_.mutable_user()->add_additional_gids(7);
    process_.mutable_user()->set_umask(07777027);
    process_.mutable_capabilities()->set_permitted(bit(CAP_CHOWN) | bit(CAP_KILL));
    process_.mutable_capabilities()->set_effective(bit(CAP_KILL) | bit(CAP_SYS_ADMIN));
    ASSERT_TRUE(become_user(child_));
    EXPECT_EQ(status("Uid"), "1000\t1000\t1000\t1000");
    EXPECT_EQ(status("Gid"), "1001\t1001\t1001\t1001");
    EXPECT_EQ(status("Groups"), "7 ");
    EXPECT_EQ(status("Umask"), "0027");
    EXPECT_EQ(status("CapEff"), hexadecimal(bit(CAP_KILL)));
  });
}

TEST_F(ChildSteps, umask_that_is_not_given_is_022) {
  test::in_namespaces([this] {
    ::umask(0);
    ASSERT_TRUE(become_user(child_));
    EXPECT_EQ(status("Umask"), "0022");
  });
}

TEST_F(ChildSteps, capability_that_the_child_has_not_is_not_given) {
  test::in_namespaces([this] {
    process_.mutable_capabilities()->set_bounding(bit(CAP_CHOWN));
    for (auto* set : {&process_}) {
      set->mutable_capabilities()->set_permitted(~uint64_t{0});
      set->mutable_capabilities()->set_effective(~uint64_t{0});
      set->mutable_capabilities()->set_inheritable(~uint64_t{0});
      set->mutable_capabilities()->set_ambient(bit(CAP_CHOWN));
    }
    const std::string all = status("CapPrm");
    ASSERT_TRUE(become_user(child_));
    ASSERT_TRUE(confine(child_));
    for (const char* key : {"CapPrm", "CapEff", "CapInh"}) {
      EXPECT_EQ(status(key), all) << key;
    }
    EXPECT_EQ(status("CapAmb"), hexadecimal(bit(CAP_CHOWN)));
  });
}

TEST_F(ChildSteps, stdio_becomes_the_users_but_for_devices_and_files) {
  test::in_namespaces([this] {
    process_.mutable_user()->set_uid(1000);
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    const UniqueFd file(::open("/tmp/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    const UniqueFd zero(::open("/dev/zero", O_RDWR | O_CLOEXEC));
    Result<void> outcome;
    {
      const KeptStdio kept;
      ::dup2(zero.get(), 0);
      ::dup2(pipe[1], 1);
      ::dup2(file.get(), 2);
      outcome = own_stdio(child_);
    }
    ASSERT_TRUE(outcome);
    struct stat info {};
    ASSERT_EQ(::fstat(pipe[1], &info), 0);
    EXPECT_EQ(info.st_uid, 1000U);
    EXPECT_EQ(look_at("/tmp/file").st_uid, 0U);
    EXPECT_EQ(look_at("/dev/zero").st_uid, 0U);
  });
}

TEST_F(ChildSteps, null_of_the_guest_gives_way_to_the_containers_own_if_that_is_one) {
  test::in_namespaces([this] {
    ASSERT_EQ(::mknod("/tmp/null", S_IFCHR | 0666, makedev(1, 3)), 0);
    const ino_t own = look_at("/dev/null").st_ino;
    for (const bool is_null : {true, false}) {
      if (!is_null) {
        std::filesystem::remove("/dev/null");
        ASSERT_EQ(::mknod("/dev/null", S_IFCHR | 0666, makedev(1, 5)), 0);
      }
      struct stat standard {};
      {
        const KeptStdio kept;
        const UniqueFd guests(::open("/tmp/null", O_RDWR | O_CLOEXEC));
        for (int fd = 0; fd < 3; ++fd) {
          ::dup2(guests.get(), fd);
        }
        EXPECT_TRUE(own_stdio(child_));
        ::fstat(1, &standard);
      }
      EXPECT_EQ(standard.st_ino, is_null ? own : look_at("/tmp/null").st_ino);
      EXPECT_EQ(standard.st_rdev, makedev(1, 3));
    }
  });
}

}  // namespace
}  // namespace caisson::agent
