// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/control_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <thread>

#include "tests/support/scratch_directory.h"

namespace caisson::vmm {
namespace {

class ControlSocketTest : public ::testing::Test {
 protected:
  void SetUp() override {
    loop_ = EventLoop::create().value();
    auto control = ControlSocket::open(
        *loop_, directory_, [this](Verb verb, ControlSocket::Client client) { return answer(verb, client); },
        [this](ControlSocket::Client client) {
          gone_.push_back(client);
          loop_->stop();
        });
    ASSERT_TRUE(control) << control.error().message;
    control_ = std::move(*control);
  }
  Result<std::string> answer(Verb verb, ControlSocket::Client client) {
    askers_.push_back(client);
    if (verb == Verb::counters) {
      return "\"count\":" + std::to_string(askers_.size());
    }
    return fail(EINVAL, "not now");
  }

  // What is answered to `text` until we hang up, and the other side has seen that.
  std::string talk(const std::string& text) {
    std::string answers;
    std::thread client([this, &text, &answers] {
      UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      sockaddr_un to{};
      to.sun_family = AF_UNIX;
      std::strcpy(to.sun_path, (directory_ + "/control.sock").c_str());
      ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
      (void)::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
      ::shutdown(socket.get(), SHUT_WR);
      std::array<char, 512> buffer{};
      for (ssize_t got = 1; got > 0;
           answers.append(buffer.data(), static_cast<size_t>(std::max<ssize_t>(got, 0)))) {
        got = ::read(socket.get(), buffer.data(), buffer.size());
      }
    });
    EXPECT_TRUE(loop_->run());
    client.join();
    return answers;
  }

  test::ScratchDirectory scratch_;
  std::string directory_ = scratch_.path();
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<ControlSocket> control_;
  std::vector<ControlSocket::Client> askers_;
  std::vector<ControlSocket::Client> gone_;
};

TEST_F(ControlSocketTest, one_line_is_answered_by_one) {
  EXPECT_EQ(talk("{\"verb\":\"counters\"}\n"), "{\"count\":1,\"ok\":true}\n");
  EXPECT_EQ(talk("{\"verb\":\"counters\"}\n{\"verb\":\"counters\"}\n"),
            "{\"count\":2,\"ok\":true}\n{\"count\":3,\"ok\":true}\n");
}

TEST_F(ControlSocketTest, who_asked_is_named_when_he_hangs_up) {
  talk("{\"verb\":\"counters\"}\n");
  EXPECT_EQ(gone_, askers_);
}

TEST_F(ControlSocketTest, what_is_no_verb_is_an_error) {
  for (const char* text :
       {"\n", "x\n", "[]\n", "{}\n", "{\"verb\":5}\n", "{\"verb\":\"fly\"}\n", "\"verb\"\n"}) {
    EXPECT_NE(talk(text).find("\"error\""), std::string::npos) << text;
  }
}

TEST_F(ControlSocketTest, a_line_without_end_is_hung_up_on) {
  EXPECT_EQ(talk(std::string(5000, 'x')), "");
  EXPECT_EQ(gone_.size(), 1U);
}

}  // namespace
}  // namespace caisson::vmm
