// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/server.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "ttrpc/client.h"
#include "ttrpc/testing/echo_server.h"
#include "ttrpc/testing/frames.h"
#include "ttrpc/testing/loop_test.h"

namespace {

std::deque<int> accept_errors;
int accept_calls = 0;

// What the next calls of accept4 fail with. Taking descriptors away for real would also take them
// from the sanitizers, whose checks open pipes.
void FailAccepting(std::deque<int> errors) {
  accept_errors = std::move(errors);
  accept_calls = 0;
}
int AcceptCalls() { return accept_calls; }

}  // namespace

// Found before the C library's by the whole test program.
extern "C" int accept4(int socket, sockaddr* address, socklen_t* size, int flags) {
  ++accept_calls;
  if (accept_errors.empty()) {
    return static_cast<int>(::syscall(SYS_accept4, socket, address, size, flags));
  }
  errno = accept_errors.front();
  accept_errors.pop_front();
  return -1;
}

namespace ttrpc {
namespace {

using ::testing::AllOf;
using testing::Answer;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using testing::RequestFrame;
using testing::ttrpc::v1::EchoService;

// Raw peers: the test itself writes and reads, the loop serves.
class ServerTest : public testing::LoopTest {
 protected:
  void SetUp() override {
    router_.Add(EchoService::Bind(echo_));
    StartServer({});
  }
  void StartServer(ServerOptions options) {
    server_.reset();
    ::unlink(path_.c_str());
    server_ = std::make_unique<Server>(loop_, router_, log_, options);
    ASSERT_TRUE(server_->Serve(testing::Listen(path_)).ok());
  }
  base::UniqueFd Connect() {
    auto socket = ConnectUnix(path_);
    EXPECT_TRUE(socket.ok()) << socket.status();
    return socket.ok() ? *std::move(socket) : base::UniqueFd();
  }
  base::UniqueFd ConnectAndAccept() {
    const std::size_t before = server_->connections();
    base::UniqueFd socket = Connect();
    RunUntil([&] { return server_->connections() > before; });
    return socket;
  }

  // Writes all, running the loop while the socket is full.
  void Send(const base::UniqueFd& socket, absl::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else {
        ASSERT_EQ(errno, EAGAIN);
        RunReady();
      }
    }
  }
  // All that has come so far; `closed` is set at the end of the stream.
  static std::string Receive(const base::UniqueFd& socket, bool* closed = nullptr) {
    std::string bytes;
    std::string buffer(256 * 1024, '\0');
    while (true) {
      const ssize_t count = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
      if (count <= 0) {
        if (closed != nullptr) *closed = count == 0 || errno != EAGAIN;
        return bytes;
      }
      bytes.append(buffer, 0, static_cast<std::size_t>(count));
    }
  }
  std::vector<Answer> ReceiveAnswers(const base::UniqueFd& socket, std::size_t count) {
    std::string bytes;
    RunUntil([&] {
      bytes += Receive(socket);
      return testing::SplitFrames(bytes).size() >= count;
    });
    std::vector<Answer> answers;
    for (const auto& frame : testing::SplitFrames(bytes)) {
      answers.push_back(testing::ToAnswer(frame));
    }
    return answers;
  }
  void ExpectClosed(const base::UniqueFd& socket) {
    bool closed = false;
    RunUntil([&] {
      EXPECT_EQ(Receive(socket, &closed), "");
      return closed;
    });
  }
  static std::string Call(std::uint32_t stream, absl::string_view method,
                          absl::string_view payload = "", std::int64_t timeout_nano = 0) {
    return RequestFrame(stream, {.service = EchoService::kServiceName,
                                 .method = method,
                                 .payload = payload,
                                 .timeout_nano = timeout_nano});
  }
  static std::string Text(const std::string& value) {
    testing::types::Text text;
    text.set_value(value);
    return text.SerializeAsString();
  }
  void ExpectServes(const base::UniqueFd& socket, std::uint32_t stream) {
    Send(socket, Call(stream, "Say", Text("probe")));
    EXPECT_THAT(ReceiveAnswers(socket, 1),
                ElementsAre(Answer{.stream = stream, .payload = Text("probe")}));
  }

