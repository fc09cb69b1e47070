// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <csignal>
#include <functional>

#include "base/log.h"
#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/testing/temp_dir.h"
#include "events/task.pb.h"
#include "fakes/wire/sockets.h"
#include "services/events/ttrpc.ttrpc.h"
#include "ttrpc/client.h"
#include "ttrpc/router.h"
#include "ttrpc/server.h"

namespace fakes {
namespace {

using containerd::services::events::ttrpc::v1::EventsService;
using containerd::services::events::ttrpc::v1::ForwardRequest;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::chrono::seconds kPatience{10};
constexpr char kService[] = "containerd.services.events.ttrpc.v1.Events";

// Answers OK and keeps the topics; plays the shim as well as containerd, since all that a relay
// does with calls holds for those of any service.
class Recorder : public EventsService {
 public:
  Recorder(boost::asio::io_context& loop, const std::string& path) : server_(loop, router_, log_) {
    router_.Add(Bind(*this));
    absl::StatusOr<base::UniqueFd> listener = ListenInstead(path, nullptr);
    EXPECT_TRUE(listener.ok() && server_.Serve(*std::move(listener)).ok()) << path;
  }
  void Forward(const ForwardRequest& request, const ttrpc::CallInfo& /*call*/,
               ttrpc::Reply<google::protobuf::Empty> reply) override {
    topics.push_back(request.envelope().topic());
    std::move(reply)(google::protobuf::Empty());
  }
  std::vector<std::string> topics;

 private:
  base::Log log_;
  ttrpc::Router router_;
  ttrpc::Server server_;
};

class RelayTest : public ::testing::Test {
 protected:
  RelayTest()
      : socket_(temp_.File("shim")), sink_path_(temp_.File("sink")), ours_(temp_.File("ours")) {
    auto child = base::Spawn({.path = "/bin/sleep", .argv = {"sleep", "1000"}});
    EXPECT_TRUE(child.ok()) << child.status();
    daemon_ = *std::move(child);
  }
  ~RelayTest() override { KillDaemon(); }

  void KillDaemon() {
    if (daemon_.pid < 0) return;
    ::kill(daemon_.pid, SIGKILL);
    ::waitpid(std::exchange(daemon_.pid, -1), nullptr, 0);
  }

  void Use(std::vector<std::string> rules) {
    shim_ = std::make_unique<Recorder>(loop_, socket_);
    shim_inode_ = InodeOf(socket_);
    static const KnownFault fault = {.name = "test"};
    auto book = RuleBook::Make({.fault = &fault, .rules = std::move(rules)});
    ASSERT_TRUE(book.ok()) << book.status();
    auto pidfd = base::OpenPidfd(daemon_.pid);
    ASSERT_TRUE(pidfd.ok());
    relay_ = std::make_unique<Relay>(loop_,
                                     RelayOptions{.socket = socket_,
                                                  .daemon = daemon_.pid,
                                                  .pidfd = *std::move(pidfd),
                                                  .ns = "ns",
                                                  .sinks = {{ours_, sink_path_}}},
                                     *std::move(book));
    const absl::Status started = relay_->Start();
    ASSERT_TRUE(started.ok()) << started;
  }

  bool Eventually(const std::function<bool()>& predicate) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!predicate() && std::chrono::steady_clock::now() < deadline) {
      loop_.restart();
      loop_.run_one_until(deadline);
    }
    return predicate();
  }

  std::unique_ptr<ttrpc::Client> Dial(const std::string& path) {
    auto fd = ConnectToPath(path);
    EXPECT_TRUE(fd.ok()) << fd.status();
    return fd.ok() ? std::make_unique<ttrpc::Client>(loop_, *std::move(fd)) : nullptr;
  }

  absl::Status Forward(ttrpc::Client& client, const std::string& topic) {
    ForwardRequest request;
    request.mutable_envelope()->set_topic(topic);
    request.mutable_envelope()->mutable_event()->set_type_url("containerd.events.TaskExit");
    std::optional<absl::Status> result;
    client.Call(kService, "Forward", request.SerializeAsString(), {},
                [&result](const absl::StatusOr<std::string>& reply) { result = reply.status(); });
    if (!Eventually([&result] { return result.has_value(); })) {
      return absl::DeadlineExceededError("no answer");
    }
    return *result;
  }

