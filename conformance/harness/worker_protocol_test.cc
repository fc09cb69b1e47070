// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/worker_protocol.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(const std::string& line) {
  const absl::StatusOr<WorkerMessage> message = DecodeMessage(line);
  return message.ok() ? "no error" : std::string(message.status().message());
}

TEST(WorkerProtocolTest, AJobTravelsWhole) {
  WorkerJob job;
  job.check = "events/exit";
  job.world = {.cgroup_parent = "/shimgauge-1/2",
               .fixtures = "/f",
               .shim = "/bin/shim",
               .engine = "/opt/shimgauge-engine",
               .engine_name = "runc",
               .ns = "n",
               .seed = 0xFFFFFFFFFFFFFFFFu,
               .deadline_scale = 0.5,
               .keep = {"/run/x", "/tmp/y"}};
  job.subject.legacy = {.usable = true, .version = 2, .protocol = "ttrpc", .took_us = 12};
  job.subject.params.problem = "exit 1";
  job.subject.default_dialect = Dialect::kParams;
  job.subject.task_version = 3;
  job.subject.other_task_version = true;
  job.subject.version_text = "v1";
  job.subject.log_tail = "level=fatal";
  job.profile = DefaultProfile();
  job.profile.hypervisor = "/opt/h";
  job.profile.vm_config = "a = 1\n";
  job.profile.dump_signal = 12;
  job.profile.fatal_log = {"panic:"};
  job.profile.guest = Profile::Guest::kHost;
  job.profile.env = {{"A", "b"}};
  job.profile.rpc_limit = std::chrono::milliseconds(1234);

  const absl::StatusOr<WorkerJob> decoded = DecodeJob(EncodeJob(job));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->check, job.check);
  EXPECT_EQ(decoded->world, job.world);
  EXPECT_EQ(decoded->subject, job.subject);
  EXPECT_EQ(decoded->profile.claims, job.profile.claims);
  EXPECT_EQ(decoded->profile.guest, job.profile.guest);
  EXPECT_EQ(decoded->profile.env, job.profile.env);
  EXPECT_EQ(decoded->profile.engine, job.profile.engine);
  EXPECT_EQ(decoded->profile.hypervisor, job.profile.hypervisor);
  EXPECT_EQ(decoded->profile.vm_config, job.profile.vm_config);
  EXPECT_EQ(decoded->profile.dump_signal, job.profile.dump_signal);
  EXPECT_EQ(decoded->profile.fatal_log, job.profile.fatal_log);
  EXPECT_EQ(decoded->profile.rpc_limit, job.profile.rpc_limit);
  EXPECT_EQ(decoded->profile.boot_limit, job.profile.boot_limit);
}

TEST(WorkerProtocolTest, EveryKindOfGuestTravels) {
  for (const Profile::Guest guest :
       {Profile::Guest::kRootfs, Profile::Guest::kHost, Profile::Guest::kWasm}) {
    WorkerJob job;
    job.profile.guest = guest;
    const std::string line = EncodeJob(job);
    const absl::StatusOr<WorkerJob> decoded = DecodeJob(line);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(decoded->profile.guest, guest);
    EXPECT_EQ(ParseGuest(GuestName(guest)), guest);
    std::string unknown = line;
    const std::string word = absl::StrCat("\"guest\":\"", GuestName(guest), "\"");
    const std::size_t at = unknown.find(word);
    ASSERT_NE(at, std::string::npos) << line;
    unknown.replace(at, word.size(), "\"guest\":\"jvm\"");
    EXPECT_THAT(std::string(DecodeJob(unknown).status().message()), HasSubstr("'jvm'"));
  }
}

TEST(WorkerProtocolTest, AnOutcomeTravelsWhole) {
  WorkerMessage message;
  message.kind = WorkerMessage::Kind::kOutcome;
  CheckOutcome& outcome = message.outcome;
  outcome.verdict = Verdict::kLeak;
  outcome.whys = {{.code = "left.mount",
                   .text = "t",
                   .expected = "e",
                   .observed = "o",
                   .requirement = "LEAK-01",
                   .where = "x.cc:1"}};
  outcome.notes = {"slow"};
  outcome.observations = 3;
  outcome.history = {{.offset_us = -5, .lane = HistoryEntry::Lane::kLog, .text = "a"},
                     {.offset_us = 9, .text = "b", .contradiction = true}};
  outcome.after = "alive";
  outcome.shim_log = "log\nlines\n";
  outcome.hang = {"shim daemon (pid 7): futex", "runc: gone"};
  outcome.story = "story";
  outcome.findings = {{.code = "event.order", .text = "exit before start"}};
  outcome.rpc_count = 4;
  outcome.boot_us = 5;
  outcome.check_us = 6;
  message.left = {{.code = "left.mount", .text = "tmpfs on /x"}};
  message.cpu_us = 7;

  const std::string line = EncodeMessage(message);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const absl::StatusOr<WorkerMessage> decoded = DecodeMessage(line);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->kind, WorkerMessage::Kind::kOutcome);
  EXPECT_EQ(decoded->outcome.verdict, outcome.verdict);
  EXPECT_EQ(decoded->outcome.whys, outcome.whys);
  EXPECT_EQ(decoded->outcome.notes, outcome.notes);
  EXPECT_EQ(decoded->outcome.observations, 3);
  EXPECT_EQ(decoded->outcome.history, outcome.history);
  EXPECT_EQ(decoded->outcome.after, "alive");
  EXPECT_EQ(decoded->outcome.shim_log, outcome.shim_log);
  EXPECT_EQ(decoded->outcome.hang, outcome.hang);
  EXPECT_EQ(decoded->outcome.story, "story");
  EXPECT_EQ(decoded->outcome.findings, outcome.findings);
  EXPECT_EQ(decoded->outcome.rpc_count, 4);
  EXPECT_EQ(decoded->outcome.boot_us, 5);
  EXPECT_EQ(decoded->outcome.check_us, 6);
  EXPECT_EQ(decoded->left, message.left);
  EXPECT_EQ(decoded->cpu_us, 7);
}