  const std::string path_ = temp_.File("server.sock");
  Router router_;
  testing::EchoServer echo_;
  std::unique_ptr<Server> server_;
};

auto Code(absl::StatusCode code) { return Field(&Answer::code, static_cast<int>(code)); }

TEST_F(ServerTest, AnswersACall) {
  const base::UniqueFd socket = Connect();
  ExpectServes(socket, 1);
  ExpectServes(socket, 3);
}

TEST_F(ServerTest, ErrorsOfCallsLeaveTheConnectionUsable) {  // TT-14, TT-15, TT-04
  const base::UniqueFd socket = Connect();
  Send(socket, RequestFrame(1, {.service = "foo.Bar", .method = "X"}));
  Send(socket, Call(3, "Nope"));
  Send(socket, Call(5, "Say", "\x0A\xFF"));
  Send(socket, testing::RawFrame(7, kFrameRequest, "\x0A\xFF"));
  Send(socket, testing::RawFrame(9, kFrameRequest, std::string(kFrameDataBytesMax + 1, '\0')));
  EXPECT_THAT(
      ReceiveAnswers(socket, 5),
      ElementsAre(Code(absl::StatusCode::kUnimplemented), Code(absl::StatusCode::kUnimplemented),
                  AllOf(Code(absl::StatusCode::kInternal),
                        Field(&Answer::message, HasSubstr("ttrpc.testing.types.Text"))),
                  Code(absl::StatusCode::kInvalidArgument),
                  Code(absl::StatusCode::kResourceExhausted)));
  ExpectServes(socket, 11);
}

TEST_F(ServerTest, HangingCallDoesNotDelayOthers) {  // TT-08
  const base::UniqueFd socket = Connect();
  Send(socket, absl::StrCat(Call(1, "Hang"), Call(3, "Hang"), Call(5, "Say", Text("first"))));
  EXPECT_THAT(ReceiveAnswers(socket, 1), ElementsAre(Field(&Answer::stream, 5u)));
  std::move(echo_.hanging[1])(google::protobuf::Empty());
  EXPECT_THAT(ReceiveAnswers(socket, 1), ElementsAre(Answer{.stream = 3}));
  std::move(echo_.hanging[0])(absl::AbortedError("after all"));
  EXPECT_THAT(ReceiveAnswers(socket, 1),
              ElementsAre(Answer{.stream = 1, .code = 10, .message = "after all"}));
  EXPECT_EQ(echo_.abandoned, 0);
}

TEST_F(ServerTest, PipelinedCallsAreAllAnswered) {
  const base::UniqueFd socket = Connect();
  std::string bytes;
  for (std::uint32_t i = 0; i < 5000; ++i) bytes += Call(2 * i + 1, "Say", Text("x"));
  Send(socket, bytes);
  const std::vector<Answer> answers = ReceiveAnswers(socket, 5000);
  for (std::uint32_t i = 0; i < 5000; ++i) {
    ASSERT_EQ(answers[i], (Answer{.stream = 2 * i + 1, .payload = Text("x")}));
  }
}

TEST_F(ServerTest, AnswersToOneBatchGoOutInOneWrite) {
  const base::UniqueFd socket = ConnectAndAccept();
  Send(socket, absl::StrCat(Call(1, "Say", Text("a")), Call(3, "Say", Text("b"))));
  pollfd readable{.fd = socket.get(), .events = POLLIN, .revents = 0};
  RunUntil([&] { return ::poll(&readable, 1, 0) > 0; });
  EXPECT_EQ(testing::SplitFrames(Receive(socket)).size(), 2u);
}

TEST_F(ServerTest, LargeAnswersWaitForThePeerWithoutBlockingOthers) {
  const base::UniqueFd slow = Connect();
  const base::UniqueFd quick = Connect();
  const std::string text = Text(std::string(3'000'000, 'x'));
  Send(slow, Call(1, "Say", text));
  Send(slow, Call(3, "Say", text));
  ExpectServes(quick, 1);
  EXPECT_THAT(ReceiveAnswers(slow, 2), ElementsAre(Answer{.stream = 1, .payload = text},
                                                   Answer{.stream = 3, .payload = text}));
}

TEST_F(ServerTest, PeerThatNeverReadsIsDisconnected) {
  const base::UniqueFd socket = Connect();
  const base::UniqueFd other = Connect();
  const std::string call = Text(std::string(4'000'000, 'x'));
  std::uint32_t stream = 1;
  bool closed = false;
  while (!closed) {
    ASSERT_LT(stream, 200u) << "queued without bound";
    std::string bytes = Call(stream, "Say", call);
    stream += 2;
    while (!bytes.empty() && !closed) {
      const ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) bytes.erase(0, static_cast<std::size_t>(sent));
      closed = sent < 0 && errno == EPIPE;
      RunReady();
    }
  }
  EXPECT_GE(stream * call.size() / 2, kWriteQueueBytesMax);
  ExpectServes(other, 1);
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(ServerTest, DeadlineEndsACallOnTheServer) {  // TT-17
  const base::UniqueFd socket = Connect();
  Send(socket, Call(1, "Hang", "", 1'000'000));
  EXPECT_THAT(ReceiveAnswers(socket, 1), ElementsAre(Code(absl::StatusCode::kDeadlineExceeded)));
  EXPECT_EQ(echo_.abandoned, 1);
  std::move(echo_.hanging[0])(google::protobuf::Empty());  // harmless
  ExpectServes(socket, 3);
}

TEST_F(ServerTest, AnEarlierDeadlineOvertakesALaterOne) {
  const base::UniqueFd socket = Connect();
  Send(socket, Call(1, "Hang", "", 3'600'000'000'000));
  Send(socket, Call(3, "Hang", "", 1'000'000));
  EXPECT_THAT(ReceiveAnswers(socket, 1), ElementsAre(Field(&Answer::stream, 3u)));
  Send(socket, Call(5, "Hang", "", 1'000'000));
  EXPECT_THAT(ReceiveAnswers(socket, 1), ElementsAre(Field(&Answer::stream, 5u)));
}

TEST_F(ServerTest, EachDeadlineIsKept) {
  const base::UniqueFd socket = Connect();
  Send(socket, absl::StrCat(Call(1, "Hang", "", 3'000'000), Call(3, "Hang", "", 1'000'000),
                            Call(5, "Hang", "", 5'000'000)));
  EXPECT_THAT(ReceiveAnswers(socket, 3),
              ElementsAre(Field(&Answer::stream, 3u), Field(&Answer::stream, 1u),
                          Field(&Answer::stream, 5u)));
}

TEST_F(ServerTest, LosingAConnectionAbandonsItsCallsOnly) {  // TT-24, SOCK-13, SOCK-14
  base::UniqueFd lost = Connect();
  const base::UniqueFd kept = Connect();
  Send(lost, absl::StrCat(Call(1, "Hang"), Call(3, "Hang")));
  Send(kept, Call(1, "Hang"));
  RunUntil([&] { return echo_.hanging.size() == 3; });
  lost.reset();
  RunUntil([&] { return echo_.abandoned == 2; });
  EXPECT_EQ(server_->connections(), 1u);
  for (auto& reply : echo_.hanging) std::move(reply)(google::protobuf::Empty());
  EXPECT_THAT(ReceiveAnswers(kept, 1), ElementsAre(Answer{.stream = 1}));
  EXPECT_EQ(echo_.abandoned, 2);
}

TEST_F(ServerTest, AbandonedIsToldAlsoToWhoAsksLate) {
  base::UniqueFd socket = Connect();
  Send(socket, Call(1, "Hang"));
  RunUntil([&] { return echo_.hanging.size() == 1; });
  socket.reset();
  RunUntil([&] { return server_->connections() == 0; });
  bool told = false;
  echo_.hanging[0].OnAbandoned([&] { told = true; });
  EXPECT_FALSE(told);
  RunUntil([&] { return told; });
}

TEST_F(ServerTest, UnansweredReplyIsInternal) {
  const base::UniqueFd socket = Connect();
  Send(socket, Call(1, "Hang"));
  RunUntil([&] { return echo_.hanging.size() == 1; });
  echo_.hanging.clear();
  EXPECT_THAT(ReceiveAnswers(socket, 1), ElementsAre(Code(absl::StatusCode::kInternal)));
  EXPECT_EQ(echo_.abandoned, 0);
  ExpectServes(socket, 3);
}

TEST_F(ServerTest, FrameCutShortByEofIsNoCall) {
  base::UniqueFd socket = Connect();
  const std::string call = Call(1, "Hang");
  Send(socket, call.substr(0, call.size() - 1));
  RunUntil([&] { return server_->connections() == 1; });
  socket.reset();
  RunUntil([&] { return server_->connections() == 0; });
  EXPECT_TRUE(echo_.hanging.empty());
}

TEST_F(ServerTest, HalfClosedPeerGetsWhatItAskedFor) {
  const base::UniqueFd socket = Connect();
  Send(socket, Call(1, "Say", Text("last words")));
  ASSERT_EQ(::shutdown(socket.get(), SHUT_WR), 0);
  EXPECT_THAT(ReceiveAnswers(socket, 1),
              ElementsAre(Answer{.stream = 1, .payload = Text("last words")}));
  ExpectClosed(socket);
}

class OtherUserTest : public ServerTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to be somebody else";
    ServerTest::SetUp();
    server_ = std::make_unique<Server>(loop_, router_, log_);
    ASSERT_TRUE(server_->Serve(testing::Listen(name_)).ok());
  }
  base::UniqueFd ConnectAs(uid_t uid, gid_t gid) {
    EXPECT_EQ(::setresgid(gid_t(-1), gid, gid_t(-1)), 0);
    EXPECT_EQ(::setresuid(uid_t(-1), uid, uid_t(-1)), 0);
    auto socket = ConnectUnix(name_);
    EXPECT_EQ(::setresuid(uid_t(-1), 0, uid_t(-1)), 0);
    EXPECT_EQ(::setresgid(gid_t(-1), 0, gid_t(-1)), 0);
    EXPECT_TRUE(socket.ok());
    return socket.ok() ? *std::move(socket) : base::UniqueFd();
  }
  const std::string name_ = absl::StrCat("@shimgauge-server-test-", ::getpid());
};

