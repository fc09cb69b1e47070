// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/http_reply.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference-shim/backends/vm/limits.h"

namespace backends {
namespace {

using ::testing::HasSubstr;

// In two portions, cut at `cut`.
absl::StatusOr<HttpReply> ParseCut(const std::string& text, std::size_t cut) {
  HttpReplyParser parser;
  absl::StatusOr<bool> complete = parser.Add(text.substr(0, cut));
  if (complete.ok() && !*complete) complete = parser.Add(text.substr(cut));
  if (!complete.ok()) return complete.status();
  if (*complete) return parser.reply();
  const absl::Status ended = parser.End();
  if (!ended.ok()) return ended;
  return parser.reply();
}

TEST(HttpReply, IsTheSameHoweverItIsCut) {
  const struct {
    std::string text;
    int status;
    std::string body;
  } replies[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", 200, "body"},
      {"HTTP/1.1 200 \r\ncontent-length:4\r\n\r\nbody", 200, "body"},
      {"HTTP/1.0 200\nServer: x\nCONTENT-LENGTH:  4  \n\nbody", 200, "body"},
      {"HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 E\r\nContent-Length: 2\r\n\r\n{}", 500, "{}"},
      {"HTTP/1.1 400 Bad Request\r\n\r\nuntil the end", 400, "until the end"},
      {"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nbo\r\nA;x=y\r\ndy 12345\r\n"
       "\r\n0\r\nTrailer: x\r\n\r\n",
       200, "body 12345\r\n"},
  };
  for (const auto& expected : replies) {
    for (std::size_t cut = 0; cut <= expected.text.size(); ++cut) {
      const auto reply = ParseCut(expected.text, cut);
      ASSERT_TRUE(reply.ok()) << expected.text << " cut at " << cut << ": " << reply.status();
      EXPECT_EQ(reply->status, expected.status) << expected.text << cut;
      EXPECT_EQ(reply->body, expected.body) << expected.text << cut;
      EXPECT_EQ(reply->ok(), expected.status < 300);
    }
  }
}

TEST(HttpReply, WhatIsNoneIsRefusedByName) {
  for (const char* text :
       {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 99 Low\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsize\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"}) {
    const auto reply = ParseCut(text, 0);
    EXPECT_EQ(reply.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(reply.status().message()), HasSubstr("no HTTP response: \""));
  }
  EXPECT_THAT(
      std::string(
          ParseCut("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", 0).status().message()),
      HasSubstr("transfer coding gzip"));
}

TEST(HttpReply, HasLimits) {
  HttpReplyParser endless;
  EXPECT_TRUE(absl::IsResourceExhausted(
      endless.Add("HTTP/1.1 200 " + std::string(kHttpHeaderBytesMax, 'x')).status()));
  EXPECT_TRUE(absl::IsResourceExhausted(
      ParseCut(
          absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", kHttpBodyBytesMax + 1, "\r\n\r\n"), 0)
          .status()));
  EXPECT_TRUE(absl::IsResourceExhausted(
      ParseCut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", 0).status()));
  HttpReplyParser unsized;
  EXPECT_TRUE(absl::IsResourceExhausted(
      unsized.Add("HTTP/1.1 200 OK\r\n\r\n" + std::string(kHttpBodyBytesMax + 1, 'x')).status()));
}

TEST(HttpReply, AnEndInTheMiddleIsAFailure) {
  for (const char* text :
       {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n"}) {
    EXPECT_TRUE(absl::IsUnavailable(ParseCut(text, 0).status())) << text;
  }
}

}  // namespace
}  // namespace backends
