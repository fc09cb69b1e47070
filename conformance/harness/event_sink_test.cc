// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/event_sink.h"

#include <absl/strings/string_view.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/child_reaper.h"
#include "base/testing/leak_guard.h"
#include "conformance/harness/check_context_scope.h"
#include "containerd/timestamps.h"
#include "events/task.pb.h"
#include "fakes/containerd/testing/run_until.h"
#include "services/events/ttrpc.ttrpc.h"
#include "ttrpc/client.h"

namespace conformance {
namespace {

using containerd::services::events::ttrpc::v1::EventsClient;
using containerd::services::events::ttrpc::v1::ForwardRequest;
using fakes::testing::RunUntil;

ForwardRequest ExitMadeAgo(std::chrono::seconds age) {
  containerd::events::TaskExit exit;
  exit.set_container_id("c1");
  ForwardRequest request;
  *request.mutable_envelope()->mutable_timestamp() =
      containerd::ToTimestamp(std::chrono::system_clock::now() - age);
  request.mutable_envelope()->set_namespace_("shimgauge");
  request.mutable_envelope()->set_topic("/tasks/exit");
  request.mutable_envelope()->mutable_event()->set_type_url("containerd.events.TaskExit");
  request.mutable_envelope()->mutable_event()->set_value(exit.SerializeAsString());
  return request;
}

class RecordingSinkTest : public base::testing::ProcessTest {
 protected:
  RecordingSinkTest() {
    auto reaper = base::ChildReaper::Create(loop_);
    EXPECT_TRUE(reaper.ok()) << reaper.status();
    reaper_ = *std::move(reaper);
    world_.sink_path = temp_.File("events");
  }

  // Sends the request twice and returns how many events were made of that.
  std::size_t Recorded(const ForwardRequest& request, EventSink::Mode mode) {
    const WorkerServices services{loop_, *reaper_, [](absl::string_view) {}};
    scope_.emplace(services, world_, subject_, profile_, std::vector<std::string>{});
    RecordingSink sink(*scope_);
    EXPECT_TRUE(sink.Start().ok());
    if (mode != EventSink::Mode::kPrompt) {
      sink.SetMode(mode, std::chrono::milliseconds(1), absl::StatusCode::kUnavailable,
                   fakes::EventSink::kForEver);
    }
    auto socket = ttrpc::ConnectUnix(sink.address());
    EXPECT_TRUE(socket.ok()) << socket.status();
    ttrpc::Client client(loop_, *std::move(socket));
    for (int i = 0; i < 2; ++i) {
      bool answered = false;
      EventsClient(client).Forward(request, {}, [&](const auto&) { answered = true; });
      EXPECT_TRUE(RunUntil(loop_, [&] { return answered; }));
    }
    EXPECT_EQ(sink.received(), 2u);
    return sink.events().size();
  }
  bool HistoryTells(const std::string& text) {
    for (const HistoryEntry& entry : scope_->history().TakeEntries()) {
      if (entry.text.find(text) != std::string::npos) return true;
    }
    return false;
  }

  boost::asio::io_context loop_;
  std::unique_ptr<base::ChildReaper> reaper_;
  WorldInfo world_;
  SubjectInfo subject_;
  Profile profile_ = DefaultProfile();
  std::optional<CheckScope> scope_;
};

TEST_F(RecordingSinkTest, AnEventSentTwiceIsTwoEvents) {
  EXPECT_EQ(Recorded(ExitMadeAgo(std::chrono::seconds(6)), EventSink::Mode::kPrompt), 2u);
  EXPECT_FALSE(HistoryTells("answered late"));
}

// EVT-41, EVT-45.
TEST_F(RecordingSinkTest, OnASlowMachineWhatIsSentAgainInTimeIsNoSecondEvent) {
  world_.deadline_scale = 2;
  EXPECT_EQ(Recorded(ExitMadeAgo(std::chrono::seconds(6)), EventSink::Mode::kPrompt), 1u);
  EXPECT_TRUE(HistoryTells("event sink has answered late: /tasks/exit came again"));
}

TEST_F(RecordingSinkTest, OnASlowMachineWhatIsSentAgainAtOnceIsASecondEvent) {
  world_.deadline_scale = 2;
  EXPECT_EQ(Recorded(ExitMadeAgo(std::chrono::seconds(0)), EventSink::Mode::kPrompt), 2u);
}

// A check that asks for late answers wants to see what comes of them.
TEST_F(RecordingSinkTest, ASinkThatIsMeantToBeLateTellsEveryEvent) {
  world_.deadline_scale = 2;
  EXPECT_EQ(Recorded(ExitMadeAgo(std::chrono::seconds(6)), EventSink::Mode::kSlow), 2u);
}

}  // namespace
}  // namespace conformance