  base::testing::TempDir temp_;
  const std::string socket_;
  const std::string sink_path_;
  const std::string ours_;
  boost::asio::io_context loop_;
  base::Child daemon_;
  ino_t shim_inode_ = 0;
  std::unique_ptr<Recorder> shim_;
  std::unique_ptr<Recorder> sink_;
  std::unique_ptr<Relay> relay_;
};

TEST_F(RelayTest, StandsInTheShimsPlaceUntilItsDaemonEnds) {
  Use({"reply Nope drop"});
  EXPECT_NE(InodeOf(socket_), shim_inode_);
  struct stat info {};
  ASSERT_EQ(::stat(socket_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(ListenerOf(socket_), ::getpid());
  const auto client = Dial(socket_);
  EXPECT_TRUE(Forward(*client, "/a").ok());
  EXPECT_THAT(shim_->topics, ElementsAre("/a"));

  KillDaemon();
  EXPECT_TRUE(Eventually([this] { return InodeOf(socket_) == 0; }));
}

TEST_F(RelayTest, LeavesWhatTookItsPlaceAlone) {
  sink_ = std::make_unique<Recorder>(loop_, sink_path_);
  Use({"reply Nope drop"});
  ASSERT_NE(InodeOf(ours_), 0u);
  Recorder successor(loop_, socket_);
  const ino_t inode = InodeOf(socket_);
  KillDaemon();
  EXPECT_TRUE(Eventually([this] { return InodeOf(ours_) == 0; }));  // the relay has left
  EXPECT_EQ(InodeOf(socket_), inode);
}

TEST_F(RelayTest, RequestsAndRepliesFollowTheRules) {
  Use({"request Forward nth 1 fail ABORTED not now", "reply Forward nth 2 fail DATA_LOSS gone"});
  const auto client = Dial(socket_);
  EXPECT_EQ(Forward(*client, "/1").code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(Forward(*client, "/2").ok());
  EXPECT_EQ(Forward(*client, "/3").code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(shim_->topics, ElementsAre("/2", "/3"));
}

TEST_F(RelayTest, AConnectionEndsWithTheReply) {
  Use({"reply Forward cut"});
  const auto client = Dial(socket_);
  EXPECT_EQ(Forward(*client, "/1").code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(Eventually([&client] { return client->closed(); }));
}

TEST_F(RelayTest, HeldRepliesFollowWhatTheyWaitFor) {
  Use({"reply Forward nth 1 hold until request Forward"});
  const auto first = Dial(socket_);
  const auto second = Dial(socket_);
  bool answered = false;
  first->Call(kService, "Forward", "", {},
              [&answered](const absl::StatusOr<std::string>&) { answered = true; });
  ASSERT_TRUE(Eventually([this] { return shim_->topics.size() == 1; }));
  EXPECT_FALSE(answered);
  EXPECT_TRUE(Forward(*second, "/2").ok());
  EXPECT_TRUE(Eventually([&answered] { return answered; }));
}

TEST_F(RelayTest, EventsFollowTheRules) {
  sink_ = std::make_unique<Recorder>(loop_, sink_path_);
  Use({"event /lost drop", "event /twice dup", "event /late hold until event /other"});
  const auto shim = Dial(ours_);
  for (const char* topic : {"/lost", "/twice", "/late", "/other"}) {
    EXPECT_TRUE(Forward(*shim, topic).ok()) << topic;
  }
  EXPECT_TRUE(Eventually([this] { return sink_->topics.size() >= 4; }));
  EXPECT_THAT(sink_->topics, ElementsAre("/twice", "/twice", "/other", "/late"));
}

TEST_F(RelayTest, TheEventServiceIsThereWhileContainerdsIs) {
  Use({"reply Nope drop"});
  EXPECT_EQ(InodeOf(ours_), 0u);
  sink_ = std::make_unique<Recorder>(loop_, sink_path_);
  EXPECT_TRUE(Eventually([this] { return InodeOf(ours_) != 0; }));
  ASSERT_EQ(::unlink(sink_path_.c_str()), 0);
  EXPECT_TRUE(Eventually([this] { return InodeOf(ours_) == 0; }));
  EXPECT_THAT(sink_->topics, IsEmpty());
}

}  // namespace
}  // namespace fakes
