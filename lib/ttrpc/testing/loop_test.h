// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstring>
#include <functional>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/testing/leak_guard.h"
#include "base/testing/temp_dir.h"
#include "base/unique_fd.h"

namespace ttrpc::testing {

// A unix socket that listens at `path` ('@': abstract).
inline base::UniqueFd Listen(const std::string& path, int backlog = 128) {
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const bool abstract = path[0] == '@';
  if (abstract) address.sun_path[0] = '\0';
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  EXPECT_EQ(::listen(fd.get(), backlog), 0);
  return fd;
}

// Two connected stream sockets.
inline std::pair<base::UniqueFd, base::UniqueFd> SocketPair() {
  int fds[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  return {base::UniqueFd(fds[0]), base::UniqueFd(fds[1])};
}

// A test with an event loop; it ends with the proof that no descriptor was left.
class LoopTest : public base::testing::ProcessTest {
 protected:
  // Runs handlers one by one until `done` is true; fails after a time that is only a cap.
  void RunUntil(const std::function<bool()>& done) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    loop_.restart();
    while (!done()) {
      if (loop_.run_one_until(give_up) == 0) {
        FAIL() << (loop_.stopped() ? "nothing left to wait for" : "gave up waiting");
      }
    }
  }
  // Runs what is ready.
  void RunReady() {
    loop_.restart();
    loop_.poll();
  }

  boost::asio::io_context loop_;
  base::Log log_;
};

}  // namespace ttrpc::testing
