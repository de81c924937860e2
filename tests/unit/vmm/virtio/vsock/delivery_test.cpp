// SPDX-License-Identifier: Apache-2.0
// What the host's end takes at once, what waits for it, and what is given up.
#include "vmm/virtio/vsock/delivery.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "common/unique_fd.h"

namespace caisson::vmm::vsock {
namespace {

constexpr size_t kCapacity = size_t{1} << 20;

class VsockDelivery : public ::testing::Test {
 protected:
  VsockDelivery() : stream_(Stream::socket(UniqueFd(open_pair()))) {}

  int open_pair() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    reader_.reset(ends[0]);
    return ends[1];
  }
  // In two parts, as a chain may have it.
  Delivery::Outcome write(std::string& text) {
    const size_t half = text.size() / 2;
    const std::array<iovec, 2> parts{iovec{text.data(), half}, iovec{text.data() + half, text.size() - half}};
    return delivery_.write(stream_, parts, text.size());
  }
  // Everything the reader can have now.
  std::string read() {
    std::string all;
    std::string part(65536, '\0');
    for (ssize_t n = 1; n > 0;) {
      n = ::recv(reader_.get(), part.data(), part.size(), MSG_DONTWAIT);
      all.append(part, 0, n > 0 ? static_cast<size_t>(n) : 0);
    }
    return all;
  }

  UniqueFd reader_;
  Stream stream_;
  Delivery delivery_{kCapacity};
};

std::string counted(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>(i * 31 + i / 251);
  }
  return text;
}

TEST_F(VsockDelivery, bytes_that_are_taken_at_once_are_not_kept) {
  std::string text = "0123456789";
  const auto outcome = write(text);
  EXPECT_EQ(outcome.done, 10U);
  EXPECT_FALSE(outcome.nobody_reads);
  EXPECT_TRUE(delivery_.is_empty());
  EXPECT_EQ(read(), text);
}

TEST_F(VsockDelivery, bytes_that_are_not_taken_follow_in_order_once_the_stream_is_ready) {
  std::string text = counted(kCapacity);
  const auto first = write(text);
  ASSERT_LT(first.done, text.size());
  EXPECT_EQ(delivery_.size(), text.size() - first.done);
  // Not before it is told: the stream said that it would block.
  std::string got = read();
  EXPECT_EQ(delivery_.flush(stream_).done, 0U);
  size_t done = first.done;
  while (done < text.size()) {
    delivery_.set_writable();
    const auto more = delivery_.flush(stream_);
    ASSERT_GT(more.done, 0U);
    done += more.done;
    EXPECT_EQ(delivery_.size(), text.size() - done);
    got += read();
  }
  EXPECT_EQ(done, text.size());
  EXPECT_TRUE(got == text);
}

TEST_F(VsockDelivery, later_bytes_wait_behind_those_that_are_kept) {
  std::string text = counted(kCapacity - 3);
  size_t done = write(text).done;
  std::string got = read();
  std::string last = "end";
  EXPECT_EQ(write(last).done, 0U);
  while (!delivery_.is_empty()) {
    delivery_.set_writable();
    done += delivery_.flush(stream_).done;
    got += read();
  }
  EXPECT_EQ(done, text.size() + last.size());
  EXPECT_TRUE(got == text + last);
}

TEST_F(VsockDelivery, bytes_for_nobody_count_as_done_and_are_told_of) {
  reader_.reset();
  std::string text = "0123456789";
  const auto outcome = write(text);
  EXPECT_EQ(outcome.done, 10U);
  EXPECT_TRUE(outcome.nobody_reads);
  EXPECT_TRUE(delivery_.is_empty());
}

TEST_F(VsockDelivery, reader_that_goes_with_bytes_kept_ends_them_all) {
  std::string text = counted(kCapacity);
  const size_t done = write(text).done;
  reader_.reset();
  delivery_.set_writable();
  const auto outcome = delivery_.flush(stream_);
  EXPECT_EQ(done + outcome.done, text.size());
  EXPECT_TRUE(outcome.nobody_reads);
  EXPECT_TRUE(delivery_.is_empty());
}

TEST_F(VsockDelivery, what_is_dropped_is_counted) {
  std::string text = counted(kCapacity);
  const size_t done = write(text).done;
  EXPECT_EQ(delivery_.drop(), text.size() - done);
  EXPECT_EQ(delivery_.drop(), 0U);
}

}  // namespace
}  // namespace caisson::vmm::vsock
