// SPDX-License-Identifier: Apache-2.0
#include "vmm/proc_view/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "tests/unit/vmm/proc_view/process_texts.h"

namespace caisson::vmm {
namespace {

template <typename T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

struct Answer {
  int error = -1;
  std::string data;

  template <typename T>
  [[nodiscard]] T as() const {
    T value{};
    std::memcpy(&value, data.data(), std::min(sizeof(T), data.size()));
    return value;
  }
};

// A kernel at the other end of the device, which keeps messages apart as /dev/fuse does.
class ProcServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> fds{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()), 0);
    kernel_.reset(fds[1]);
    loop_ = std::move(EventLoop::create().value());
    server_ =
        std::move(ProcServer::create(*loop_, UniqueFd(fds[0]), [this](uint32_t pid, GuestProc::Done done) {
                    asked_.push_back(pid);
                    done_.push_back(std::move(done));
                    if (answers_) {
                      answer_last(pid);
                    }
                  }).value());
  }

  void answer_last(uint32_t pid) {
    if (pid == 404) {
      done_.back()(tl::unexpected(Error{.code = ENOENT, .message = {}}));
      return;
    }
    agent::v1::ReadProcResponse top;
    for (uint32_t i = 1; i <= processes_; ++i) {
      top.add_pids(i);
    }
    done_.back()(std::make_shared<const ProcDirectory>(
        check_proc(pid, pid == 0 ? top : test::process_response(pid)).value()));
  }

  void turn() {
    const Timer end = loop_->after(std::chrono::milliseconds(1), [this] { loop_->stop(); });
    ASSERT_TRUE(loop_->run());
  }
  uint64_t send(uint32_t opcode, uint64_t node, const std::string& arguments) {
    fuse_in_header header{};
    header.len = static_cast<uint32_t>(sizeof(header) + arguments.size());
    header.opcode = opcode;
    header.unique = ++unique_;
    header.nodeid = node;
    const std::string message = bytes_of(header) + arguments;
    EXPECT_EQ(::send(kernel_.get(), message.data(), message.size(), 0), static_cast<ssize_t>(message.size()));
    turn();
    return unique_;
  }
  // The answer to `unique`; none: error -1.
  Answer take(uint64_t unique) {
    std::array<char, 65536> bytes{};
    const ssize_t size = ::recv(kernel_.get(), bytes.data(), bytes.size(), 0);
    if (size < static_cast<ssize_t>(sizeof(fuse_out_header))) {
      return {};
    }
    fuse_out_header header{};
    std::memcpy(&header, bytes.data(), sizeof(header));
    EXPECT_EQ(header.unique, unique);
    EXPECT_EQ(header.len, size);
    return {.error = -header.error,
            .data = std::string(bytes.data() + sizeof(header), static_cast<size_t>(size) - sizeof(header))};
  }
  Answer call(uint32_t opcode, uint64_t node, const std::string& arguments = {}) {
    return take(send(opcode, node, arguments));
  }
  Answer lookup(uint64_t parent, const std::string& name) { return call(FUSE_LOOKUP, parent, name + '\0'); }
  uint64_t walk(const std::vector<std::string>& names) {
    uint64_t node = FUSE_ROOT_ID;
    for (const std::string& name : names) {
      const Answer answer = lookup(node, name);
      EXPECT_EQ(answer.error, 0) << name;
      node = answer.as<fuse_entry_out>().nodeid;
    }
    return node;
  }
  Answer open(uint64_t node, uint32_t opcode = FUSE_OPEN) {
    return call(opcode, node, bytes_of(fuse_open_in{}));
  }
  std::string read(uint64_t node, uint64_t handle, uint64_t offset = 0, uint32_t size = 4096,
                   uint32_t opcode = FUSE_READ) {
    fuse_read_in in{};
    in.fh = handle;
    in.offset = offset;
    in.size = size;
    const Answer answer = call(opcode, node, bytes_of(in));
    EXPECT_EQ(answer.error, 0);
    return answer.data;
  }
  void release(uint64_t node, uint64_t handle) {
    fuse_release_in in{};
    in.fh = handle;
    EXPECT_EQ(call(FUSE_RELEASE, node, bytes_of(in)).error, 0);
  }
  std::vector<std::string> list(uint64_t node, uint32_t size = 4096) {
    const uint64_t handle = open(node, FUSE_OPENDIR).as<fuse_open_out>().fh;
    std::vector<std::string> names;
    uint64_t offset = 0;
    for (std::string part = read(node, handle, 0, size, FUSE_READDIR); !part.empty();
         part = read(node, handle, offset, size, FUSE_READDIR)) {
      EXPECT_LE(part.size(), size);
      for (size_t at = 0; at < part.size();) {
        fuse_dirent head{};
        std::memcpy(&head, part.data() + at, FUSE_NAME_OFFSET);
        names.push_back(part.substr(at + FUSE_NAME_OFFSET, head.namelen));
        offset = head.off;
        at += FUSE_DIRENT_SIZE(&head);
      }
    }
    release(node, handle);
    return names;
  }

  UniqueFd kernel_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<ProcServer> server_;
  std::vector<uint32_t> asked_;
  std::vector<GuestProc::Done> done_;
  uint64_t unique_ = 0;
  uint32_t processes_ = 2;
  bool answers_ = true;
};

TEST_F(ProcServerTest, message_that_is_none_is_passed_over) {
  for (const std::string& message : {std::string(1, 'x'), std::string(40, '\xff'), std::string(100, '\0')}) {
    ASSERT_EQ(::send(kernel_.get(), message.data(), message.size(), 0), static_cast<ssize_t>(message.size()));
  }
  turn();
  EXPECT_EQ(take(0).error, -1);
  EXPECT_EQ(call(FUSE_GETATTR, FUSE_ROOT_ID).error, 0);
}

