// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "task/v3/task.pb.h"

namespace conformance {
namespace {

namespace v3 = containerd::task::v3;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kService[] = "containerd.task.v2.Task";

template <typename Request>
std::string For(const std::string& id, const std::string& exec = "") {
  Request request;
  request.set_id(id);
  request.set_exec_id(exec);
  return request.SerializeAsString();
}
std::string CreateFor(const std::string& id) {
  v3::CreateTaskRequest request;
  request.set_id(id);
  return request.SerializeAsString();
}

std::vector<std::string> Texts(History& history) {
  std::vector<std::string> texts;
  for (const HistoryEntry& entry : history.TakeEntries()) texts.push_back(entry.text);
  return texts;
}

TEST(History, CallsBecomeLinesAndFacts) {
  History history;
  const std::size_t create = history.BeginCall(3, kService, "Create", CreateFor("c1"));
  v3::CreateTaskResponse created;
  created.set_pid(42);
  history.EndCall(create, created.SerializeAsString());
  const std::size_t wait = history.BeginCall(3, kService, "Wait", For<v3::WaitRequest>("c1", "e1"));
  const std::size_t state = history.BeginCall(4, kService, "State", For<v3::StateRequest>("c1"));
  history.EndCall(state, absl::NotFoundError("gone"));
  v3::WaitResponse waited;
  waited.set_exit_status(7);
  waited.mutable_exited_at()->set_seconds(5);
  history.EndCall(wait, waited.SerializeAsString());

  const std::vector<CallFact>& calls = history.story().calls;
  ASSERT_THAT(calls, SizeIs(3));
  EXPECT_EQ(calls[0].method, "Create");
  EXPECT_EQ(calls[0].process, (ProcessKey{"c1", ""}));
  EXPECT_EQ(calls[0].connection, 3u);
  EXPECT_EQ(calls[0].pid, 42u);
  EXPECT_TRUE(calls[0].ok());
  EXPECT_EQ(calls[1].process, (ProcessKey{"c1", "e1"}));
  EXPECT_EQ(calls[1].exit_status, 7u);
  EXPECT_EQ(calls[1].exited_at_ns, 5'000'000'000);
  EXPECT_EQ(calls[2].code, absl::StatusCode::kNotFound);
  EXPECT_FALSE(calls[2].ok());
  EXPECT_EQ(history.calls(), 3);
  EXPECT_THAT(
      Texts(history),
      ElementsAre("→ Create c1", "← Create c1 ok pid=42", "→ Wait exec e1 of c1", "→ State c1",
                  "← State c1 NOT_FOUND: gone", "← Wait exec e1 of c1 ok exit_status=7"));
}

TEST(History, OtherServicesAreShownButNotJudged) {
  History history;
  const std::size_t call = history.BeginCall(0, "foo.Bar", "Create", CreateFor("c1"));
  history.EndCall(call, std::string("xx"));
  EXPECT_THAT(history.story().calls, IsEmpty());
  EXPECT_EQ(history.calls(), 1);
  EXPECT_THAT(Texts(history), ElementsAre("→ foo.Bar/Create", "← foo.Bar/Create ok, 2 bytes"));
}

TEST(History, ServicesThatOnlyLookAlikeAreOthers) {
  History history;
  history.BeginCall(0, "containerd.task.v3.Other", "Create", CreateFor("c1"));
  history.BeginCall(0, "acme.Task", "Create", CreateFor("c1"));
  EXPECT_THAT(history.story().calls, IsEmpty());
  const std::size_t refused = history.BeginCall(0, "foo.Bar", "Do", "");
  history.EndCall(refused, absl::NotFoundError("none"));
  EXPECT_THAT(Texts(history), ElementsAre("→ containerd.task.v3.Other/Create", "→ acme.Task/Create",
                                          "→ foo.Bar/Do", "← foo.Bar/Do NOT_FOUND: none"));
}

TEST(History, RepliesTellStateAndEnd) {
  History history;
  const auto state = [&history](containerd::types::Status status, bool timed) {
    v3::StateResponse response;
    response.set_status(status);
    response.set_exit_status(9);
    if (timed) response.mutable_exited_at()->set_nanos(1);
    const std::size_t call = history.BeginCall(0, kService, "State", For<v3::StateRequest>("c1"));
    history.EndCall(call, response.SerializeAsString());
    return history.TakeEntries().back().text;
  };
  EXPECT_EQ(state(containerd::types::RUNNING, false), "← State c1 ok status=RUNNING");
  EXPECT_EQ(state(containerd::types::STOPPED, true), "← State c1 ok status=STOPPED exit_status=9");
  EXPECT_EQ(state(containerd::types::STOPPED, false),
            "← State c1 ok status=STOPPED exit_status=9 exited_at=none");
}

TEST(History, ADeleteTellsHowItEnded) {
  History history;
  v3::DeleteResponse response;
  response.set_pid(1);
  response.set_exit_status(137);
  const std::size_t call = history.BeginCall(0, kService, "Delete", For<v3::DeleteRequest>("c1"));
  history.EndCall(call, response.SerializeAsString());
  EXPECT_EQ(history.TakeEntries().back().text,
            "← Delete c1 ok pid=1 exit_status=137 exited_at=none");
}

TEST(History, ARefusedEventIsShownAsOne) {
  History history;
  Event event;
  event.topic = "/tasks/start";
  history.AddEvent(event, absl::OkStatus());
  history.AddEvent(event, absl::InvalidArgumentError("no timestamp"));
  EXPECT_THAT(Texts(history),
              ElementsAre("⇐ /tasks/start", "⇐ /tasks/start REFUSED: no timestamp"));
  EXPECT_THAT(history.story().events, SizeIs(2));
  EXPECT_FALSE(history.story().events[1].acceptance.ok());
}

TEST(History, NothingIsMarkedInAnEmptyOne) {
  History history;
  history.MarkContradiction();
  history.Add(HistoryEntry::Lane::kRpc, "first");
  history.MarkContradiction();
  EXPECT_TRUE(history.TakeEntries()[0].contradiction);
}

TEST(History, UndecodableMessagesSayNothing) {
  History history;
  const std::size_t call = history.BeginCall(0, kService, "Create", "\xff\xff\xff");
  history.EndCall(call, std::string("\xff\xff\xff"));
  EXPECT_EQ(history.story().calls[0].process.container, "");
  EXPECT_EQ(history.story().calls[0].pid, 0u);
  EXPECT_EQ(history.TitleOf(call), "Create");
}

TEST(History, EntriesAreInOrderOfTimeWithOneContradiction) {
  History history;
  history.AddAt(20, HistoryEntry::Lane::kRpc, "late");
  history.AddAt(10, HistoryEntry::Lane::kEvent, "early");
  history.MarkContradiction();
  history.AddAt(30, HistoryEntry::Lane::kRpc, "last");
  history.MarkContradiction();
  const std::vector<HistoryEntry> entries = history.TakeEntries();
  ASSERT_THAT(entries, SizeIs(3));
  EXPECT_EQ(entries[0].text, "early");
  EXPECT_TRUE(entries[0].contradiction);
  EXPECT_FALSE(entries[1].contradiction);
  EXPECT_FALSE(entries[2].contradiction);
}

TEST(History, IsBounded) {
  History history;
  for (std::size_t i = 0; i < kHistoryEntriesMax + 5; ++i) {
    history.Add(HistoryEntry::Lane::kWorld, "x");
  }
  const std::vector<HistoryEntry> entries = history.TakeEntries();
  ASSERT_THAT(entries, SizeIs(kHistoryEntriesMax + 1));
  EXPECT_EQ(entries.back().text, "5 further lines left out");

  History over_by_one;
  for (std::size_t i = 0; i < kHistoryEntriesMax + 1; ++i) {
    over_by_one.Add(HistoryEntry::Lane::kWorld, "x");
  }
  EXPECT_EQ(over_by_one.TakeEntries().back().text, "1 further lines left out");

  History full;
  full.Add(HistoryEntry::Lane::kLog, std::string(kHistoryTextMax, 'x'));
  EXPECT_EQ(full.TakeEntries()[0].text, std::string(kHistoryTextMax, 'x'));

  History wide;
  wide.Add(HistoryEntry::Lane::kLog, std::string(10 * kHistoryTextMax, 'x'));
  EXPECT_EQ(wide.TakeEntries()[0].text, std::string(kHistoryTextMax, 'x') + "...");

  History talkative;
  for (int i = 0; i < 10'000; ++i) {
    talkative.Add(HistoryEntry::Lane::kLog, std::string(kHistoryTextMax, '\x01'));
  }
  talkative.Add(HistoryEntry::Lane::kRpc, "a call");
  const std::vector<HistoryEntry> told = talkative.TakeEntries();
  EXPECT_THAT(told, SizeIs(kHistoryLogBytesMax / kHistoryTextMax + 2));
  EXPECT_EQ(told[told.size() - 2].text, "a call");
  EXPECT_THAT(told.back().text, EndsWith(" further lines left out"));

  History logged;
  for (int i = 0; i < 100'000; ++i) logged.AddLogLine("line " + std::to_string(i));
  EXPECT_LE(logged.log().size(), 2 * kLogBytesKept + 100);
  EXPECT_THAT(logged.log(), EndsWith("line 99999\n"));
}

TEST(History, LogTailIsTheLastLines) {
  History history;
  EXPECT_EQ(history.LogTail(3), "");
  history.AddLogLine("a");
  EXPECT_EQ(history.LogTail(3), "a\n");
  EXPECT_EQ(history.LogTail(0), "");
  history.AddLogLine("b");
  history.AddLogLine("c");
  EXPECT_EQ(history.LogTail(2), "b\nc\n");
  History blank;
  blank.AddLogLine("");
  blank.AddLogLine("x");
  EXPECT_EQ(blank.LogTail(5), "\nx\n");
  History blanks;
  for (const char* line : {"", "", "x"}) blanks.AddLogLine(line);
  EXPECT_EQ(blanks.LogTail(2), "\nx\n");
}

// --- history_story.h
// ------------------------------------------------------------------------------

CallFact Fact(const std::string& method, const std::string& exec = "",
              absl::StatusCode code = absl::StatusCode::kOk, std::size_t connection = 0) {
  CallFact call;
  call.method = method;
  call.process = {"c1", exec};
  call.connection = connection;
  call.replied_us = 1;
  call.code = code;
  return call;
}

TEST(LiveTasks, AreCreatedAndNotDeleted) {
  Story story;
  story.calls = {Fact("Create", "", absl::StatusCode::kUnknown)};
  EXPECT_THAT(LiveTasks(story), IsEmpty());
  story.calls.push_back(Fact("Create", "", absl::StatusCode::kOk, 2));
  story.calls.push_back(Fact("Exec", "e1"));
  story.calls.push_back(Fact("Exec", "e2"));
  story.calls.push_back(Fact("Delete", "e1"));
  story.calls.push_back(Fact("Delete", "e2", absl::StatusCode::kUnknown));
  EXPECT_THAT(LiveTasks(story),
              ElementsAre(LiveTask{.id = "c1", .connection = 2, .execs = {"e2"}}));
  story.calls.push_back(Fact("Wait"));
  EXPECT_TRUE(LiveTasks(story)[0].waited);
  story.calls.push_back(Fact("Delete"));
  EXPECT_THAT(LiveTasks(story), IsEmpty());
}

TEST(LiveTasks, ThoseOfALostShimAreNobodysTasks) {
  Story story;
  story.calls = {Fact("Create", "", absl::StatusCode::kOk, 1)};
  story.lost_shims = {1};
  EXPECT_THAT(LiveTasks(story), IsEmpty());
}

TEST(Lives, DeleteOfTheInitEndsItsExecs) {
  Story story;
  story.calls = {Fact("Create"), Fact("Exec", "e1"), Fact("Delete"), Fact("Create")};
  const std::vector<Life> lives = Lives(story);
  ASSERT_THAT(lives, SizeIs(3));
  EXPECT_TRUE(lives[0].over());
  EXPECT_TRUE(lives[1].over());
  EXPECT_TRUE(lives[1].gone_with_init);
  EXPECT_FALSE(lives[2].over());
}

TEST(Lives, AWaitSentBeforeTheEndBelongsToIt) {
  Story story;
  story.calls = {Fact("Create"), Fact("Wait"), Fact("Start"), Fact("Delete")};
  const std::vector<Life> lives = Lives(story);
  ASSERT_THAT(lives, SizeIs(1));
  EXPECT_EQ(lives[0].waited, &story.calls[1]);
  EXPECT_EQ(lives[0].started, &story.calls[2]);
  EXPECT_EQ(lives[0].deleted, &story.calls[3]);
}

}  // namespace
}  // namespace conformance
