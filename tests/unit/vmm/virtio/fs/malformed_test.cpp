// SPDX-License-Identifier: Apache-2.0
// What a guest may get wrong, or do wrong, in one request.
#include "tests/unit/vmm/virtio/fs/fixture.h"

namespace caisson::test {
namespace {

fuse_in_header header(uint32_t length, uint32_t opcode = FUSE_GETATTR, uint64_t node = FUSE_ROOT_ID) {
  fuse_in_header header{};
  header.len = length;
  header.opcode = opcode;
  header.nodeid = node;
  return header;
}

TEST_F(FsTest, request_with_short_header_is_returned_without_answer) {
  EXPECT_FALSE(client_->send(Arguments().raw("short"), {}, 64).is_answered);
  EXPECT_EQ(client_->getattr(FUSE_ROOT_ID).error, 0);
}

TEST_F(FsTest, request_with_length_unlike_the_chain_is_returned_without_answer) {
  EXPECT_FALSE(client_->send(Arguments().add(header(40 + 16)), Arguments().raw("0123"), 512).is_answered);
  EXPECT_FALSE(
      client_->send(Arguments().add(header(0)), Arguments().add(fuse_getattr_in{}), 512).is_answered);
  EXPECT_FALSE(client_->send(Arguments().add(header(UINT32_MAX)), Arguments().add(fuse_getattr_in{}), 512)
                   .is_answered);
}

TEST_F(FsTest, request_without_arguments_is_refused) {
  for (uint32_t opcode = 0; opcode < 60; ++opcode) {
    const Answer answer = client_->call(opcode, root_, {});
    const bool needs_none = opcode == FUSE_READLINK || opcode == FUSE_STATFS || opcode == FUSE_DESTROY;
    if (answer.is_answered && !needs_none) {
      EXPECT_NE(answer.error, 0) << opcode;
    }
  }
}

TEST_F(FsTest, unknown_opcode_is_enosys) {
  for (const uint32_t opcode : {0U, 7U, 19U, 99U, 4096U, UINT32_MAX}) {
    EXPECT_EQ(client_->call(opcode, root_, Arguments().raw(std::string(64, 'x'))).error, ENOSYS);
  }
}

TEST_F(FsTest, request_before_init_is_refused) {
  FuseClient client(config_of(scratch_.open()));
  EXPECT_EQ(client.getattr(FUSE_ROOT_ID).error, EPROTO);
  EXPECT_EQ(client.init().error, 0);
  EXPECT_EQ(client.getattr(FUSE_ROOT_ID).error, 0);
}

TEST_F(FsTest, init_of_another_version_is_refused_or_answered_with_ours) {
  fuse_init_in in{};
  in.major = 6;
  EXPECT_EQ(client_->call(FUSE_INIT, 0, Arguments().add(in)).error, EPROTO);
  in.major = 8;
  EXPECT_EQ(client_->call(FUSE_INIT, 0, Arguments().add(in)).as<fuse_init_out>().major, 7U);
  in.major = 7;
  in.minor = 12;
  EXPECT_EQ(client_->call(FUSE_INIT, 0, Arguments().add(in)).error, EPROTO);
}

TEST_F(FsTest, name_that_is_no_component_is_refused) {
  scratch_.write("file", "x");
  const std::string long_name(256, 'n');
  for (const std::string_view name :
       {std::string_view(""), std::string_view("."), std::string_view(".."), std::string_view("a/b"),
        std::string_view("/"), std::string_view("../etc")}) {
    EXPECT_EQ(client_->lookup(root_, name).error, EINVAL) << name;
    EXPECT_EQ(client_->call(FUSE_UNLINK, root_, Arguments().name(name)).error, EINVAL) << name;
    EXPECT_EQ(client_->create(root_, name, O_RDWR, 0644).error, EINVAL) << name;
    EXPECT_EQ(
        client_->call(FUSE_RENAME, root_, Arguments().add(fuse_rename_in{root_}).name("file").name(name))
            .error,
        EINVAL);
  }
  EXPECT_EQ(client_->lookup(root_, long_name).error, ENAMETOOLONG);
  EXPECT_EQ(client_->lookup(FUSE_ROOT_ID, "..").error, EINVAL);
}

TEST_F(FsTest, name_without_nul_is_refused) {
  EXPECT_EQ(client_->call(FUSE_LOOKUP, root_, Arguments().raw("file")).error, EINVAL);
  EXPECT_EQ(client_->call(FUSE_LOOKUP, root_, Arguments().raw(std::string(300, 'n'))).error, ENAMETOOLONG);
  EXPECT_EQ(
      client_->call(FUSE_RENAME, root_, Arguments().add(fuse_rename_in{root_}).name("a").raw("b")).error,
      EINVAL);
  EXPECT_EQ(client_->call(FUSE_SYMLINK, root_, Arguments().name("a")).error, EINVAL);
}

TEST_F(FsTest, node_that_was_never_given_is_stale) {
  EXPECT_EQ(client_->getattr(12345).error, ESTALE);
  EXPECT_EQ(client_->lookup(0, "x").error, ESTALE);
  EXPECT_EQ(client_->open(UINT64_MAX, O_RDONLY).error, ESTALE);
}

TEST_F(FsTest, node_forgotten_more_often_than_looked_up_is_stale_and_the_rest_unharmed) {
  scratch_.write("file", "x");
  const uint64_t file = node("file");
  client_->forget(file, UINT64_MAX);
  EXPECT_EQ(client_->getattr(file).error, ESTALE);
  client_->forget(file, 1);
  client_->forget(FUSE_ROOT_ID, UINT64_MAX);
  client_->forget(root_, UINT64_MAX);
  EXPECT_NE(node("file"), 0U);
}

TEST_F(FsTest, batch_forget_with_a_count_beyond_its_bytes_ends_with_them) {
  scratch_.write("file", "x");
  const uint64_t file = node("file");
  const Answer answer = client_->call(FUSE_BATCH_FORGET, 0,
                                      Arguments()
                                          .add(fuse_batch_forget_in{.count = UINT32_MAX, .dummy = 0})
                                          .add(fuse_forget_one{.nodeid = file, .nlookup = 1}));
  EXPECT_FALSE(answer.is_answered);
  EXPECT_EQ(client_->getattr(file).error, ESTALE);
}

TEST_F(FsTest, handle_that_is_not_open_is_ebadf) {
  scratch_.write("file", "text");
  scratch_.write("other", "text");
  const uint64_t file = node("file");
  const uint64_t handle = open(file, O_RDWR);
  EXPECT_EQ(client_->read(file, handle + 1, 0, 10).error, EBADF);
  EXPECT_EQ(client_->read(node("other"), handle, 0, 10).error, EBADF);
  EXPECT_EQ(client_->read(file, handle, 0, 10, FUSE_READDIR).error, EBADF);
  EXPECT_EQ(client_->release(file, handle).error, 0);
  EXPECT_EQ(client_->read(file, handle, 0, 10).error, EBADF);
  EXPECT_EQ(client_->release(file, handle).error, EBADF);
}

TEST_F(FsTest, write_larger_than_its_chain_is_refused) {
  scratch_.write("file", "");
  const uint64_t file = node("file");
  fuse_write_in in{};
  in.fh = open(file, O_RDWR);
  in.size = 5;
  EXPECT_EQ(client_->call(FUSE_WRITE, file, Arguments().add(in).raw("four")).error, EINVAL);
  in.size = UINT32_MAX;
  EXPECT_EQ(client_->call(FUSE_WRITE, file, Arguments().add(in).raw("four")).error, EINVAL);
  in.size = 4;
  in.offset = UINT64_MAX;
  EXPECT_EQ(client_->call(FUSE_WRITE, file, Arguments().add(in).raw("four")).error, EINVAL);
  EXPECT_EQ(scratch_.read("file"), "");
}

TEST_F(FsTest, read_larger_than_its_chain_gets_what_fits) {
  scratch_.write("file", std::string(1000, 'x'));
  const uint64_t file = node("file");
  fuse_read_in in{};
  in.fh = open(file, O_RDONLY);
  in.size = UINT32_MAX;
  EXPECT_EQ(client_->call(FUSE_READ, file, Arguments().add(in), 100).data.size(), 100U);
  EXPECT_EQ(client_->call(FUSE_READ, file, Arguments().add(in), 0).data.size(), 0U);
  in.offset = UINT64_MAX;
  EXPECT_EQ(client_->call(FUSE_READ, file, Arguments().add(in)).error, EINVAL);
}

TEST_F(FsTest, readdir_of_size_zero_is_empty) {
  const uint64_t handle = client_->open(root_, O_RDONLY, FUSE_OPENDIR).as<fuse_open_out>().fh;
  EXPECT_EQ(client_->read(root_, handle, 0, 0, FUSE_READDIR).data.size(), 0U);
  EXPECT_EQ(client_->read(root_, handle, 0, 0, FUSE_READDIRPLUS).data.size(), 0U);
  const Answer far = client_->read(root_, handle, UINT64_MAX, 4096, FUSE_READDIR);
  EXPECT_TRUE(far.error == EINVAL || far.data.empty());
}

TEST_F(FsTest, request_without_room_for_its_answer_does_nothing) {
  EXPECT_EQ(
      client_->call(FUSE_MKDIR, root_, Arguments().add(fuse_mkdir_in{.mode = 0755, .umask = 0}).name("d"), 8)
          .error,
      EINVAL);
  const Arguments arguments = Arguments().add(fuse_mkdir_in{.mode = 0755, .umask = 0}).name("d");
  const auto length = static_cast<uint32_t>(40 + arguments.bytes().size());
  EXPECT_FALSE(client_->send(Arguments().add(header(length, FUSE_MKDIR, root_)), arguments, 0).is_answered);
  EXPECT_FALSE(client_->send(Arguments().add(header(length, FUSE_MKDIR, root_)), arguments, 15).is_answered);
  EXPECT_EQ(client_->lookup(root_, "d").error, ENOENT);
}

TEST_F(FsTest, xattr_of_impossible_size_is_refused) {
  scratch_.write("file", "");
  fuse_setxattr_in in{};
  in.size = UINT32_MAX;
  EXPECT_EQ(client_->call(FUSE_SETXATTR, node("file"), Arguments().add(in).name("user.a").raw("v")).error,
            E2BIG);
  in.size = 2;
  EXPECT_EQ(client_->call(FUSE_SETXATTR, node("file"), Arguments().add(in).name("user.a").raw("v")).error,
            EINVAL);
}

TEST_F(FsTest, time_with_impossible_nanoseconds_is_refused) {
  scratch_.write("file", "");
  fuse_setattr_in in{};
  in.valid = FATTR_MTIME;
  in.mtimensec = UINT32_MAX;
  EXPECT_EQ(client_->call(FUSE_SETATTR, node("file"), Arguments().add(in)).error, EINVAL);
}

TEST_F(FsTest, request_too_large_to_copy_is_refused) {
  EXPECT_EQ(client_->call(FUSE_LOOKUP, root_, Arguments().raw(std::string(100000, 'n'))).error, EINVAL);
}

TEST_F(FsTest, ring_broken_by_the_driver_asks_for_a_reset) {
  client_->driver().set_available_index(static_cast<uint16_t>(client_->driver().available_index() + 1000));
  client_->device().on_kick(1);
  EXPECT_TRUE(client_->needs_reset);
  client_->device().on_kick(1);  // stopped: nothing more happens
}

TEST_F(FsTest, reset_gives_up_every_node_and_handle) {
  scratch_.write("file", "");
  open(node("file"), O_RDONLY);
  EXPECT_EQ(client_->device().server().handle_count(), 1U);
  EXPECT_EQ(client_->device().reset().size(), 2U);
  EXPECT_EQ(client_->device().server().handle_count(), 0U);
  EXPECT_EQ(client_->device().server().node_count(), 1U);
}

}  // namespace
}  // namespace caisson::test
