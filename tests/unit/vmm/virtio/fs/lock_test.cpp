// SPDX-License-Identifier: Apache-2.0
// Locks on shared exports: between two guests, between processes of one, and with the host; waited for, given
// up, let go of.
#include <sys/file.h>

#include <chrono>

#include "tests/unit/vmm/virtio/fs/fixture.h"

namespace caisson::test {
namespace {

constexpr uint64_t kEnd = INT64_MAX;

class LockTest : public FsTest {
 protected:
  LockTest() {
    scratch_.write("file", "text");
    file_ = node("file");
    handle_ = open(file_, O_RDWR);
    other_ = std::make_unique<FuseClient>(config_of(scratch_.open()));
    EXPECT_EQ(other_->init().error, 0);
    others_file_ = other_->walk({"root", "file"});
    others_handle_ = other_->open(others_file_, O_RDWR).as<fuse_open_out>().fh;
    host_ = UniqueFd(::openat(scratch_.open().get(), "file", O_RDWR | O_CLOEXEC));
  }

  static fuse_lk_in lock(uint64_t handle, uint64_t owner, uint32_t type, uint64_t start = 0,
                         uint64_t end = kEnd, uint32_t flags = 0) {
    return {.fh = handle,
            .owner = owner,
            .lk = {.start = start, .end = end, .type = type, .pid = 1000 + static_cast<uint32_t>(owner)},
            .lk_flags = flags,
            .padding = 0};
  }
  int set(uint64_t owner, uint32_t type, uint64_t start = 0, uint64_t end = kEnd) {
    return client_->call(FUSE_SETLK, file_, Arguments().add(lock(handle_, owner, type, start, end))).error;
  }
  int set_other(uint32_t type, uint64_t start = 0, uint64_t end = kEnd) {
    return other_->call(FUSE_SETLK, others_file_, Arguments().add(lock(others_handle_, 1, type, start, end)))
        .error;
  }
  int flock(uint32_t type, uint32_t opcode = FUSE_SETLK) {
    return client_->call(opcode, file_, Arguments().add(lock(handle_, 1, type, 0, kEnd, FUSE_LK_FLOCK)))
        .error;
  }
  bool host_may_write() const {
    struct flock range = {};
    range.l_type = F_WRLCK;
    EXPECT_EQ(::fcntl(host_.get(), F_OFD_GETLK, &range), 0);
    return range.l_type == F_UNLCK;
  }
  int flush(uint64_t owner) {
    return client_
        ->call(FUSE_FLUSH, file_, Arguments().add(fuse_flush_in{.fh = handle_, .lock_owner = owner}))
        .error;
  }
  // Begins to wait for a lock; its answer comes later.
  void wait_for(const fuse_lk_in& wanted) {
    EXPECT_FALSE(client_->call(FUSE_SETLKW, file_, Arguments().add(wanted)).is_answered);
  }
  // Runs the device's loop until the answer is there: its error; -1 when none came.
  int later() {
    int error = -1;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    Timer next_look;
    std::function<void()> look = [&] {
      if (const auto used = client_->driver().take_used(); used) {
        fuse_out_header out{};
        std::memcpy(&out, used->data.data(), sizeof(out));
        error = -out.error;
        client_->loop().stop();
      } else if (std::chrono::steady_clock::now() > deadline) {
        client_->loop().stop();
      } else {
        next_look = client_->loop().after(std::chrono::milliseconds(1), look);
      }
    };
    next_look = client_->loop().after(std::chrono::milliseconds(1), look);
    EXPECT_TRUE(client_->loop().run());
    return error;
  }

