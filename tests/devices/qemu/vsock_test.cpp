// SPDX-License-Identifier: Apache-2.0
// The real kernel on QemuMachine: its vsock driver and our device exchange bytes through vhost-user, both
// ways of connecting, across a pause. The guest's /init is vsock_guest.c.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <thread>

#include "vmm/qemu/qemu_machine.h"
#include "vmm/virtio/rng/device.h"
#include "vmm/virtio/vsock/device.h"

namespace caisson::vmm {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

// The kernel last built, or the one CAISSON_KERNEL names.
std::string kernel() {
  if (const char* path = std::getenv("CAISSON_KERNEL"); path != nullptr) {
    return path;
  }
  std::string newest;
  std::error_code error;
  for (const auto& folder : fs::directory_iterator("/var/cache/caisson/kernel", error)) {
    const fs::path image = folder.path() / "vmlinux";
    if (fs::exists(image) && (newest.empty() || fs::last_write_time(image) > fs::last_write_time(newest))) {
      newest = image.string();
    }
  }
  return newest;
}

UniqueFd connect_to(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

std::string read_exactly(int fd, size_t count) {
  std::string text(count, '\0');
  const ssize_t got = ::recv(fd, text.data(), count, MSG_WAITALL);
  text.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return text;
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    ASSERT_GT(sent, 0);
    text.remove_prefix(static_cast<size_t>(sent));
  }
}

class QemuVsock : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kernel().empty()) {
      FAIL() << "needs a guest kernel (guest-kernel/build)";
    }
    if (std::system("command -v qemu-system-x86_64 >/dev/null") != 0) {
      FAIL() << "needs qemu-system-x86_64 (scripts/bootstrap run)";
    }
    std::string pattern = (fs::temp_directory_path() / "qemu-vsock-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    loop_ = EventLoop::create().value();
  }
  void TearDown() override {
    if (!folder_.empty()) {
      fs::remove_all(folder_);
    }
  }

  MachineConfig config() {
    MachineConfig config;
    config.memory_bytes = 128U << 20U;
    config.kernel = kernel();
    config.initramfs = CAISSON_VSOCK_GUEST;
    return config;
  }

  fs::path folder_;
  std::unique_ptr<EventLoop> loop_;
};

// The person at the other end of vsock.sock. Runs on a thread of its own; the loop carries the bytes.
void talk(const std::string& path, QemuMachine& machine, EventLoop& loop) {
  const UniqueFd stream = connect_to(path);
  write_all(stream.get(), "CONNECT 5000\n");
  std::string answer;
  while (!answer.ends_with('\n')) {
    const std::string next = read_exactly(stream.get(), 1);
    ASSERT_FALSE(next.empty()) << answer;
    answer += next;
  }
  ASSERT_TRUE(answer.starts_with("OK ")) << answer;

  std::string sent(1 << 20, '\0');
  std::ranges::generate(sent, [n = 0U]() mutable { return static_cast<char>((n++ * 2654435761U) >> 24U); });
  auto writer = std::async(std::launch::async, [&] { write_all(stream.get(), sent); });
  const std::string first = read_exactly(stream.get(), sent.size() / 2);
  loop.run_sync([&] {
    EXPECT_TRUE(machine.pause());
    EXPECT_TRUE(machine.resume());
  });
  const std::string second = read_exactly(stream.get(), sent.size() - first.size());
  writer.wait();
  EXPECT_TRUE(first + second == sent);
}

TEST_F(QemuVsock, bytes_go_both_ways_and_survive_a_pause) {
  vsock::Device vsock(*loop_);
  rng::Device rng(*loop_);
  const std::string path = (folder_ / "vsock.sock").string();
  ASSERT_TRUE(vsock.muxer().clients().listen(path));
  auto machine = QemuMachine::create(config(), *loop_).value();
  ASSERT_TRUE(machine->attach(vsock, *loop_));
  ASSERT_TRUE(machine->attach(rng, *loop_));

  const auto start = steady_clock::now();
  std::thread person;
  UniqueFd greeting;
  ASSERT_TRUE(vsock.muxer().on_guest_connect(1024, [&](UniqueFd stream) {
    RecordProperty(
        "ready_ms",
        static_cast<int>(
            std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - start).count()));
    greeting = std::move(stream);
    person = std::thread([&] { talk(path, *machine, *loop_); });
  }));
  MachineStop stop;
  ASSERT_TRUE(machine->start([&](MachineStop seen) {
    stop = std::move(seen);
    loop_->stop();
  }));
  const Timer end = loop_->after(std::chrono::seconds(90), [&] { machine->stop(); });
  ASSERT_TRUE(loop_->run());
  ASSERT_TRUE(person.joinable()) << "the guest never said it was ready: " << stop.detail;
  person.join();
  EXPECT_EQ(stop.reason, StopReason::guest_reset) << stop.detail;
  EXPECT_EQ(read_exactly(greeting.get(), 5), "ready");
}

}  // namespace
}  // namespace caisson::vmm
