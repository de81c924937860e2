// SPDX-License-Identifier: Apache-2.0
// LINK: caisson_fs
// A guest that sends whatever it likes: the input is a sequence of FUSE requests against the whole device,
// over directories made for it. Node and handle numbers are taken modulo the small ones that exist, so that
// most requests reach their operation; names come from a short list. Every second request is well formed and
// changes who refers to which node: it forgets, links, renames, exchanges, removes, looks up or lists.
#include <linux/fs.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "tests/support/fs/fuse_client.h"
#include "tests/support/scratch_directory.h"

namespace {

using namespace caisson;
using namespace caisson::test;

constexpr uint32_t kBuffer = 8192;

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data, size) {}
  [[nodiscard]] bool is_empty() const { return data_.empty(); }
  std::string take(size_t size) {
    const auto part = data_.first(std::min(size, data_.size()));
    data_ = data_.subspan(part.size());
    return {part.begin(), part.end()};
  }
  uint8_t byte() {
    const std::string one = take(1);
    return one.empty() ? uint8_t{0} : static_cast<uint8_t>(one[0]);
  }

 private:
  std::span<const uint8_t> data_;
};

// What is not the export's must look the same after every run.
struct Outside {
  ScratchDirectory directory;
  Outside() { directory.write("canary", "alive"); }
  void check() const {
    if (directory.read("canary") != "alive" ||
        std::distance(std::filesystem::directory_iterator(directory.path()), {}) != 1) {
      std::abort();
    }
  }
};

// Few, so that a request meets what another has left.
constexpr std::array<std::string_view, 8> kNames = {"file", "dir", "link", "new",
                                                    "..",   "a/b", "fifo", "user.a"};
constexpr uint64_t kNodes = 16;

std::unique_ptr<FuseClient> make_client(const ScratchDirectory& scratch, bool read_only) {
  vmm::fs::Device::Config config;
  config.server.descriptors = 100;
  config.server.exports.push_back(
      {.name = "root", .fd = scratch.open(), .read_only = read_only, .exclusive = false});
  config.server.exports.push_back({.name = "same", .fd = scratch.open(), .exclusive = true});
  config.server.exports.push_back({.name = "dir", .fd = scratch.open("dir"), .exclusive = false});
  auto client = std::make_unique<FuseClient>(std::move(config), kBuffer);
  client->init();
  // Of the two names of `file` the one below `dir` is known last: the node of `dir` is its parent.
  client->walk({"root", "file"});
  client->walk({"root", "dir", "new"});
  client->walk({"root", "link"});
  client->walk({"same", "file"});
  UniqueFd file(::open((scratch / "file").c_str(), O_RDWR | O_CLOEXEC));
  (void)client->device().server().add_file("served", std::move(file), 0);
  client->walk({"served"});
  return client;
}

// Some are of served files; the first of them is there until it is released.
uint64_t take_node(Input& input) {
  const uint8_t byte = input.byte();
  return byte < 224 ? byte % kNodes : vmm::fs::ServedFiles::kFirstNode + byte % 2;
}
std::string_view take_name(Input& input) {
  return kNames[input.byte() % kNames.size()];
}

// One well-formed request about names and references.
void send_change(FuseClient& client, Input& input) {
  const uint64_t node = take_node(input);
  const std::string_view name = take_name(input);
  constexpr std::array<uint32_t, 4> kFlags = {0, RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT};
  switch (input.byte() % 8) {
    case 0:
      client.forget(node, input.byte() % 3);
      break;
    case 1:
      client.call(FUSE_LINK, node, Arguments().add(fuse_link_in{.oldnodeid = take_node(input)}).name(name));
      break;
    case 2: {
      fuse_rename2_in in{};
      in.newdir = take_node(input);
      in.flags = kFlags[input.byte() % kFlags.size()];
      client.call(FUSE_RENAME2, node, Arguments().add(in).name(name).name(take_name(input)));
      break;
    }
    case 3:
      client.call(FUSE_UNLINK, node, Arguments().name(name));
      break;
    case 4:
      client.call(FUSE_RMDIR, node, Arguments().name(name));
      break;
    case 5:
      client.call(FUSE_MKDIR, node, Arguments().add(fuse_mkdir_in{.mode = 0755, .umask = 0}).name(name));
      break;
    case 6:
      client.read(node, client.open(node, O_RDONLY, FUSE_OPENDIR).as<fuse_open_out>().fh, 0, 4096,
                  FUSE_READDIRPLUS);
      break;
    default:
      client.lookup(node, name);
      break;
  }
}

void send_one(FuseClient& client, Input& input) {
  fuse_in_header header{};
  header.opcode = input.byte() % 56;
  header.nodeid = take_node(input);
  client.uid = input.byte() % 4 == 0 ? 1000 : 0;
  header.uid = client.uid;
  std::string body = input.take(input.byte() % 100);
  // The first argument is mostly a handle or a node: make it one that may exist. Sizes and offsets stay below
  // 64 KiB, so that the disk does not fill.
  if (body.size() >= 8) {
    std::fill(body.begin() + 1, body.begin() + 8, '\0');
    body[0] = static_cast<char>(body[0] % 16);
  }
  for (size_t i = 8; i + 8 <= body.size(); i += 8) {
    if (static_cast<uint8_t>(body[i + 7]) < 0xf0) {
      std::fill(body.begin() + static_cast<ptrdiff_t>(i) + 2, body.begin() + static_cast<ptrdiff_t>(i) + 4,
                '\0');
      std::fill(body.begin() + static_cast<ptrdiff_t>(i) + 6, body.begin() + static_cast<ptrdiff_t>(i) + 8,
                '\0');
    }
  }
  const uint8_t names = input.byte();
  Arguments arguments;
  arguments.raw(body);
  for (uint8_t i = 0; i < names % 3; ++i) {
    arguments.name(take_name(input));
  }
  header.len =
      static_cast<uint32_t>(sizeof(header) + arguments.bytes().size()) + (names > 250 ? input.byte() : 0U);
  client.send(Arguments().add(header), arguments, names > 240 ? input.byte() : kBuffer);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Outside outside;
  // The server takes its thread's working directory; libFuzzer wants it for its corpus.
  static const UniqueFd working_directory(::open(".", O_PATH | O_CLOEXEC));
  static const bool is_limited = [] {
    // A guest that asks for a huge file gets EFBIG here, not the whole disk.
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
    return ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
  }();
  (void)is_limited;
  const ScratchDirectory scratch;
  std::filesystem::create_directory(scratch / "dir");
  scratch.write("dir/file", "text");
  scratch.write("file", "text");
  std::filesystem::create_hard_link(scratch / "file", scratch / "dir/new");
  std::filesystem::create_symlink(outside.directory / "canary", scratch / "link");
  ::mkfifo((scratch / "fifo").c_str(), 0600);

  Input input(data, size);
  const auto client = make_client(scratch, input.byte() % 8 == 0);
  // LIMIT: a run stays short.
  for (int i = 0; i < 64 && !input.is_empty(); ++i) {
    if (input.byte() % 2 == 0) {
      send_change(*client, input);
    } else {
      send_one(*client, input);
    }
  }
  outside.check();
  return ::fchdir(working_directory.get());
}
