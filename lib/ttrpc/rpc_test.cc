// SPDX-License-Identifier: Apache-2.0
// Generated client and service, with the library's two ends between them.
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "ttrpc/client.h"
#include "ttrpc/server.h"
#include "ttrpc/testing/echo_server.h"
#include "ttrpc/testing/loop_test.h"

namespace ttrpc {
namespace {

using ::testing::ElementsAre;
using testing::ttrpc::v1::Description;
using testing::ttrpc::v1::EchoClient;
using testing::ttrpc::v1::EchoService;
using testing::ttrpc::v1::FailRequest;
using testing::ttrpc::v1::kEchoMethods;
using testing::types::Text;
using Empty = google::protobuf::Empty;

class RpcTest : public testing::LoopTest {
 protected:
  void SetUp() override {
    router_.Add(EchoService::Bind(echo_));
    router_.Add(EchoService::Bind(echo_, "renamed.Echo"));
    server_ = std::make_unique<Server>(loop_, router_, log_);
    ASSERT_TRUE(server_->Serve(testing::Listen(temp_.File("s"))).ok());
    auto socket = ConnectUnix(temp_.File("s"));
    ASSERT_TRUE(socket.ok());
    client_ = std::make_unique<Client>(loop_, *std::move(socket));
  }
  // Makes one call and runs the loop until it has ended.
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(
      EchoClient echo,
      void (EchoClient::*method)(const Request&, const CallOptions&,
                                 std::function<void(absl::StatusOr<Response>)>),
      const Request& request, const CallOptions& options = {}) {
    std::optional<absl::StatusOr<Response>> result;
    (echo.*method)(request, options,
                   [&](absl::StatusOr<Response> done) { result = std::move(done); });
    RunUntil([&] { return result.has_value(); });
    return *std::move(result);
  }
  static Text Saying(const std::string& value) {
    Text text;
    text.set_value(value);
    return text;
  }

  Router router_;
  testing::EchoServer echo_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

TEST_F(RpcTest, MessagesGoThereAndBack) {
  for (const std::string& text :
       {std::string(), std::string("hello"), std::string(1000, 'x'), std::string(4'000'000, 'y')}) {
    const auto said = Call(EchoClient(*client_), &EchoClient::Say, Saying(text));
    ASSERT_TRUE(said.ok()) << said.status();
    EXPECT_EQ(said->value(), text);
  }
}

TEST_F(RpcTest, LargestMessageFitsAndOneMoreDoesNot) {  // TT-04, TT-05
  // Service, method and the lengths of payload and text around the text itself.
  const std::size_t overhead = 2 + EchoService::kServiceName.size() + 2 + 3 + 5 + 5;
  const std::size_t longest = kFrameDataBytesMax - overhead;
  EXPECT_TRUE(Call(EchoClient(*client_), &EchoClient::Say, Saying(std::string(longest, 'x'))).ok());
  EXPECT_EQ(Call(EchoClient(*client_), &EchoClient::Say, Saying(std::string(longest + 1, 'x')))
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(Call(EchoClient(*client_), &EchoClient::Say, Saying("still fine")).ok());
}

TEST_F(RpcTest, ErrorsKeepCodeAndMessage) {  // TT-21
  for (int code = 1; code <= 16; ++code) {
    FailRequest request;
    request.set_code(code);
    request.set_message(absl::StrCat("error ", code));
    EXPECT_EQ(Call(EchoClient(*client_), &EchoClient::Fail, request).status(),
              absl::Status(static_cast<absl::StatusCode>(code), absl::StrCat("error ", code)));
  }
}

TEST_F(RpcTest, MetadataAndDeadlineReachTheHandler) {  // TT-17, TT-18, TT-20
  const auto plain = Call(EchoClient(*client_), &EchoClient::Describe, Empty());
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->metadata_size(), 0);
  EXPECT_FALSE(plain->has_deadline());
  const auto described = Call(
      EchoClient(*client_), &EchoClient::Describe, Empty(),
      {.timeout = std::chrono::hours(1),
       .metadata = {{"containerd-namespace-ttrpc", "default"}, {"traceparent", "00-ab-cd-01"}}});
  ASSERT_TRUE(described.ok());
  ASSERT_EQ(described->metadata_size(), 2);
  EXPECT_EQ(described->metadata(0).key(), "containerd-namespace-ttrpc");
  EXPECT_EQ(described->metadata(1).value(), "00-ab-cd-01");
  EXPECT_TRUE(described->has_deadline());
}

TEST_F(RpcTest, ServerEndsTheCallAtItsDeadline) {  // TT-17
  const auto hung = Call(EchoClient(*client_), &EchoClient::Hang, Empty(),
                         {.timeout = std::chrono::milliseconds(1), .grace = std::chrono::hours(1)});
  EXPECT_EQ(hung.status(), absl::DeadlineExceededError("ttrpc: deadline exceeded"));
  EXPECT_EQ(echo_.abandoned, 1);
}

TEST_F(RpcTest, ServiceMayBeServedUnderAnotherName) {
  EXPECT_TRUE(Call(EchoClient(*client_, "renamed.Echo"), &EchoClient::Say, Saying("x")).ok());
  EXPECT_EQ(
      Call(EchoClient(*client_, "unknown.Echo"), &EchoClient::Say, Saying("x")).status().code(),
      absl::StatusCode::kUnimplemented);  // TT-14
}

TEST_F(RpcTest, UndecodableResponseIsInternal) {
  router_.Add({"broken.Echo",
               {{"Say", [](absl::string_view, const CallInfo&, std::unique_ptr<Responder> call) {
                   call->Respond(std::string("\x0A\xFF"));
                 }}}});
  const auto said = Call(EchoClient(*client_, "broken.Echo"), &EchoClient::Say, Saying("x"));
  EXPECT_EQ(said.status(), absl::InternalError("ttrpc: undecodable ttrpc.testing.types.Text"));
}

TEST_F(RpcTest, ManyCallsAtOnceEachGetTheirOwnAnswer) {  // TT-08
  EchoClient echo(*client_);
  int right = 0;
  for (int i = 0; i < 2000; ++i) {
    echo.Say(Saying(absl::StrCat(i)), {}, [&right, i](const absl::StatusOr<Text>& said) {
      if (said.ok() && said->value() == absl::StrCat(i)) ++right;
    });
  }
  RunUntil([&] { return right == 2000; });
}

TEST_F(RpcTest, MethodTableNamesEveryRpc) {
  EXPECT_THAT(kEchoMethods, ElementsAre("Say", "Fail", "Hang", "Describe"));
  const BoundService bound = EchoService::Bind(echo_);
  EXPECT_EQ(bound.name, "ttrpc.testing.ttrpc.v1.Echo");  // TT-13
  EXPECT_EQ(bound.methods.size(), kEchoMethods.size());
  for (const absl::string_view method : kEchoMethods) {
    EXPECT_NE(bound.methods.find(method), bound.methods.end());
  }
}

TEST_F(RpcTest, ServerGoneEndsCallsAsUnavailable) {
  std::vector<std::string> events;
  EchoClient(*client_).Hang(Empty(), {}, [&](const absl::StatusOr<Empty>& hung) {
    events.push_back(hung.status().ToString());
  });
  client_->OnClosed([&](const absl::Status&) { events.emplace_back("closed"); });
  RunUntil([&] { return echo_.hanging.size() == 1; });
  server_.reset();
  RunUntil([&] { return events.size() == 2; });
  EXPECT_THAT(events, ElementsAre("UNAVAILABLE: ttrpc: connection closed", "closed"));
}

}  // namespace
}  // namespace ttrpc
