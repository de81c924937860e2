// SPDX-License-Identifier: Apache-2.0
// A guest's FUSE client without a kernel: fs::Device behind a fake driver, one request at a time. For unit
// tests and the fuzzer; what it sends is as right or as wrong as it is told. Header-only; one thread.
#pragma once

#include <linux/fuse.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/event_loop.h"
#include "tests/support/virtio/fake_driver.h"
#include "vmm/virtio/fs/device.h"

namespace caisson::test {

// Request arguments, in order: structs, and strings with their NUL.
class Arguments {
 public:
  template <typename T>
  Arguments& add(const T& value) {
    const auto bytes = bytes_of(value);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Arguments& name(std::string_view text) {
    raw(text);
    bytes_.push_back(std::byte{0});
    return *this;
  }
  Arguments& raw(std::string_view text) {
    const auto bytes = as_bytes(text);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

struct Answer {
  bool is_answered = false;
  int error = 0;  // positive errno
  std::vector<std::byte> data;

  template <typename T>
  [[nodiscard]] T as(size_t offset = 0) const {
    T value{};
    if (offset + sizeof(T) <= data.size()) {
      std::memcpy(&value, data.data() + offset, sizeof(T));
    }
    return value;
  }
  [[nodiscard]] std::string text() const { return {reinterpret_cast<const char*>(data.data()), data.size()}; }
};

class FuseClient {
 public:
  static constexpr uint32_t kReplyBytes = 1U << 20;

  // `buffer_bytes` is the most a request or an answer may have.
  explicit FuseClient(vmm::fs::Device::Config config, size_t buffer_bytes = kReplyBytes)
      : memory_(2 * buffer_bytes + (64U << 10)),
        driver_(memory_, {.size = 256, .event_index = false, .indirect = false}),
        hiprio_(memory_, {.size = 16, .event_index = false, .indirect = false}),
        request_(memory_.allocate(buffer_bytes + 512)),
        reply_(memory_.allocate(buffer_bytes + sizeof(fuse_out_header))),
        buffer_bytes_(static_cast<uint32_t>(buffer_bytes)),
        loop_(std::move(EventLoop::create().value())) {
    auto device = vmm::fs::Device::create(std::move(config), *loop_);
    if (!device) {
      throw std::runtime_error(device.error().message);
    }
    device_ = std::move(*device);
    activate();
  }

  void activate() {
    vmm::VirtioDevice::Activation activation;
    activation.memory = &memory_.guest();
    activation.queues.emplace_back(hiprio_.device_queue());
    activation.queues.emplace_back(driver_.device_queue());
    activation.needs_reset = [this](std::string_view) { needs_reset = true; };
    const auto done = device_->activate(std::move(activation));
    if (!done) {
      throw std::runtime_error(done.error().message);
    }
  }

  Answer init(uint64_t flags = ~uint64_t{0}) {
    fuse_init_in in{};
    in.major = FUSE_KERNEL_VERSION;
    in.minor = FUSE_KERNEL_MINOR_VERSION;
    in.max_readahead = 1U << 20;
    in.flags = static_cast<uint32_t>(flags);
    in.flags2 = static_cast<uint32_t>(flags >> 32);
    return call(FUSE_INIT, 0, Arguments().add(in));
  }

  // A request with a truthful header.
  Answer call(uint32_t opcode, uint64_t node, const Arguments& arguments) {
    return call(opcode, node, arguments, buffer_bytes_);
  }
  Answer call(uint32_t opcode, uint64_t node, const Arguments& arguments, uint32_t room) {
    fuse_in_header header{};
    header.len = static_cast<uint32_t>(sizeof(header) + arguments.bytes().size());
    header.opcode = opcode;
    header.unique = ++unique_;
    header.nodeid = node;
    header.uid = uid;
    header.gid = gid;
    return send(Arguments().add(header), arguments, sizeof(fuse_out_header) + room);
  }

  // By the queue of FORGET, without room for an answer and without a kick: it is found at the next call.
  void leave(uint32_t opcode, uint64_t node, const Arguments& arguments) {
    fuse_in_header header{};
    header.len = static_cast<uint32_t>(sizeof(header) + arguments.bytes().size());
    header.opcode = opcode;
    header.unique = ++unique_;
    header.nodeid = node;
    while (hiprio_.take_used()) {
    }
    hiprio_.chain().out(Arguments().add(header).bytes()).out(arguments.bytes()).submit();
  }

  // Whatever bytes, with `writable` bytes for the answer.
  Answer send(const Arguments& header, const Arguments& arguments, size_t writable) {
    auto chain = driver_.chain();
    uint64_t at = request_;
    for (const auto* part : {&header.bytes(), &arguments.bytes()}) {
      if (!part->empty()) {
        memory_.write(at, *part);
        chain.out_at(at, static_cast<uint32_t>(part->size()));
        at += part->size();
      }
    }
    if (writable > 0) {
      chain.in_at(reply_, static_cast<uint32_t>(writable));
    }
    chain.submit();
    device_->on_kick(1);
    Answer answer;
    const auto used = driver_.take_used();
    if (!used || used->data.size() < sizeof(fuse_out_header)) {
      return answer;
    }
    fuse_out_header out{};
    std::memcpy(&out, used->data.data(), sizeof(out));
    if (out.len != used->written) {
      throw std::logic_error("the answer's length is not what was written");
    }
    answer.is_answered = true;
    answer.error = -out.error;
    answer.data.assign(used->data.begin() + sizeof(out), used->data.end());
    return answer;
  }

  Answer lookup(uint64_t parent, std::string_view name) {
    return call(FUSE_LOOKUP, parent, Arguments().name(name));
  }
  // The node at `path` (components from the synthetic root), 0 when a component is not there.
  uint64_t walk(std::initializer_list<std::string_view> path) {
    uint64_t node = FUSE_ROOT_ID;
    for (const std::string_view name : path) {
      const Answer answer = lookup(node, name);
      node = answer.error == 0 ? answer.as<fuse_entry_out>().nodeid : 0;
    }
    return node;
  }
  void forget(uint64_t node, uint64_t count) {
    call(FUSE_FORGET, node, Arguments().add(fuse_forget_in{.nlookup = count}));
  }
  Answer getattr(uint64_t node) { return call(FUSE_GETATTR, node, Arguments().add(fuse_getattr_in{})); }
  Answer open(uint64_t node, uint32_t flags, uint32_t opcode = FUSE_OPEN) {
    return call(opcode, node, Arguments().add(fuse_open_in{.flags = flags, .open_flags = 0}));
  }
  Answer read(uint64_t node, uint64_t handle, uint64_t offset, uint32_t size, uint32_t opcode = FUSE_READ) {
    fuse_read_in in{};
    in.fh = handle;
    in.offset = offset;
    in.size = size;
    return call(opcode, node, Arguments().add(in));
  }
  Answer write(uint64_t node, uint64_t handle, uint64_t offset, std::string_view data, uint32_t flags = 0,
               uint32_t write_flags = 0) {
    fuse_write_in in{};
    in.fh = handle;
    in.offset = offset;
    in.size = static_cast<uint32_t>(data.size());
    in.flags = flags;
    in.write_flags = write_flags;
    return call(FUSE_WRITE, node, Arguments().add(in).raw(data));
  }
  Answer release(uint64_t node, uint64_t handle, uint32_t opcode = FUSE_RELEASE) {
    fuse_release_in in{};
    in.fh = handle;
    return call(opcode, node, Arguments().add(in));
  }
  Answer create(uint64_t parent, std::string_view name, uint32_t flags, uint32_t mode, uint32_t umask = 022) {
    return call(FUSE_CREATE, parent,
                Arguments()
                    .add(fuse_create_in{.flags = flags, .mode = mode, .umask = umask, .open_flags = 0})
                    .name(name));
  }

  // Of the request sent last.
  [[nodiscard]] uint64_t last_unique() const { return unique_; }
  vmm::fs::Device& device() { return *device_; }
  FakeDriver& driver() { return driver_; }
  EventLoop& loop() { return *loop_; }

  uint32_t uid = 0;
  uint32_t gid = 0;
  bool needs_reset = false;

 private:
  FakeMemory memory_;
  FakeDriver driver_;
  FakeDriver hiprio_;
  uint64_t request_;
  uint64_t reply_;
  uint32_t buffer_bytes_;
  uint64_t unique_ = 0;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<vmm::fs::Device> device_;
};

}  // namespace caisson::test
