// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/http_reader.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fakes/hypervisor/http_reply.h"
#include "fakes/hypervisor/limits.h"

namespace fakes {
namespace {

using ::testing::HasSubstr;

constexpr char kCreate[] =
    "PUT /api/v1/vm.create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";
constexpr char kPing[] = "GET /api/v1/vmm.ping HTTP/1.1\r\nAccept: */*\r\n\r\n";

TEST(HttpReaderTest, ReadsRequestsHoweverTheyAreCut) {
  const std::string input = absl::StrCat(kCreate, kPing);
  for (std::size_t cut = 0; cut <= input.size(); ++cut) {
    HttpReader reader;
    ASSERT_TRUE(reader.Feed(input.substr(0, cut)).ok());
    std::vector<HttpRequest> requests;
    while (auto request = reader.Next()) requests.push_back(*std::move(request));
    ASSERT_TRUE(reader.Feed(input.substr(cut)).ok()) << cut;
    while (auto request = reader.Next()) requests.push_back(*std::move(request));
    ASSERT_EQ(requests.size(), 2U) << cut;
    EXPECT_EQ(requests[0].method, "PUT");
    EXPECT_EQ(requests[0].target, "/api/v1/vm.create");
    EXPECT_EQ(requests[0].body, "{}");
    EXPECT_TRUE(requests[0].keep_alive);
    EXPECT_EQ(requests[1].method, "GET");
    EXPECT_EQ(requests[1].body, "");
  }
}

TEST(HttpReaderTest, ReadsByteByByteAndInChunks) {
  HttpReader reader;
  const std::string input =
      "PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\n\r\n";
  for (const char byte : input) ASSERT_TRUE(reader.Feed(std::string(1, byte)).ok());
  const auto request = reader.Next();
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->body, "abcde");
  EXPECT_FALSE(request->keep_alive);
}

TEST(HttpReaderTest, RefusesWhatIsNoHttpAndStaysBroken) {
  for (const std::string& input :
       {std::string("nonsense\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"),
        std::string("PUT / HTTP/1.1\r\nContent-Length: x\r\n\r\n"), std::string(64, '\0') + "\r\n",
        std::string("GET / HTTP/1.1\r\nA b\r\n\r\n"),
        std::string("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")}) {
    HttpReader reader;
    EXPECT_TRUE(absl::IsInvalidArgument(reader.Feed(input))) << input;
    EXPECT_TRUE(absl::IsInvalidArgument(reader.Feed(kPing)));
    EXPECT_FALSE(reader.Next().has_value());
  }
}

TEST(HttpReaderTest, JudgesAHeadWhenItIsCompleteHoweverItIsCut) {
  const std::string cut = "vm.resume\xff\xfe\r\n\r";
  for (std::size_t piece = 1; piece <= cut.size(); ++piece) {
    HttpReader reader;
    for (std::size_t at = 0; at < cut.size(); at += piece) {
      EXPECT_TRUE(reader.Feed(cut.substr(at, piece)).ok()) << piece;
    }
    EXPECT_TRUE(absl::IsInvalidArgument(reader.Feed("\n"))) << piece;
  }
  HttpReader short_line;
  for (const char byte : std::string("PUT gth: 216\r\n\r")) {
    EXPECT_TRUE(short_line.Feed(std::string(1, byte)).ok());
  }
  EXPECT_TRUE(absl::IsInvalidArgument(short_line.Feed("\n")));
}

TEST(HttpReaderTest, IsBounded) {
  HttpReader long_header;
  absl::Status status = long_header.Feed("GET / HTTP/1.1\r\nX: ");
  for (std::size_t fed = 0; status.ok() && fed < 4 * kHttpHeaderBytesMax; fed += 1024) {
    status = long_header.Feed(std::string(1024, 'x'));
  }
  EXPECT_TRUE(absl::IsInvalidArgument(status));

  HttpReader long_body;
  EXPECT_TRUE(absl::IsInvalidArgument(long_body.Feed(
      absl::StrCat("PUT / HTTP/1.1\r\nContent-Length: ", kHttpBodyBytesMax + 1, "\r\n\r\n"))));
}

TEST(HttpReplyTest, HasTheFormThatTheStrictestClientDemands) {
  EXPECT_EQ(FormatReply({.status = 204}),
            "HTTP/1.1 204 \r\nServer: Cloud Hypervisor API\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(FormatReply({.status = 200, .body = "{}"}),
            "HTTP/1.1 200 \r\nServer: Cloud Hypervisor API\r\nConnection: keep-alive\r\n"
            "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
}

TEST(HttpReplyTest, HasOtherFormsOnDemand) {
  const HttpReply reply = {.status = 200, .body = "0123456789"};
  EXPECT_EQ(FormatReply(reply, {.bare = true}),
            "HTTP/1.1 200 \r\nContent-Length: 10\r\n\r\n0123456789");
  EXPECT_EQ(FormatReply({.status = 204}, {.bare = true}), "HTTP/1.1 204 \r\n\r\n");
  EXPECT_THAT(FormatReply(reply, {.phrase = true}), HasSubstr("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(FormatReply(reply, {.close = true}), HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(FormatReply(reply, {.chunked = true}),
              HasSubstr("chunked\r\n\r\n7\r\n0123456\r\n3\r\n789\r\n0\r\n\r\n"));
  EXPECT_EQ(ErrorReply(500, {"a", "b\"c"}).body, R"(["a","b\"c"])");
}

}  // namespace
}  // namespace fakes
