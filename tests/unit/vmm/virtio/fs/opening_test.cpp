// SPDX-License-Identifier: Apache-2.0
// What the guest's kernel need not ask for: contents that come with OPEN, RELEASE without an answer.
#include <string>

#include "tests/unit/vmm/virtio/fs/fixture.h"

namespace caisson::test {
namespace {

class OpeningTest : public FsTest {
 protected:
  Answer open_with_room(uint64_t file, uint32_t flags, uint32_t bytes) {
    return client_->call(FUSE_OPEN, file, Arguments().add(fuse_open_in{.flags = flags, .open_flags = 0}),
                         sizeof(fuse_open_out) + bytes);
  }
  static std::string contents(const Answer& answer) { return answer.text().substr(sizeof(fuse_open_out)); }
  static uint32_t flags_of(const Answer& answer) { return answer.as<fuse_open_out>().open_flags; }
  void leave_release(uint64_t node, uint64_t handle, uint32_t opcode = FUSE_RELEASE) {
    fuse_release_in in{};
    in.fh = handle;
    client_->leave(opcode, node, Arguments().add(in));
  }
};

TEST_F(OpeningTest, open_brings_the_contents_there_is_room_for) {
  scratch_.write("file", "contents");
  const uint64_t file = node("file");
  EXPECT_EQ(contents(open_with_room(file, O_RDONLY, 4096)), "contents");
  EXPECT_EQ(contents(open_with_room(file, O_RDWR, 3)), "con");
  EXPECT_EQ(contents(open_with_room(file, O_RDONLY, 0)), "");
  EXPECT_EQ(contents(open_with_room(file, O_WRONLY, 4096)), "");
  EXPECT_EQ(contents(open_with_room(file, O_RDWR | O_TRUNC, 4096)), "");
  scratch_.write("large", std::string(2 * vmm::fs::kMaxOpenBytes, 'x'));
  EXPECT_EQ(contents(open_with_room(node("large"), O_RDONLY, 1U << 19)).size(), vmm::fs::kMaxOpenBytes);
}

TEST_F(OpeningTest, release_may_be_late_where_nobody_can_tell) {
  scratch_.write("file", "contents");
  EXPECT_NE(flags_of(client_->open(node("file"), O_RDONLY)) & vmm::fuse::kOpenLazyRelease, 0U);
  // The host may want to execute what was written here.
  EXPECT_EQ(flags_of(client_->open(node("file"), O_RDWR)) & vmm::fuse::kOpenLazyRelease, 0U);
  EXPECT_EQ(flags_of(client_->open(node("file"), O_WRONLY)) & vmm::fuse::kOpenLazyRelease, 0U);
  EXPECT_NE(flags_of(client_->open(root_, O_RDONLY, FUSE_OPENDIR)) & vmm::fuse::kOpenLazyRelease, 0U);
  mount({.exclusive = true});
  EXPECT_NE(flags_of(client_->open(node("file"), O_WRONLY)) & vmm::fuse::kOpenLazyRelease, 0U);
}

TEST_F(OpeningTest, release_without_room_for_an_answer_is_done_with_the_next_request) {
  scratch_.write("file", "contents");
  const uint64_t file = node("file");
  const uint64_t handle = open(file, O_RDONLY);
  const uint64_t directory = open(root_, O_RDONLY, FUSE_OPENDIR);
  leave_release(file, handle);
  leave_release(root_, directory, FUSE_RELEASEDIR);
  leave_release(file, 12345);  // nobody hears that there is none
  EXPECT_EQ(client_->device().server().handle_count(), 2U);
  client_->getattr(file);
  EXPECT_EQ(client_->device().server().handle_count(), 0U);
  EXPECT_FALSE(client_->needs_reset);
}

TEST_F(OpeningTest, what_was_closed_makes_room_for_what_is_opened_next) {
  mount({.exclusive = true, .descriptors = 80});
  scratch_.write("file", "contents");
  const uint64_t file = node("file");
  uint64_t handle = 0;
  for (Answer next = client_->open(file, O_RDONLY); next.error == 0; next = client_->open(file, O_RDONLY)) {
    handle = next.as<fuse_open_out>().fh;
  }
  ASSERT_NE(handle, 0U);
  EXPECT_EQ(client_->open(file, O_RDONLY).error, ENFILE);
  leave_release(file, handle);
  EXPECT_EQ(client_->open(file, O_RDONLY).error, 0);
  EXPECT_EQ(client_->open(file, O_RDONLY).error, ENFILE);
}

TEST_F(OpeningTest, lock_that_was_given_up_before_it_was_asked_for_does_not_wait) {
  scratch_.write("file", "contents");
  const uint64_t file = node("file");
  const UniqueFd host(::openat(scratch_.open().get(), "file", O_RDWR | O_CLOEXEC));
  struct flock range = {};
  range.l_type = F_WRLCK;
  ASSERT_EQ(::fcntl(host.get(), F_OFD_SETLK, &range), 0);
  const fuse_lk_in wanted{.fh = open(file, O_RDWR),
                          .owner = 1,
                          .lk = {.start = 0, .end = INT64_MAX, .type = F_WRLCK, .pid = 1000},
                          .lk_flags = 0,
                          .padding = 0};
  const uint64_t next = client_->last_unique() + 3;  // this word, one request to have it read, the lock
  client_->leave(FUSE_INTERRUPT, 0, Arguments().add(fuse_interrupt_in{.unique = next}));
  client_->getattr(file);
  EXPECT_EQ(client_->call(FUSE_SETLKW, file, Arguments().add(wanted)).error, EINTR);
}

}  // namespace
}  // namespace caisson::test