TEST_F(OtherUserTest, IsDisconnectedWithoutAReply) {  // SOCK-12
  for (const auto& [uid, gid] : {std::pair<uid_t, gid_t>{12345, 0}, {0, 12345}}) {
    const base::UniqueFd socket = ConnectAs(uid, gid);
    Send(socket, Call(1, "Say", Text("x")));
    ExpectClosed(socket);
  }
  ExpectServes(ConnectAs(0, 0), 1);
  EXPECT_TRUE(echo_.hanging.empty());
}

TEST_F(OtherUserTest, IsServedWhenAllowed) {
  server_ = std::make_unique<Server>(loop_, router_, log_, ServerOptions{.same_user_only = false});
  const std::string other = name_ + "-open";
  ASSERT_TRUE(server_->Serve(testing::Listen(other)).ok());
  ASSERT_EQ(::setresuid(uid_t(-1), 12345, uid_t(-1)), 0);
  auto socket = ConnectUnix(other);
  ASSERT_EQ(::setresuid(uid_t(-1), 0, uid_t(-1)), 0);
  ASSERT_TRUE(socket.ok());
  ExpectServes(*socket, 1);
}

TEST_F(ServerTest, ConnectionsAreBounded) {
  StartServer({.connections_max = 2});
  const base::UniqueFd first = ConnectAndAccept();
  base::UniqueFd second = ConnectAndAccept();
  const base::UniqueFd third = Connect();
  ExpectClosed(third);
  ExpectServes(first, 1);
  second.reset();
  RunUntil([&] { return server_->connections() == 1; });
  ExpectServes(Connect(), 1);
}