  std::unique_ptr<FuseClient> other_;
  UniqueFd host_;
  uint64_t file_ = 0;
  uint64_t handle_ = 0;
  uint64_t others_file_ = 0;
  uint64_t others_handle_ = 0;
};

TEST_F(LockTest, record_lock_keeps_out_the_host_other_guests_and_other_owners) {
  EXPECT_EQ(set(1, F_WRLCK, 0, 9), 0);
  EXPECT_FALSE(host_may_write());
  EXPECT_EQ(set_other(F_RDLCK, 5, 20), EAGAIN);
  EXPECT_EQ(set_other(F_RDLCK, 10, 20), 0);
  EXPECT_EQ(set(2, F_RDLCK, 0, 0), EAGAIN);
  EXPECT_EQ(set(1, F_RDLCK, 0, 0), 0);  // its own
  EXPECT_EQ(set(1, F_UNLCK), 0);
  EXPECT_EQ(set_other(F_UNLCK), 0);
  EXPECT_TRUE(host_may_write());
}

TEST_F(LockTest, host_lock_keeps_out_the_guest) {
  struct flock range = {};
  range.l_type = F_WRLCK;
  ASSERT_EQ(::fcntl(host_.get(), F_OFD_SETLK, &range), 0);
  EXPECT_EQ(set(1, F_RDLCK), EAGAIN);
  EXPECT_EQ(flock(F_WRLCK), 0);  // another kind of lock
  ASSERT_EQ(::flock(host_.get(), LOCK_SH | LOCK_NB), -1);
  EXPECT_EQ(flock(F_UNLCK), 0);
  ASSERT_EQ(::flock(host_.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(flock(F_RDLCK), EAGAIN);
}

TEST_F(LockTest, close_of_any_descriptor_lets_go_of_its_owners_locks_alone) {
  EXPECT_EQ(set(1, F_WRLCK, 0, 0), 0);
  EXPECT_EQ(set(2, F_WRLCK, 1, 1), 0);
  EXPECT_EQ(flush(1), 0);
  EXPECT_EQ(set_other(F_WRLCK, 0, 0), 0);
  EXPECT_EQ(set_other(F_WRLCK, 1, 1), EAGAIN);
  EXPECT_EQ(client_->release(file_, handle_).error, 0);
  EXPECT_EQ(set_other(F_WRLCK, 1, 1), 0);
}

TEST_F(LockTest, open_file_that_owns_locks_takes_them_along_when_others_stay_open) {
  const uint64_t second = open(file_, O_RDWR);
  constexpr uint64_t kOwner = 77;
  EXPECT_EQ(client_->call(FUSE_SETLK, file_, Arguments().add(lock(second, kOwner, F_WRLCK))).error, 0);
  EXPECT_FALSE(host_may_write());
  EXPECT_EQ(
      client_->call(FUSE_RELEASE, file_, Arguments().add(fuse_release_in{.fh = second, .lock_owner = kOwner}))
          .error,
      0);
  EXPECT_TRUE(host_may_write());
}

TEST_F(LockTest, end_of_the_guest_lets_go_of_all) {
  EXPECT_EQ(set(1, F_WRLCK), 0);
  EXPECT_EQ(flock(F_WRLCK), 0);
  EXPECT_FALSE(host_may_write());
  client_->device().reset();
  EXPECT_TRUE(host_may_write());
  EXPECT_EQ(::flock(host_.get(), LOCK_EX | LOCK_NB), 0);
}

TEST_F(LockTest, getlk_tells_who_is_in_the_way) {
  EXPECT_EQ(set(1, F_WRLCK, 10, 19), 0);
  const auto ask = [&](uint64_t owner) {
    return client_->call(FUSE_GETLK, file_, Arguments().add(lock(handle_, owner, F_WRLCK, 0, 99)))
        .as<fuse_lk_out>()
        .lk;
  };
  EXPECT_EQ(ask(1).type, static_cast<uint32_t>(F_UNLCK));
  const fuse_file_lock found = ask(2);
  EXPECT_EQ(found.type, static_cast<uint32_t>(F_WRLCK));
  EXPECT_EQ(found.start, 10U);
  EXPECT_EQ(found.end, 19U);
  EXPECT_EQ(found.pid, 1001U);
}

TEST_F(LockTest, lock_that_is_waited_for_comes_when_the_other_lets_go_and_others_are_served_meanwhile) {
  ASSERT_EQ(set_other(F_WRLCK), 0);
  wait_for(lock(handle_, 1, F_WRLCK));
  EXPECT_EQ(client_->getattr(file_).error, 0);
  ASSERT_EQ(set_other(F_UNLCK), 0);
  EXPECT_EQ(later(), 0);
  EXPECT_FALSE(host_may_write());
  ASSERT_EQ(::flock(host_.get(), LOCK_EX), 0);
  wait_for(lock(handle_, 1, F_WRLCK, 0, kEnd, FUSE_LK_FLOCK));
  ASSERT_EQ(::flock(host_.get(), LOCK_UN), 0);
  EXPECT_EQ(later(), 0);
  EXPECT_EQ(::flock(host_.get(), LOCK_EX | LOCK_NB), -1);
}

#ifndef __SANITIZE_THREAD__  // which holds signals back until the thread is seen waiting
TEST_F(LockTest, interrupt_ends_the_wait_however_early_it_comes) {
  ASSERT_EQ(set_other(F_WRLCK), 0);
  for (int round = 0; round < 50; ++round) {
    wait_for(lock(handle_, 1, F_WRLCK));
    client_->call(FUSE_INTERRUPT, 0, Arguments().add(fuse_interrupt_in{.unique = client_->last_unique()}), 0);
    ASSERT_EQ(later(), EINTR);
  }
}
#endif

TEST_F(LockTest, only_so_many_wait_and_a_reset_ends_them) {
  ASSERT_EQ(::flock(host_.get(), LOCK_EX), 0);
  const fuse_lk_in wanted = lock(handle_, 1, F_WRLCK, 0, kEnd, FUSE_LK_FLOCK);
  for (size_t i = 0; i < vmm::fs::kMaxLockWaiters; ++i) {
    wait_for(wanted);
  }
  EXPECT_EQ(client_->call(FUSE_SETLKW, file_, Arguments().add(wanted)).error, ENOLCK);
  client_->device().reset();
  EXPECT_EQ(::flock(host_.get(), LOCK_EX | LOCK_NB), 0);
}

TEST_F(LockTest, malformed_locks_are_refused) {
  EXPECT_EQ(set(1, 17), EINVAL);
  EXPECT_EQ(flock(17), EINVAL);
  EXPECT_EQ(set(1, F_WRLCK, 9, 8), EINVAL);
  EXPECT_EQ(set(1, F_WRLCK, UINT64_MAX, UINT64_MAX), EINVAL);
  EXPECT_EQ(client_->call(FUSE_SETLKW, file_, Arguments().add(lock(handle_ + 7, 1, F_WRLCK))).error, EBADF);
  EXPECT_EQ(client_->call(FUSE_GETLK, file_, Arguments().add(lock(handle_, 1, F_WRLCK, 9, 8))).error, EINVAL);
}

TEST_F(LockTest, owners_are_bounded) {
  uint64_t owner = 0;
  int error = 0;
  while (error == 0 && owner < 100'000) {
    error = set(++owner, F_RDLCK);
  }
  EXPECT_EQ(error, ENOLCK);
  EXPECT_EQ(set(1, F_RDLCK), 0);
}

TEST_F(LockTest, exclusive_export_leaves_locks_to_the_guests_kernel) {
  mount({.exclusive = true});
  const auto opened = client_->open(node("file"), O_RDWR).as<fuse_open_out>();
  EXPECT_EQ(opened.open_flags & vmm::fuse::kOpenHostLocks, 0U);
}

}  // namespace
}  // namespace caisson::test
