// SPDX-License-Identifier: Apache-2.0
// Open files of the host that the guest has by descriptor alone: what is done to them, and all that is not.
#include "vmm/virtio/fs/served_files.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "tests/unit/vmm/virtio/fs/fixture.h"
#include "vmm/virtio/fs/operations.h"

namespace caisson::test {
namespace {

using vmm::fs::ServedFiles;

class FsServedFiles : public FsTest {
 protected:
  static constexpr int kGiver = 5;

  Result<void> add(const std::string& name, UniqueFd fd, int giver = kGiver) {
    return client_->device().server().add_file(name, std::move(fd), giver);
  }
  ServedFiles& files() { return client_->device().server().files(); }

  // Serves "file" of the scratch directory, opened with `flags`, as "fd"; its node.
  uint64_t serve(std::string_view text, int flags) {
    scratch_.write("file", text);
    fd_.reset(::open((scratch_ / "file").c_str(), flags | O_CLOEXEC));
    EXPECT_TRUE(add("fd", UniqueFd(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0))));
    return client_->lookup(FUSE_ROOT_ID, "fd").as<fuse_entry_out>().nodeid;
  }
  Answer open_again(uint64_t id, uint32_t flags) { return client_->open(id, flags); }
  Answer read(uint64_t id, uint32_t size, uint32_t read_flags = FUSE_READ_LOCKOWNER) {
    fuse_read_in in{};
    in.offset = 1000;  // of the guest's own making
    in.size = size;
    in.read_flags = read_flags;
    return client_->call(FUSE_READ, id, Arguments().add(in));
  }
  Answer write(uint64_t id, std::string_view text, uint32_t flags = O_WRONLY, uint32_t write_flags = 0) {
    fuse_write_in in{};
    in.offset = 1000;
    in.size = static_cast<uint32_t>(text.size());
    in.flags = flags;
    in.write_flags = write_flags;
    return client_->call(FUSE_WRITE, id, Arguments().add(in).raw(text));
  }
  Answer set_attributes(uint64_t id, uint32_t valid, uint64_t size = 0) {
    fuse_setattr_in in{};
    in.valid = valid;
    in.size = size;
    in.mode = 0777;
    return client_->call(FUSE_SETATTR, id, Arguments().add(in));
  }
  Answer seek(uint64_t id, uint64_t offset, uint32_t whence) {
    fuse_lseek_in in{};
    in.offset = offset;
    in.whence = whence;
    return client_->call(FUSE_LSEEK, id, Arguments().add(in));
  }
  Answer release(uint64_t id) { return client_->call(FUSE_RELEASE, id, Arguments().add(fuse_release_in{})); }