// The listener stays readable while accepting fails, so a server that tried again at once would
// spin.
TEST_F(ServerTest, PausesAcceptingWithoutResourcesUntilAConnectionCloses) {
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    RunUntil([&] { return server_->connections() == 0; });  // those of the turn before
    base::UniqueFd first = ConnectAndAccept();
    const base::UniqueFd waiting = Connect();
    FailAccepting({error});
    RunReady();
    RunReady();
    EXPECT_EQ(AcceptCalls(), 1) << "it spins";
    EXPECT_EQ(server_->connections(), 1u);
    ExpectServes(first, 1);
    first.reset();
    RunReady();  // the closing itself makes accepting go on, not the time
    EXPECT_EQ(server_->connections(), 1u);
    ExpectServes(waiting, 1);
  }
}

TEST_F(ServerTest, TriesAgainWhenResourcesComeFromElsewhere) {
  const base::UniqueFd waiting = Connect();
  FailAccepting({EMFILE, EMFILE});
  RunReady();
  EXPECT_EQ(server_->connections(), 0u);
  ExpectServes(waiting, 1);
  EXPECT_GE(AcceptCalls(), 3);
}

TEST_F(ServerTest, PassingErrorsOfAcceptAreTriedAgainAtOnce) {
  const base::UniqueFd waiting = Connect();
  FailAccepting({ECONNABORTED, EINTR});
  RunReady();
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(ServerTest, DrainDeliversWhatIsAnsweredAndFailsTheRest) {
  const base::UniqueFd socket = Connect();
  Send(socket, absl::StrCat(Call(1, "Hang"), Call(3, "Hang")));
  RunUntil([&] { return echo_.hanging.size() == 2; });
  bool done = false;
  std::move(echo_.hanging[0])(google::protobuf::Empty());
  server_->Drain(std::chrono::hours(1), [&] { done = true; });
  EXPECT_FALSE(done);
  EXPECT_EQ(echo_.abandoned, 1);
  EXPECT_THAT(ReceiveAnswers(socket, 2),
              ElementsAre(Answer{.stream = 1}, Code(absl::StatusCode::kUnavailable)));
  ExpectClosed(socket);
  RunUntil([&] { return done; });
  EXPECT_EQ(server_->connections(), 0u);
  EXPECT_EQ(ConnectUnix(path_).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, DrainFromAHandlerStillSendsItsAnswer) {  // SHUT-like: reply, then end
  const base::UniqueFd socket = Connect();
  bool done = false;
  echo_.on_hang = [&] {
    std::move(echo_.hanging[0])(google::protobuf::Empty());
    server_->Drain(std::chrono::hours(1), [&] { done = true; });
  };
  Send(socket, absl::StrCat(Call(1, "Hang"), Call(3, "Say", Text("too late"))));
  EXPECT_THAT(ReceiveAnswers(socket, 2),
              ElementsAre(Answer{.stream = 1}, Code(absl::StatusCode::kUnavailable)));
  ExpectClosed(socket);
  RunUntil([&] { return done; });
}

TEST_F(ServerTest, DrainWaitsForASlowReader) {
  const base::UniqueFd socket = Connect();
  const std::string text = Text(std::string(3'000'000, 'x'));
  Send(socket, Call(1, "Say", text));
  pollfd readable{.fd = socket.get(), .events = POLLIN, .revents = 0};
  RunUntil([&] { return ::poll(&readable, 1, 0) > 0; });
  bool done = false;
  server_->Drain(std::chrono::hours(1), [&] { done = true; });
  RunReady();
  EXPECT_FALSE(done);
  EXPECT_EQ(server_->connections(), 1u);
  EXPECT_THAT(ReceiveAnswers(socket, 1), ElementsAre(Answer{.stream = 1, .payload = text}));
  RunUntil([&] { return done; });
}

TEST_F(ServerTest, DrainGivesUpOnAPeerThatDoesNotRead) {
  const base::UniqueFd socket = Connect();
  Send(socket, Call(1, "Say", Text(std::string(3'000'000, 'x'))));
  pollfd readable{.fd = socket.get(), .events = POLLIN, .revents = 0};
  RunUntil([&] { return ::poll(&readable, 1, 0) > 0; });
  bool done = false;
  server_->Drain(std::chrono::milliseconds(1), [&] { done = true; });
  RunUntil([&] { return done; });
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(ServerTest, DrainWithoutConnectionsIsDoneAtOnce) {
  bool done = false;
  server_->Drain(std::chrono::hours(1), [&] { done = true; });
  EXPECT_FALSE(done);
  RunUntil([&] { return done; });
}

TEST_F(ServerTest, DrainIsIdempotent) {
  const base::UniqueFd socket = ConnectAndAccept();
  std::vector<int> done;
  server_->Drain(std::chrono::hours(1), [&] { done.push_back(1); });
  server_->Drain(std::chrono::hours(1), [&] { done.push_back(2); });
  RunUntil([&] { return done.size() == 2; });
  server_->Drain(std::chrono::hours(1), [&] { done.push_back(3); });
  RunUntil([&] { return done.size() == 3; });
  EXPECT_THAT(done, ElementsAre(1, 2, 3));
}

TEST_F(ServerTest, HandlerMayDestroyTheServer) {
  const base::UniqueFd socket = Connect();
  echo_.on_hang = [&] { server_.reset(); };
  Send(socket, absl::StrCat(Call(1, "Hang"), Call(3, "Hang"), Call(5, "Say")));
  ExpectClosed(socket);
  EXPECT_EQ(echo_.hanging.size(), 1u);
  EXPECT_EQ(echo_.abandoned, 1);
  std::move(echo_.hanging[0])(google::protobuf::Empty());
}

TEST_F(ServerTest, AbandonedCallbackMayDestroyTheServer) {
  base::UniqueFd socket = Connect();
  const base::UniqueFd other = Connect();
  Send(socket, absl::StrCat(Call(1, "Hang"), Call(3, "Hang")));
  Send(other, Call(1, "Hang"));
  RunUntil([&] { return echo_.hanging.size() == 3; });
  echo_.on_abandoned = [&] { server_.reset(); };
  socket.reset();
  RunUntil([&] { return echo_.abandoned == 3; });
  ExpectClosed(other);
}

TEST_F(ServerTest, DeadlineCallbackMayDestroyTheServer) {
  const base::UniqueFd socket = Connect();
  echo_.on_abandoned = [&] { server_.reset(); };
  Send(socket, Call(1, "Hang", "", 1'000'000));
  EXPECT_THAT(ReceiveAnswers(socket, 1), ElementsAre(Code(absl::StatusCode::kDeadlineExceeded)));
  ExpectClosed(socket);
}

TEST_F(ServerTest, RepliesOutliveTheServer) {
  const base::UniqueFd socket = Connect();
  Send(socket, absl::StrCat(Call(1, "Hang"), Call(3, "Hang")));
  RunUntil([&] { return echo_.hanging.size() == 2; });
  server_.reset();
  EXPECT_EQ(echo_.abandoned, 2);
  std::move(echo_.hanging[0])(google::protobuf::Empty());
  echo_.hanging.clear();  // one of them unanswered
  RunReady();
}

TEST_F(ServerTest, ServeRefusesWhatIsNoSocket) {
  Server server(loop_, router_, log_);
  EXPECT_FALSE(server.Serve(base::UniqueFd()).ok());
}

}  // namespace
}  // namespace ttrpc
