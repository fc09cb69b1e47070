// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/vm/hypervisor_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace benchmarks::vm {
namespace {

using ::testing::HasSubstr;

// What comes of a call whose answer is `answer`, and what was asked.
struct Exchange {
  absl::Status status;
  std::string request;
};

Exchange CallOnce(const std::string& answer, const std::string& body = "") {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const base::UniqueFd peer(ends[1]);
  HypervisorApi api{base::UniqueFd(ends[0])};
  EXPECT_EQ(::send(peer.get(), answer.data(), answer.size(), 0),
            static_cast<ssize_t>(answer.size()));
  ::shutdown(peer.get(), SHUT_WR);
  Exchange exchange{.status = api.Call("PUT", "vm.create", body), .request = ""};
  char buffer[4096];
  const ssize_t got = ::read(peer.get(), buffer, sizeof buffer);
  exchange.request.assign(buffer, static_cast<std::size_t>(got));
  return exchange;
}

TEST(HypervisorApiTest, AsksByLengthAndTakesASuccess) {
  const Exchange exchange = CallOnce("HTTP/1.1 204 \r\n\r\n", "{}");
  EXPECT_TRUE(exchange.status.ok()) << exchange.status;
  EXPECT_EQ(exchange.request,
            "PUT /api/v1/vm.create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}");
}

TEST(HypervisorApiTest, AFailureIsToldInTheWordsOfTheAnswer) {
  const Exchange exchange = CallOnce("HTTP/1.1 500 \r\nContent-Length: 9\r\n\r\n[\"no vm\"]");
  EXPECT_EQ(exchange.status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(exchange.status.message()), HasSubstr("vm.create: HTTP/1.1 500"));
  EXPECT_THAT(std::string(exchange.status.message()), HasSubstr("no vm"));
}

TEST(HypervisorApiTest, ABodyThatIsCutShortIsNoAnswer) {
  const Exchange exchange = CallOnce("HTTP/1.1 200 \r\nContent-Length: 9\r\n\r\n[");
  EXPECT_EQ(exchange.status.code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace benchmarks::vm
