// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/testing/leak_guard.h"
#include "base/testing/temp_dir.h"
#include "reference-shim/backends/vm/limits.h"
#include "reference-shim/backends/vm/management_server.h"
#include "ttrpc/client.h"

namespace backends {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A server that answers every request with its target and body, or keeps it.
class ManagementServerTest : public ::testing::Test {
 protected:
  void Listen() {
    auto server = ManagementServer::Listen(
        loop_, path_, [this](const ManagementRequest& request, ManagementServer::Done done) {
          ++requests_;
          if (request.target == "/keep") return kept_.push_back(std::move(done));
          done({.body = absl::StrCat(request.target, " ", request.body)});
        });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  base::UniqueFd Connect() {
    absl::StatusOr<base::UniqueFd> socket = ttrpc::ConnectUnix(path_);
    EXPECT_TRUE(socket.ok()) << socket.status();
    return socket.ok() ? *std::move(socket) : base::UniqueFd();
  }
  static void Send(const base::UniqueFd& socket, const std::string& data) {
    EXPECT_EQ(::send(socket.get(), data.data(), data.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(data.size()));
  }
  // All until the server closes.
  std::string Receive(const base::UniqueFd& socket) {
    std::string answer;
    char buffer[4096];
    const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::chrono::steady_clock::now() < limit) {
      loop_.poll();
      const ssize_t size = ::recv(socket.get(), buffer, sizeof(buffer), MSG_DONTWAIT);
      if (size == 0 || (size < 0 && errno == ECONNRESET)) return answer;
      if (size > 0) {
        answer.append(buffer, static_cast<std::size_t>(size));
      } else {
        loop_.run_one_for(std::chrono::milliseconds(10));
      }
    }
    ADD_FAILURE() << "the server does not close";
    return answer;
  }
  std::string Exchange(const std::string& data) {
    const base::UniqueFd socket = Connect();
    Send(socket, data);
    return Receive(socket);
  }

  base::testing::LeakGuard leak_guard_;
  base::testing::TempDir temp_;
  const std::string path_ = temp_.File("monitor.sock");
  boost::asio::io_context loop_;
  const boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
      boost::asio::make_work_guard(loop_);
  std::unique_ptr<ManagementServer> server_;
  std::vector<ManagementServer::Done> kept_;
  int requests_ = 0;
};

TEST_F(ManagementServerTest, AnswersARequestInAnyPieces) {
  Listen();
  EXPECT_THAT(Exchange("PUT /a?b=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Connection: close\r\n"),
                    ::testing::EndsWith("\r\n\r\n/a?b=1 abc")));
  const base::UniqueFd socket = Connect();
  for (const char byte : std::string("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")) {
    Send(socket, std::string(1, byte));
    loop_.poll();
  }
  EXPECT_THAT(Receive(socket), HasSubstr("/slow "));
}

TEST_F(ManagementServerTest, WhatIsNoRequestIsRefusedAndReachesNobody) {
  Listen();
  EXPECT_THAT(Exchange("hello\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Exchange(std::string("\0\xff\r\n\r\n", 6)), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Exchange("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Exchange(absl::StrCat("GET / HTTP/1.1\r\nA: ",
                                    std::string(2 * kManagementHeaderBytesMax, 'a'))),
              StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(Exchange(absl::StrCat(
                  "PUT / HTTP/1.1\r\nContent-Length: ", kManagementBodyBytesMax + 1, "\r\n\r\n")),
              StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(requests_, 0);
  EXPECT_THAT(Exchange("GET /b HTTP/1.1\r\n\r\n"), HasSubstr("/b "));
}

TEST_F(ManagementServerTest, AClientThatSaysNothingIsSentAwayInTime) {
  Listen();
  const base::UniqueFd silent = Connect();
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(Receive(silent), "");
  EXPECT_GE(std::chrono::steady_clock::now() - begun, kManagementTimeout / 2);
}

TEST_F(ManagementServerTest, MoreConnectionsThanAllowedAreClosedAndOthersLive) {
  Listen();
  std::vector<base::UniqueFd> sockets;
  for (std::size_t i = 0; i < kManagementSessionsMax; ++i) {
    sockets.push_back(Connect());
    Send(sockets.back(), "GET /keep HTTP/1.1\r\n\r\n");
  }
  while (kept_.size() < kManagementSessionsMax) loop_.run_one();
  EXPECT_EQ(Receive(Connect()), "");
  kept_.front()({.status = 503, .body = "later"});
  EXPECT_THAT(Receive(sockets.front()), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("later")));
  EXPECT_THAT(Exchange("GET /c HTTP/1.1\r\n\r\n"), HasSubstr("/c "));
}

TEST_F(ManagementServerTest, GoesWithItsConnectionsAndAnswersToNobodyThen) {
  Listen();
  const base::UniqueFd waiting = Connect();
  const base::UniqueFd idle = Connect();
  Send(waiting, "GET /keep HTTP/1.1\r\n\r\n");
  while (kept_.empty()) loop_.run_one();
  server_.reset();
  EXPECT_EQ(Receive(waiting), "");
  EXPECT_EQ(Receive(idle), "");
  kept_.front()({.body = "too late"});
  loop_.poll();
}

TEST_F(ManagementServerTest, ReplacesADeadSocketButNotALiveOne) {
  Listen();
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_FALSE(ManagementServer::Listen(loop_, path_, nullptr).ok());
  server_.reset();
  loop_.poll();
  Listen();
  EXPECT_THAT(Exchange("GET /again HTTP/1.1\r\n\r\n"), HasSubstr("/again "));
}

}  // namespace
}  // namespace backends
