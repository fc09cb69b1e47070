// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_init/port_relay.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>

#include "fakes/guest_init/limits.h"

namespace fakes {
namespace {

// A relay between two socket pairs, whose other ends the test holds.
class PortRelayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (auto [inner, outer] : {std::pair(&inner_[0], &port_), std::pair(&inner_[1], &socket_)}) {
      int ends[2];
      ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
      inner->reset(ends[0]);
      outer->reset(ends[1]);
    }
    relay_.emplace(loop_, std::move(inner_[0]), std::move(inner_[1]), [this] { ended_ = true; });
  }

  // What arrives at `to`, until it is as much as `size`.
  std::string Receive(const base::UniqueFd& to, std::size_t size) {
    std::string data;
    std::array<char, 4096> buffer;
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (data.size() < size && std::chrono::steady_clock::now() < limit) {
      loop_.restart();
      loop_.poll();
      const ssize_t got = ::read(to.get(), buffer.data(), buffer.size());
      if (got > 0) data.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return data;
  }

  boost::asio::io_context loop_;
  std::array<base::UniqueFd, 2> inner_;
  base::UniqueFd port_;    // the host's end
  base::UniqueFd socket_;  // the agent's end
  bool ended_ = false;
  std::optional<PortRelay> relay_;
};

TEST_F(PortRelayTest, BytesGoBothWays) {
  ASSERT_EQ(::write(port_.get(), "call", 4), 4);
  EXPECT_EQ(Receive(socket_, 4), "call");
  ASSERT_EQ(::write(socket_.get(), "answer", 6), 6);
  EXPECT_EQ(Receive(port_, 6), "answer");
  EXPECT_FALSE(ended_);
}

// More than the relay and the kernel hold: what is not taken waits, and nothing is lost or turned.
TEST_F(PortRelayTest, AReaderThatIsSlowHoldsTheWriterUp) {
  std::string sent;
  std::size_t written = 0;
  for (int i = 0; i < 300'000; ++i) sent += std::to_string(i) + "\n";
  std::string received;
  while (received.size() < sent.size()) {
    const ssize_t size = ::write(port_.get(), sent.data() + written, sent.size() - written);
    if (size > 0) written += static_cast<std::size_t>(size);
    const std::string got = Receive(socket_, std::min<std::size_t>(1, written - received.size()));
    ASSERT_FALSE(got.empty()) << "nothing came after " << received.size();
    received += got;
  }
  EXPECT_EQ(received, sent);
}

TEST_F(PortRelayTest, EndsWithEitherSide) {
  port_.reset();
  loop_.run_for(std::chrono::seconds(60));  // until there is nothing to do any more
  EXPECT_TRUE(ended_);
  char byte = 0;
  EXPECT_EQ(::read(socket_.get(), &byte, 1), 0);
}

TEST_F(PortRelayTest, NothingIsToldAfterTheDestructor) {
  relay_.reset();
  loop_.run_for(std::chrono::seconds(60));
  EXPECT_FALSE(ended_);
}

}  // namespace
}  // namespace fakes
