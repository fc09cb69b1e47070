// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/nic_relay.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include "base/testing/leak_guard.h"

namespace fakes {
namespace {

// Two queues of the host and the guest, each a pair of sockets that keep frames apart.
class NicRelayTest : public base::testing::ProcessTest {
 protected:
  void SetUp() override {
    std::vector<base::UniqueFd> inner;
    for (base::UniqueFd& outer : ends_) {
      int ends[2];
      ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
      outer.reset(ends[0]);
      inner.emplace_back(ends[1]);
    }
    base::UniqueFd guest = std::move(inner.back());
    inner.pop_back();
    relay_.emplace(loop_, std::move(inner), std::move(guest));
    relay_->Start();
  }

  void Send(const base::UniqueFd& end, const std::string& frame) {
    ASSERT_EQ(::send(end.get(), frame.data(), frame.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(frame.size()));
  }
  // The next frame at `end`; "" if there is none once all is moved.
  std::string Next(const base::UniqueFd& end) {
    loop_.restart();
    loop_.poll();
    std::array<char, 4096> bytes;
    const ssize_t got = ::recv(end.get(), bytes.data(), bytes.size(), 0);
    return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : "";
  }

  std::array<base::UniqueFd, 3> ends_;
  base::UniqueFd& first_ = ends_[0];
  base::UniqueFd& second_ = ends_[1];
  base::UniqueFd& guest_ = ends_[2];
  boost::asio::io_context loop_;
  std::optional<NicRelay> relay_;
};

TEST_F(NicRelayTest, FramesOfAllQueuesReachTheGuestAndItsTheFirst) {
  Send(first_, "one");
  Send(second_, "two!");
  EXPECT_EQ(Next(guest_), "one");
  EXPECT_EQ(Next(guest_), "two!");
  Send(guest_, "three");
  EXPECT_EQ(Next(first_), "three");
  EXPECT_EQ(Next(second_), "");
  const NicCounters counters = relay_->counters();
  EXPECT_EQ(counters.rx_bytes, 7U);
  EXPECT_EQ(counters.rx_frames, 2U);
  EXPECT_EQ(counters.tx_bytes, 5U);
  EXPECT_EQ(counters.tx_frames, 1U);
}

TEST_F(NicRelayTest, FramesWithoutRoomAreDroppedAndTheOtherWayGoesOn) {
  std::size_t sent = 0;
  while (true) {
    loop_.restart();
    loop_.poll();
    if (relay_->counters().rx_frames < sent) break;  // one was not taken
    Send(first_, std::string(2048, 'x'));
    ++sent;
  }
  Send(guest_, "out");
  EXPECT_EQ(Next(first_), "out");
  std::size_t received = 0;
  while (!Next(guest_).empty()) ++received;
  EXPECT_EQ(received, relay_->counters().rx_frames);
  Send(first_, "in");
  EXPECT_EQ(Next(guest_), "in");
}

TEST_F(NicRelayTest, NothingMovesInAPause) {
  relay_->Pause();
  Send(first_, "in");
  Send(guest_, "out");
  EXPECT_EQ(Next(guest_), "");
  EXPECT_EQ(Next(first_), "");
  relay_->Start();
  EXPECT_EQ(Next(guest_), "in");
  EXPECT_EQ(Next(first_), "out");
}

TEST_F(NicRelayTest, ASideThatIsGoneEndsNeitherTheOtherQueuesNorTheLoop) {
  first_.reset();
  Send(second_, "in");
  EXPECT_EQ(Next(guest_), "in");
  relay_.reset();
  loop_.restart();
  loop_.run();  // nothing is left to wait for
  EXPECT_EQ(::send(guest_.get(), "x", 1, MSG_NOSIGNAL), -1);
  EXPECT_EQ(errno, EPIPE);
}

}  // namespace
}  // namespace fakes