  UniqueFd fd_;  // the caller's, of the same description
};

TEST_F(FsServedFiles, seeking_moves_the_callers_position) {
  const uint64_t id = serve("abcdefghij", O_RDWR);
  EXPECT_EQ(seek(id, 4, SEEK_SET).as<fuse_lseek_out>().offset, 4U);
  EXPECT_EQ(::lseek(fd_.get(), 0, SEEK_CUR), 4);
  EXPECT_EQ(read(id, 2).text(), "ef");
  EXPECT_EQ(seek(id, static_cast<uint64_t>(-1), SEEK_CUR).as<fuse_lseek_out>().offset, 5U);
  EXPECT_EQ(seek(id, static_cast<uint64_t>(-2), SEEK_END).as<fuse_lseek_out>().offset, 8U);
  EXPECT_EQ(read(id, 9).text(), "ij");
  EXPECT_EQ(seek(id, 3, SEEK_HOLE).as<fuse_lseek_out>().offset, 10U);
}

TEST_F(FsServedFiles, seeking_where_nothing_is_or_by_no_known_way_is_refused) {
  const uint64_t id = serve("abc", O_RDONLY);
  EXPECT_EQ(seek(id, static_cast<uint64_t>(-1), SEEK_SET).error, EINVAL);
  EXPECT_EQ(seek(id, 4, SEEK_DATA).error, ENXIO);
  for (const uint32_t whence : {5U, 0x7fff'ffffU, 0x8000'0000U, ~0U}) {
    EXPECT_EQ(seek(id, 0, whence).error, EINVAL) << whence;
  }
  EXPECT_EQ(::lseek(fd_.get(), 0, SEEK_CUR), 0);
}

TEST_F(FsServedFiles, reads_and_writes_move_the_callers_position) {
  const uint64_t id = serve("abcdefghij", O_RDWR);
  const Answer opened = open_again(id, O_RDWR);
  EXPECT_EQ(opened.as<fuse_open_out>().open_flags, FOPEN_DIRECT_IO | FOPEN_STREAM | FOPEN_NOFLUSH);
  EXPECT_EQ(read(id, 3).text(), "abc");
  EXPECT_EQ(::lseek(fd_.get(), 0, SEEK_CUR), 3);
  EXPECT_EQ(write(id, "XY").as<fuse_write_out>().size, 2U);
  EXPECT_EQ(::write(fd_.get(), "Z", 1), 1);
  EXPECT_EQ(read(id, 100).text(), "ghij");
  EXPECT_EQ(read(id, 100).text(), "");
  EXPECT_EQ(scratch_.read("file"), "abcXYZghij");
}

TEST_F(FsServedFiles, appends_go_to_the_end_whoever_asked_for_that) {
  const uint64_t id = serve("abc", O_WRONLY | O_APPEND);
  EXPECT_EQ(write(id, "de").error, 0);
  EXPECT_EQ(scratch_.read("file"), "abcde");
  scratch_.write("other", "abc");
  ASSERT_TRUE(add("other", UniqueFd(::open((scratch_ / "other").c_str(), O_WRONLY | O_CLOEXEC))));
  const uint64_t other = client_->lookup(FUSE_ROOT_ID, "other").as<fuse_entry_out>().nodeid;
  EXPECT_EQ(write(other, "de", O_WRONLY | O_APPEND).error, 0);
  EXPECT_EQ(scratch_.read("other"), "abcde");
}

TEST_F(FsServedFiles, what_the_page_cache_asks_takes_nothing_from_the_file) {
  const uint64_t id = serve("abc", O_RDWR);
  EXPECT_EQ(read(id, 3, 0).error, EIO);
  EXPECT_EQ(write(id, "xyz", O_RDWR, FUSE_WRITE_CACHE).error, EIO);
  EXPECT_EQ(read(id, 3).text(), "abc");
  EXPECT_EQ(scratch_.read("file"), "abc");
}

TEST_F(FsServedFiles, errors_of_the_host_come_back_and_so_does_a_short_write) {
  ::signal(SIGXFSZ, SIG_IGN);  // as caisson-vmm does
  const uint64_t id = serve("", O_WRONLY);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 5, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_EQ(write(id, "abc").as<fuse_write_out>().size, 3U);
  EXPECT_EQ(write(id, "def").as<fuse_write_out>().size, 2U);
  EXPECT_EQ(write(id, "f").error, EFBIG);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(write(id, "f").as<fuse_write_out>().size, 1U);
  EXPECT_EQ(scratch_.read("file"), "abcdef");
}

TEST_F(FsServedFiles, access_is_the_descriptors) {
  const uint64_t reader = serve("abc", O_RDONLY);
  EXPECT_EQ(open_again(reader, O_WRONLY).error, EACCES);
  EXPECT_EQ(open_again(reader, O_RDWR).error, EACCES);
  EXPECT_EQ(open_again(reader, O_RDONLY | O_TRUNC).error, EACCES);
  EXPECT_EQ(open_again(reader, O_ACCMODE).error, EACCES);
  EXPECT_EQ(write(reader, "x").error, EBADF);
  EXPECT_EQ(set_attributes(reader, FATTR_SIZE).error, EACCES);
  ASSERT_TRUE(add("writer", UniqueFd(::open((scratch_ / "file").c_str(), O_WRONLY | O_CLOEXEC))));
  const uint64_t writer = client_->lookup(FUSE_ROOT_ID, "writer").as<fuse_entry_out>().nodeid;
  EXPECT_EQ(open_again(writer, O_RDONLY).error, EACCES);
  EXPECT_EQ(open_again(writer, O_RDWR).error, EACCES);
  EXPECT_EQ(read(writer, 3).error, EBADF);
  EXPECT_EQ(scratch_.read("file"), "abc");
}

TEST_F(FsServedFiles, truncation_at_opening_begins_anew_and_by_size_does_not) {
  const uint64_t id = serve("abcdef", O_RDWR);
  EXPECT_EQ(read(id, 2).text(), "ab");
  EXPECT_EQ(set_attributes(id, FATTR_SIZE | FATTR_FH, 3).as<fuse_attr_out>().attr.size, 3U);
  EXPECT_EQ(read(id, 9).text(), "c");
  EXPECT_EQ(open_again(id, O_WRONLY | O_TRUNC).error, 0);
  EXPECT_EQ(write(id, "xy").error, 0);
  EXPECT_EQ(scratch_.read("file"), "xy");
  EXPECT_EQ(set_attributes(id, FATTR_SIZE, ~uint64_t{0}).error, EINVAL);
}

TEST_F(FsServedFiles, mode_owner_times_and_names_are_out_of_reach) {
  const uint64_t id = serve("abc", O_RDWR);
  for (const int valid : {FATTR_MODE, FATTR_UID, FATTR_GID, FATTR_ATIME, FATTR_MTIME_NOW, 0,
                          FATTR_MODE | FATTR_SIZE, FATTR_SIZE | FATTR_UID}) {
    EXPECT_EQ(set_attributes(id, static_cast<uint32_t>(valid)).error, EPERM) << valid;
  }
  struct stat info {};
  ASSERT_EQ(::fstat(fd_.get(), &info), 0);
  EXPECT_EQ(info.st_size, 3);
  EXPECT_NE(info.st_mode & 0777, 0777U);
  EXPECT_EQ(client_->lookup(id, "x").error, ENOTDIR);
  EXPECT_EQ(client_->lookup(root_, "fd").error, ENOENT);
  EXPECT_EQ(client_->call(FUSE_UNLINK, FUSE_ROOT_ID, Arguments().name("fd")).error, EROFS);
  EXPECT_EQ(
      client_->call(FUSE_LINK, root_, Arguments().add(fuse_link_in{.oldnodeid = id}).name("linked")).error,
      ESTALE);
}

TEST_F(FsServedFiles, attributes_tell_nothing_of_where_the_file_lies) {
  const uint64_t id = serve("abc", O_RDWR);
  ASSERT_TRUE(add("again", UniqueFd(::open((scratch_ / "file").c_str(), O_RDONLY | O_CLOEXEC))));
  const fuse_attr attr = client_->getattr(id).as<fuse_attr_out>().attr;
  EXPECT_EQ(attr.mode, S_IFREG | 0666U);
  EXPECT_EQ(attr.uid, 0U);
  EXPECT_EQ(attr.size, 3U);
  struct stat info {};
  ASSERT_EQ(::fstat(fd_.get(), &info), 0);
  EXPECT_NE(attr.ino, info.st_ino);
  EXPECT_LE(attr.ino, UINT32_MAX) << "32-bit programs";
  EXPECT_EQ(client_->lookup(FUSE_ROOT_ID, "again").as<fuse_entry_out>().attr.ino, attr.ino) << "one file";
}

// Whatever is asked of it, with whatever arguments, does what the tests above say or nothing; and never says
// ENOSYS of what a table knows, for the guest's kernel would believe it of all files.
TEST_F(FsServedFiles, every_other_operation_is_refused_and_changes_nothing) {
  const uint64_t id = serve("abc", O_RDWR);
  const std::string junk(200, '\x01');
  for (uint32_t opcode = 0; opcode < 60; ++opcode) {
    const bool is_known = opcode == FUSE_INIT || opcode == FUSE_DESTROY || opcode == FUSE_GETATTR ||
                          opcode == FUSE_SETATTR || opcode == FUSE_OPEN || opcode == FUSE_RELEASE ||
                          opcode == FUSE_READ || opcode == FUSE_WRITE || opcode == FUSE_FSYNC ||
                          opcode == FUSE_STATFS || opcode == vmm::fuse::kOpcodeStatx;
    const Answer answer = client_->call(opcode, id, Arguments().raw(junk));
    if (!is_known && answer.is_answered) {
      EXPECT_NE(answer.error, 0) << opcode;
    }
    if (vmm::fs::find_operation(opcode) != nullptr) {
      EXPECT_NE(answer.error, ENOSYS) << opcode;
    }
    if (opcode == FUSE_INIT || opcode == FUSE_DESTROY) {
      client_->init();
    }
  }
  EXPECT_EQ(files().size(), 0U) << "opened, and forgotten by INIT";
}

TEST_F(FsServedFiles, malformed_requests_are_refused) {
  const uint64_t id = serve("abc", O_RDWR);
  fuse_write_in lies{};
  lies.size = 4096;
  EXPECT_EQ(client_->call(FUSE_WRITE, id, Arguments().add(lies).raw("short")).error, EINVAL);
  lies.size = UINT32_MAX;
  EXPECT_EQ(client_->call(FUSE_WRITE, id, Arguments().add(lies)).error, EINVAL);
  EXPECT_EQ(client_->call(FUSE_WRITE, id, Arguments().raw("x")).error, EINVAL);
  EXPECT_EQ(client_->call(FUSE_OPEN, id, {}).error, EINVAL);
  EXPECT_EQ(read(id, UINT32_MAX).text(), "abc");
  EXPECT_EQ(release(id).error, EBADF) << "never opened";
  for (const uint64_t stranger : {id + 1, ServedFiles::kFirstNode - 1, ~uint64_t{0}}) {
    EXPECT_EQ(client_->getattr(stranger).error, ESTALE);
    EXPECT_EQ(open_again(stranger, O_RDONLY).error, ESTALE);
    EXPECT_NE(read(stranger, 1).error, 0);
  }
  EXPECT_EQ(scratch_.read("file"), "abc");
}

TEST_F(FsServedFiles, the_last_release_lets_go_of_the_file) {
  const uint64_t id = serve("abc", O_RDWR);
  EXPECT_EQ(open_again(id, O_RDONLY).error, 0);
  EXPECT_EQ(open_again(id, O_WRONLY).error, 0);
  EXPECT_EQ(release(id).error, 0);
  EXPECT_EQ(read(id, 1).text(), "a");
  EXPECT_EQ(release(id).error, 0);
  EXPECT_EQ(files().size(), 0U);
  EXPECT_EQ(read(id, 1).error, ESTALE);
  EXPECT_EQ(release(id).error, ESTALE);
  EXPECT_EQ(client_->lookup(FUSE_ROOT_ID, "fd").error, ENOENT);
}

TEST_F(FsServedFiles, what_was_not_opened_goes_with_its_giver_and_what_was_stays) {
  const uint64_t id = serve("abc", O_RDWR);
  ASSERT_TRUE(add("second", UniqueFd(::dup(fd_.get()))));
  ASSERT_TRUE(add("others", UniqueFd(::dup(fd_.get())), kGiver + 1));
  EXPECT_EQ(open_again(id, O_RDONLY).error, 0);
  files().drop_unopened(kGiver);
  EXPECT_EQ(files().size(), 2U);
  EXPECT_EQ(client_->lookup(FUSE_ROOT_ID, "second").error, ENOENT);
  EXPECT_EQ(client_->lookup(FUSE_ROOT_ID, "others").error, 0);
  // A guest that mounts for the first time finds what waits for it.
  client_->init();
  EXPECT_EQ(client_->lookup(FUSE_ROOT_ID, "others").error, 0);
  EXPECT_EQ(client_->lookup(FUSE_ROOT_ID, "fd").error, ENOENT);
}

TEST_F(FsServedFiles, only_open_files_are_taken_by_good_names_and_so_many) {
  scratch_.write("file", "abc");
  const UniqueFd file(::open((scratch_ / "file").c_str(), O_RDONLY | O_CLOEXEC));
  const auto copy = [&] { return UniqueFd(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0)); };
  const auto code = [](const Result<void>& outcome) { return outcome ? 0 : outcome.error().code; };
  for (const char* name : {"", ".", "..", "a/b"}) {
    EXPECT_EQ(code(add(name, copy())), EINVAL) << name;
  }
  EXPECT_EQ(code(add("root", copy())), EEXIST) << "an export";
  EXPECT_EQ(code(add("a", UniqueFd())), EINVAL);
  EXPECT_EQ(code(add("a", scratch_.open())), EINVAL) << "a directory";
  EXPECT_EQ(code(add("a", UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC)))), EINVAL);
  EXPECT_EQ(code(add("a", UniqueFd(::open((scratch_ / "file").c_str(), O_PATH | O_CLOEXEC)))), EINVAL);
  EXPECT_EQ(code(add("a", copy())), 0);
  EXPECT_EQ(code(add("a", copy())), EEXIST);
  for (size_t i = 1; i < vmm::fs::kMaxServedFiles; ++i) {
    ASSERT_EQ(code(add("n" + std::to_string(i), copy())), 0);
  }
  EXPECT_EQ(code(add("more", copy())), EMFILE);
}

}  // namespace
}  // namespace caisson::test