TEST(WorkerProtocolTest, TheOtherKindsTravel) {
  for (const WorkerMessage::Kind kind :
       {WorkerMessage::Kind::kWaiting, WorkerMessage::Kind::kFailed}) {
    const auto decoded = DecodeMessage(EncodeMessage({.kind = kind, .text = "Create c1"}));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(decoded->kind, kind);
    EXPECT_EQ(decoded->text, "Create c1");
  }
  WorkerMessage probe;
  probe.kind = WorkerMessage::Kind::kProbe;
  probe.subject.params.usable = true;
  const auto decoded = DecodeMessage(EncodeMessage(probe));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->subject, probe.subject);
}

TEST(WorkerProtocolTest, BytesThatAreNoTextAreReplaced) {
  WorkerMessage message;
  message.kind = WorkerMessage::Kind::kOutcome;
  message.outcome.shim_log = "\xff\xfe ok";
  const auto decoded = DecodeMessage(EncodeMessage(message));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_THAT(decoded->outcome.shim_log, HasSubstr(" ok"));
}

TEST(WorkerProtocolTest, WhatIsNoMessageIsRefused) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("no JSON"));
  EXPECT_EQ(ErrorOf("hello"), "worker protocol: no JSON: hello");
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("expected an object"));
  EXPECT_THAT(ErrorOf("{}"), HasSubstr("worker protocol.t: missing"));
  EXPECT_THAT(ErrorOf(R"({"t":1})"), HasSubstr("worker protocol.t: expected a string"));
  EXPECT_THAT(ErrorOf(R"({"t":"song"})"), HasSubstr("'song' is no type of message"));
  EXPECT_THAT(ErrorOf(R"({"t":"waiting"})"), HasSubstr("text: missing"));
  EXPECT_THAT(ErrorOf(R"({"t":"probe","subject":{}})"), HasSubstr("subject.legacy: missing"));
  EXPECT_THAT(ErrorOf(R"({"t":"outcome","outcome":{},"left":[]})"),
              HasSubstr("outcome.verdict: missing"));
}

TEST(WorkerProtocolTest, OfALongLineTheErrorShowsTheBeginning) {
  const std::string shown(200, 'x');
  EXPECT_EQ(ErrorOf(shown), "worker protocol: no JSON: " + shown);
  EXPECT_EQ(ErrorOf(shown + "x"), "worker protocol: no JSON: " + shown + "...");
}

TEST(WorkerProtocolTest, WrongFieldsOfAnOutcomeAreRefused) {
  WorkerMessage message;
  message.kind = WorkerMessage::Kind::kOutcome;
  message.outcome.history = {{.text = "x"}};
  message.outcome.notes = {"n"};
  const std::string good = EncodeMessage(message);
  const auto replaced = [&good](const std::string& from, const std::string& to) {
    std::string bad = good;
    bad.replace(bad.find(from), from.size(), to);
    return bad;
  };
  EXPECT_EQ(ErrorOf(good), "no error");
  EXPECT_THAT(ErrorOf(replaced("\"error\"", "\"maybe\"")), HasSubstr("'maybe' is none"));
  EXPECT_THAT(ErrorOf(replaced("\"lane\":3", "\"lane\":9")), HasSubstr("lane: is none"));
  EXPECT_THAT(ErrorOf(replaced("\"lane\":3", "\"lane\":-1")), HasSubstr("lane: is none"));
  EXPECT_THAT(ErrorOf(replaced("\"lane\":3", "\"lane\":\"rpc\"")),
              HasSubstr("history[0].lane: expected an integer"));
  EXPECT_THAT(ErrorOf(replaced("[\"n\"]", "[7]")),
              HasSubstr("notes: expected an array of strings"));
  EXPECT_THAT(ErrorOf(replaced("\"left\":[]", "\"left\":[{}]")),
              HasSubstr("left[0].code: missing"));
}

TEST(WorkerProtocolTest, ABrokenJobIsRefused) {
  EXPECT_FALSE(DecodeJob("").ok());
  EXPECT_FALSE(DecodeJob("{}").ok());
  const std::string good = EncodeJob({});
  EXPECT_TRUE(DecodeJob(good).ok());
  std::string bad = good;
  bad.replace(bad.find("\"keep\":[]"), 9, "\"keep\":{}");
  EXPECT_THAT(std::string(DecodeJob(bad).status().message()), HasSubstr("keep"));
}

}  // namespace
}  // namespace conformance
