// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/trace.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "base/child_reaper.h"
#include "base/log.h"
#include "base/testing/leak_guard.h"
#include "base/testing/temp_dir.h"
#include "reference-shim/backends/vm/limits.h"
#include "reference-shim/backends/vm/qmp_client.h"
#include "ttrpc/wire_format.h"

namespace backends {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// Of the host's clock, which the tracer has looked at a moment before or after.
constexpr std::uint64_t kClockNanoseconds = 1'000'000;

std::string RequestOf(const std::string& id) {
  std::string request;
  ttrpc::AppendBytesField(1, id, &request);
  return request;
}

std::uint64_t Now() {
  return static_cast<std::uint64_t>(
      std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count());
}

std::uint64_t TimeOf(const json& span, const char* key) {
  return std::stoull(span.at(key).get<std::string>());
}

const json& ScopeOf(const json& request) {
  return request.at("resourceSpans").at(0).at("scopeSpans").at(0);
}

class TraceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto reaper = base::ChildReaper::Create(loop_);
    ASSERT_TRUE(reaper.ok()) << reaper.status();
    reaper_ = *std::move(reaper);
    context_.emplace(shim::BackendContext{
        .loop = loop_, .reaper = *reaper_, .log = log_, .namespace_name = "ns", .calls = &calls_});
    tracer_ = std::make_unique<Tracer>(*context_, file_, "pod");
  }

  void Answer(const std::string& method) { calls_.Begin(method, RequestOf("c"))(absl::OkStatus()); }

  static bool HasChild() {
    siginfo_t info{};
    return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
  }

  // The requests in the file, a line each.
  std::vector<json> Requests() const {
    std::vector<json> requests;
    if (!std::filesystem::exists(file_)) return requests;
    const std::string text = base::testing::ReadFile(file_);
    for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      requests.push_back(json::parse(std::string(line)));
    }
    return requests;
  }
  // All spans, once the tracer has gone.
  std::vector<json> Spans() {
    tracer_.reset();
    std::vector<json> spans;
    for (const json& request : Requests()) {
      for (const json& span : ScopeOf(request).at("spans")) spans.push_back(span);
    }
    return spans;
  }

  base::testing::LeakGuard leak_guard_;
  base::testing::TempDir temp_;
  const std::string file_ = temp_.File("trace.json");
  const std::string said_ = temp_.File("log");
  const base::UniqueFd log_fd_{::open(said_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  boost::asio::io_context loop_;
  base::Log log_{log_fd_.get(), base::LogLevel::kInfo};
  std::unique_ptr<base::ChildReaper> reaper_;
  shim::CallLog calls_;
  std::optional<shim::BackendContext> context_;
  std::unique_ptr<Tracer> tracer_;
};

TEST_F(TraceTest, ACallBelongsToTheOneThatLedToIt) {
  const std::uint64_t before = Now();
  const auto waiting = calls_.Begin("Wait", RequestOf("c"));
  const auto create = calls_.Begin("Create", RequestOf("c"));
  const auto other = calls_.Begin("Kill", RequestOf("d"));
  Tracer::Span boot = tracer_->Begin("PUT vm.boot", "");
  Tracer::Span inner = tracer_->Begin("grpc.AgentService/CreateContainer", "c");
  tracer_->End(std::move(inner), absl::InternalError("no such program"));
  tracer_->End(std::move(boot), absl::OkStatus());
  create(absl::OkStatus());
  other(absl::NotFoundError("d"));
  const std::vector<json> spans = Spans();
  ASSERT_EQ(spans.size(), 4U);
  const json& agent = spans[0];
  const json& hypervisor = spans[1];
  const json& server = spans[2];

  EXPECT_EQ(agent.at("name"), "grpc.AgentService/CreateContainer");
  EXPECT_EQ(agent.at("kind"), 3);
  EXPECT_EQ(agent.at("status").at("code"), 2);
  EXPECT_EQ(agent.at("status").at("message"), "INTERNAL: no such program");
  EXPECT_EQ(server.at("name"), "Create");
  EXPECT_EQ(server.at("kind"), 2);
  EXPECT_TRUE(server.at("status").empty());
  EXPECT_EQ(server.at("attributes").at(0).at("value").at("stringValue"), "c");
  EXPECT_EQ(spans[3].at("status").at("message"), "NOT_FOUND: d");

  EXPECT_FALSE(server.contains("parentSpanId"));
  EXPECT_EQ(agent.at("parentSpanId"), server.at("spanId"));
  EXPECT_EQ(agent.at("traceId"), server.at("traceId"));
  EXPECT_FALSE(hypervisor.contains("parentSpanId")) << "two calls may have led to it";
  EXPECT_NE(hypervisor.at("traceId"), server.at("traceId"));
  EXPECT_EQ(hypervisor.at("attributes").at(0).at("value").at("stringValue"), "pod");
  std::set<std::string> ids;
  for (const json& span : spans) {
    EXPECT_THAT(span.at("traceId").get<std::string>(), MatchesRegex("[0-9a-f]{32}"));
    EXPECT_THAT(span.at("spanId").get<std::string>(), MatchesRegex("[0-9a-f]{16}"));
    ids.insert(span.at("spanId"));
  }
  EXPECT_EQ(ids.size(), 4U);

  EXPECT_GE(TimeOf(server, "startTimeUnixNano") + kClockNanoseconds, before);
  EXPECT_LE(TimeOf(server, "startTimeUnixNano"), TimeOf(agent, "startTimeUnixNano"));
  EXPECT_LE(TimeOf(agent, "startTimeUnixNano"), TimeOf(agent, "endTimeUnixNano"));
  EXPECT_LE(TimeOf(agent, "endTimeUnixNano"), TimeOf(server, "endTimeUnixNano"));
  EXPECT_LE(TimeOf(server, "endTimeUnixNano"), Now() + kClockNanoseconds);
  waiting(absl::OkStatus());
}

TEST_F(TraceTest, ACallBelongsToTheOnlyOneUnderWay) {
  const auto create = calls_.Begin("Create", RequestOf("c"));
  tracer_->End(tracer_->Begin("PUT vm.boot", ""), absl::OkStatus());
  create(absl::OkStatus());
  tracer_->End(tracer_->Begin("GET vmm.ping", ""), absl::OkStatus());
  const std::vector<json> spans = Spans();
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(spans[0].at("parentSpanId"), spans[1].at("spanId"));
  EXPECT_FALSE(spans[2].contains("parentSpanId"));
}

TEST_F(TraceTest, ACommandOfTheMonitorIsASpan) {
  QmpClient monitor(loop_, tracer_.get());
  std::optional<absl::Status> answer;
  monitor.Execute("stop", "", seconds(1),
                  [&](const absl::StatusOr<std::string>& result) { answer = result.status(); });
  loop_.poll();
  ASSERT_TRUE(answer.has_value());
  const std::vector<json> spans = Spans();
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].at("name"), "QMP stop");
  EXPECT_EQ(spans[0].at("status").at("message"), answer->ToString());
}

