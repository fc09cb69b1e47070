// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/vsock_mux.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/testing/leak_guard.h"
#include "fakes/hypervisor/unix_listener.h"

namespace fakes {
namespace {

class NoFaults : public VsockFaults {
 public:
  void OnConnect(std::uint32_t, std::function<void(HandshakePlan)> then) override { then({}); }
};

class VsockMuxTest : public base::testing::ProcessTest {
 protected:
  absl::StatusOr<std::unique_ptr<VsockMux>> Make() {
    return VsockMux::Make(loop_, temp_.File("vm.sock"), faults_,
                          [](std::uint32_t, base::UniqueFd) { return false; });
  }
  boost::asio::io_context loop_;
  NoFaults faults_;
};

TEST_F(VsockMuxTest, AGuestReachesPortsOfTheHost) {
  const auto mux = Make();
  ASSERT_TRUE(mux.ok()) << mux.status();
  EXPECT_TRUE(absl::IsNotFound((*mux)->DialHost(7).status()) ||
              absl::IsUnavailable((*mux)->DialHost(7).status()));
  base::UniqueFd host;
  const auto listener =
      UnixListener::Listen(loop_, temp_.File("vm.sock_7"), UnixListener::Stale::kRefuse,
                           [&](base::UniqueFd fd) { host = std::move(fd); });
  ASSERT_TRUE(listener.ok()) << listener.status();
  const auto guest = (*mux)->DialHost(7);
  ASSERT_TRUE(guest.ok()) << guest.status();
  ASSERT_EQ(::send(guest->get(), "ping", 4, MSG_NOSIGNAL), 4);
  char bytes[8] = {};
  // The relay moves it without any line of a handshake.
  while (!host.ok() || ::recv(host.get(), bytes, sizeof(bytes), MSG_DONTWAIT) != 4) loop_.run_one();
  EXPECT_STREQ(bytes, "ping");
  EXPECT_EQ((*mux)->connections(), 1U);
  host.reset();
  while ((*mux)->connections() != 0) {
    (void)::shutdown(guest->get(), SHUT_RDWR);
    loop_.run_one();
  }
}

TEST_F(VsockMuxTest, ItsSocketIsThereAsLongAsItIs) {
  {
    const auto mux = Make();
    ASSERT_TRUE(mux.ok()) << mux.status();
    EXPECT_TRUE(absl::IsAlreadyExists(Make().status()));
  }
  EXPECT_TRUE(Make().ok());
}

}  // namespace
}  // namespace fakes