TEST_F(ProcServerTest, request_cut_short_of_no_node_or_of_no_operation_is_refused) {
  EXPECT_EQ(call(FUSE_INIT, 0, "1234567").error, EINVAL);
  EXPECT_EQ(call(FUSE_LOOKUP, FUSE_ROOT_ID, "1").error, EINVAL) << "no NUL";
  EXPECT_EQ(lookup(FUSE_ROOT_ID, "..").error, EINVAL);
  EXPECT_EQ(lookup(FUSE_ROOT_ID, std::string(256, '1')).error, ENAMETOOLONG);
  EXPECT_EQ(call(FUSE_READ, FUSE_ROOT_ID, "123").error, EINVAL);
  EXPECT_EQ(call(FUSE_READ, FUSE_ROOT_ID, bytes_of(fuse_read_in{})).error, EBADF);
  EXPECT_EQ(call(FUSE_READDIR, FUSE_ROOT_ID, bytes_of(fuse_read_in{})).error, EBADF);
  EXPECT_EQ(call(FUSE_GETATTR, 0).error, ESTALE);
  EXPECT_EQ(call(FUSE_GETATTR, UINT64_MAX).error, ESTALE);
  EXPECT_EQ(call(FUSE_READLINK, FUSE_ROOT_ID).error, EINVAL);
  for (const int opcode :
       {0, int{FUSE_SETATTR}, int{FUSE_WRITE}, int{FUSE_IOCTL}, int{FUSE_GETXATTR}, 4711}) {
    EXPECT_EQ(call(static_cast<uint32_t>(opcode), FUSE_ROOT_ID).error, ENOSYS);
  }
  EXPECT_TRUE(asked_.empty());
}

TEST_F(ProcServerTest, language_is_agreed_on) {
  fuse_init_in in{};
  in.major = 7;
  in.minor = 45;
  const Answer answer = call(FUSE_INIT, 0, bytes_of(in) + std::string(40, '\0'));
  EXPECT_EQ(answer.error, 0);
  EXPECT_EQ(answer.as<fuse_init_out>().major, 7U);
  in.minor = 30;
  EXPECT_EQ(call(FUSE_INIT, 0, bytes_of(in)).error, EPROTO);
}

TEST_F(ProcServerTest, top_lists_the_processes_in_parts_of_any_size) {
  EXPECT_EQ(list(FUSE_ROOT_ID), (std::vector<std::string>{".", "..", "stat", "1", "2"}));
  EXPECT_EQ(list(FUSE_ROOT_ID, 40), (std::vector<std::string>{".", "..", "stat", "1", "2"}));
  processes_ = 1000;
  EXPECT_EQ(list(FUSE_ROOT_ID, 512).size(), 1003U);
}

TEST_F(ProcServerTest, process_has_its_files) {
  const uint64_t process = walk({"7"});
  EXPECT_EQ(list(process), (std::vector<std::string>{".", "..", "stat", "status", "cmdline", "ns"}));
  EXPECT_EQ(list(walk({"7", "ns"})), (std::vector<std::string>{".", "..", "pid"}));
  EXPECT_EQ(call(FUSE_READLINK, walk({"7", "ns", "pid"})).data, "pid:[0]");
  const uint64_t node = walk({"7", "status"});
  const auto opened = open(node).as<fuse_open_out>();
  EXPECT_NE(opened.open_flags & FOPEN_DIRECT_IO, 0U);
  EXPECT_EQ(read(node, opened.fh), test::status_text(7));
  EXPECT_EQ(read(node, opened.fh, 6, 2), "sh");
  EXPECT_EQ(read(node, opened.fh, 100000), "");
  release(node, opened.fh);
  fuse_read_in in{};
  in.fh = opened.fh;
  EXPECT_EQ(call(FUSE_READ, node, bytes_of(in)).error, EBADF);
}

TEST_F(ProcServerTest, process_that_is_not_there_has_no_name_and_cannot_be_opened) {
  EXPECT_EQ(lookup(FUSE_ROOT_ID, "404").error, ENOENT);
  EXPECT_EQ(open(number_of({.pid = 404, .file = ProcFile::stat})).error, ENOENT);
}

TEST_F(ProcServerTest, open_files_are_counted) {
  const uint64_t node = walk({"7", "stat"});
  std::vector<uint64_t> handles;
  for (Answer answer = open(node); answer.error == 0; answer = open(node)) {
    handles.push_back(answer.as<fuse_open_out>().fh);
    ASSERT_LE(handles.size(), 64U);
  }
  EXPECT_EQ(open(node).error, ENFILE);
  release(node, handles[0]);
  EXPECT_EQ(open(node).error, 0);
}

TEST_F(ProcServerTest, who_waits_holds_up_nobody_and_may_be_interrupted) {
  answers_ = false;
  const uint64_t slow = send(FUSE_LOOKUP, FUSE_ROOT_ID, std::string("7\0", 2));
  EXPECT_EQ(take(slow).error, -1);
  EXPECT_EQ(call(FUSE_GETATTR, FUSE_ROOT_ID).error, 0);
  fuse_interrupt_in in{};
  in.unique = slow;
  send(FUSE_INTERRUPT, 0, bytes_of(in));
  EXPECT_EQ(take(slow).error, EINTR);
  // The answer comes too late, and the interrupt of nothing is none.
  answer_last(7);
  send(FUSE_INTERRUPT, 0, bytes_of(in));
  send(FUSE_FORGET, 57, bytes_of(fuse_forget_in{}));
  EXPECT_EQ(take(0).error, -1);
}

}  // namespace
}  // namespace caisson::vmm