TEST_F(TraceTest, WritesWhileItRunsAndSaysWhoseSpansTheyAre) {
  for (std::size_t lines = 1; lines <= 2; ++lines) {
    Answer("State");
    EXPECT_EQ(Requests().size(), lines - 1) << "written by the call itself";
    const auto limit = std::chrono::steady_clock::now() + seconds(30);
    while (Requests().size() < lines && std::chrono::steady_clock::now() < limit) {
      loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(100));
    }
    ASSERT_EQ(Requests().size(), lines);
  }
  const json request = Requests()[0];
  const json& resource = request.at("resourceSpans").at(0).at("resource").at("attributes");
  ASSERT_EQ(resource.size(), 2U);
  EXPECT_EQ(resource.at(0).at("key"), "service.name");
  EXPECT_EQ(resource.at(0).at("value").at("stringValue"), "containerd-shim-reference-v1");
  EXPECT_EQ(resource.at(1).at("key"), "service.instance.id");
  EXPECT_EQ(resource.at(1).at("value").at("stringValue"), "ns/pod");
  EXPECT_FALSE(ScopeOf(request).at("scope").contains("attributes")) << "nothing was lost";
  struct stat info {};
  ASSERT_EQ(::stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  tracer_.reset();
  EXPECT_EQ(Requests().size(), 2U) << "written again";
  loop_.restart();
  while (HasChild()) loop_.run_one();
}

TEST_F(TraceTest, WhatIsBeingWrittenAtTheEndIsWrittenOnce) {
  Answer("State");
  const auto begins = std::chrono::steady_clock::now() + kTracePause;
  while (std::chrono::steady_clock::now() < begins) loop_.run_one();
  ASSERT_TRUE(HasChild());
  Answer("Kill");
  const std::vector<json> spans = Spans();
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].at("name"), "State");
  EXPECT_EQ(spans[1].at("name"), "Kill");
  EXPECT_EQ(base::testing::ReadFile(said_), "");
  while (HasChild()) loop_.run_one();  // reaps it
}

TEST_F(TraceTest, CountsWhatItCannotKeep) {
  for (std::size_t i = 0; i < kTraceSpansMax + 3; ++i) Answer("State");
  tracer_.reset();
  const std::vector<json> requests = Requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(ScopeOf(requests[0]).at("spans").size(), kTraceSpansMax);
  const json& lost = ScopeOf(requests[0]).at("scope").at("attributes").at(0);
  EXPECT_EQ(lost.at("key"), "shimgauge.spans.lost");
  EXPECT_EQ(lost.at("value").at("intValue"), "3");
  EXPECT_THAT(base::testing::ReadFile(said_),
              HasSubstr(absl::StrCat("3 spans are not in ", file_)));
}

TEST_F(TraceTest, WhatIsNoFileIsSaidAndNotWaitedFor) {
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  Answer("State");
  tracer_.reset();
  EXPECT_THAT(base::testing::ReadFile(said_), HasSubstr(absl::StrCat("open ", file_)));
  EXPECT_THAT(base::testing::ReadFile(said_), HasSubstr("1 spans are not in "));

  tracer_ = std::make_unique<Tracer>(*context_, "/dev/null", "pod");
  Answer("State");
  tracer_.reset();
  EXPECT_THAT(base::testing::ReadFile(said_), HasSubstr("/dev/null: expected a regular file"));

  ASSERT_EQ(::unlink(file_.c_str()), 0);
  std::filesystem::create_symlink(temp_.File("elsewhere"), file_);
  tracer_ = std::make_unique<Tracer>(*context_, file_, "pod");
  Answer("State");
  tracer_.reset();
  EXPECT_FALSE(std::filesystem::exists(temp_.File("elsewhere")));
}

TEST_F(TraceTest, WhatComesFromOutsideIsCutAndMadeText) {
  const std::string large(1 << 20, 'x');
  calls_.Begin("State", RequestOf("\xff"))(absl::NotFoundError("\xfe"));
  calls_.Begin("State", RequestOf(large))(absl::NotFoundError(large));
  const std::vector<json> spans = Spans();
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].at("attributes").at(0).at("value").at("stringValue"), "\xef\xbf\xbd");
  EXPECT_LT(spans[1].dump().size(), 4 * kTraceTextBytesMax);
}

}  // namespace
}  // namespace backends
