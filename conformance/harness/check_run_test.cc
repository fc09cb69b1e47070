// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/check_run.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/child_reaper.h"
#include "base/subreaper.h"
#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/check_run_scripted_shim.h"
#include "conformance/harness/history_judge.h"
#include "conformance/harness/story_text.h"
#include "fakes/containerd/testing/run_until.h"

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;
using ::testing::SizeIs;

// gtest's EXPECT_THAT: check_context.h takes the name for the checks' own verb.
template <typename T, typename M>
void Verify(const T& value, const M& matcher, base::Here here = base::Here()) {
  ::testing::StringMatchResultListener listener;
  const auto typed = ::testing::SafeMatcherCast<const T&>(matcher);
  if (typed.MatchAndExplain(value, &listener)) return;
  std::ostringstream expected;
  typed.DescribeTo(&expected);
  ADD_FAILURE_AT(here.file, here.line)
      << "expected: " << expected.str() << "\nactual: " << ::testing::PrintToString(value) << " "
      << listener.str();
}

// A world without namespaces: directories of a temporary one, and this process as the adopter.
class CheckRunTest : public base::testing::ProcessTest {
 protected:
  CheckRunTest() {
    EXPECT_TRUE(base::BecomeSubreaper().ok());
    auto reaper = base::ChildReaper::Create(loop_);
    EXPECT_TRUE(reaper.ok()) << reaper.status();
    reaper_ = *std::move(reaper);
    world_.root = temp_.path();
    for (auto [member, name] : {std::pair{&world_.bundles, "b"},
                                {&world_.fifos, "f"},
                                {&world_.scratch, "s"},
                                {&world_.temp, "t"},
                                {&world_.sockets, "k"}}) {
      *member = temp_.File(name);
      std::filesystem::create_directory(*member);
    }
    world_.sink_path = temp_.File("events");
    world_.containerd_path = temp_.File("containerd");
    world_.cgroup_parent = "/shimgauge-test";
    world_.fixtures = "/bin";
    world_.shim = temp_.File("shim");
    world_.seed = 0x5eed;
    subject_.legacy.usable = true;
    check_.id = "test/check";
    check_.requirements = {"TEST-01"};
  }
  ~CheckRunTest() override {
    reaper_.reset();
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  }

  // Which way the shim misbehaves; one executable file, as --shim names it.
  void UseScript(const std::string& script) {
    std::array<char, 4096> self{};
    ASSERT_GT(::readlink("/proc/self/exe", self.data(), self.size() - 1), 0);
    base::testing::WriteFile(
        world_.shim,
        absl::StrCat("#!/bin/sh\nexec ", self.data(), " --child=scripted_shim \"$@\"\n"), 0755);
    profile_ = DefaultProfile();
    profile_.guest = Profile::Guest::kHost;
    profile_.env = {{"SCRIPT", script}};
    profile_.fatal_log = fatal_log_;
    profile_.dump_signal = dump_signal_;
    // Scaled down are only the waits for what never comes: a slow machine starts and answers late.
    profile_.boot_limit =
        std::chrono::milliseconds(static_cast<int>(30'000 / world_.deadline_scale));
    profile_.rpc_limit = rpc_limit_.value_or(profile_.boot_limit);
  }
  CheckOutcome Run(const std::string& script, std::function<void(CheckContext&)> function) {
    UseScript(script);
    check_.run = std::move(function);
    const WorkerServices services{
        loop_, *reaper_, [this](absl::string_view what) { waited_for_.emplace_back(what); }};
    CheckOutcome outcome = RunCheck(check_, services, world_, subject_, profile_);
    ++world_.seed;  // another run in the same world needs other ids
    if (!waited_for_.empty()) {
      EXPECT_EQ(waited_for_.back(), "");  // progress is withdrawn
    }
    AwaitNoChildren();
    return outcome;
  }
  // What `delete` killed is adopted by this process and reaped by its loop.
  void AwaitNoChildren() {
    EXPECT_TRUE(fakes::testing::RunUntil(loop_, [] {
      siginfo_t info{};
      return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
    })) << "processes are left";
  }
  std::string Told(const CheckOutcome& outcome) {
    std::string text = absl::StrCat(VerdictName(outcome.verdict), "\n");
    for (const Why& why : outcome.whys) {
      absl::StrAppend(&text, why.code, ": ", why.text, " | ", why.observed, "\n");
    }
    for (const HistoryEntry& entry : outcome.history) absl::StrAppend(&text, entry.text, "\n");
    return text;
  }

  boost::asio::io_context loop_;
  std::unique_ptr<base::ChildReaper> reaper_;
  WorldInfo world_;
  SubjectInfo subject_;
  Profile profile_;
  Check check_;
  std::optional<std::chrono::milliseconds> rpc_limit_;  // default: long
  std::vector<std::string> fatal_log_;
  int dump_signal_ = 0;
  std::vector<std::string> waited_for_;
};

::testing::Matcher<const Why&> Because_(const std::string& code, const std::string& requirement) {
  return AllOf(Field("code", &Why::code, code),
               Field("requirement", &Why::requirement, requirement));
}
::testing::Matcher<const HistoryEntry&> Line(const std::string& part) {
  return Field("text", &HistoryEntry::text, HasSubstr(part));
}

void WholeLife(CheckContext& check) {
  const Task task = check.Run(Program("sleep"));
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  check.Require(task.Kill(SIGKILL));
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.Require(task.Delete());
}
void LeaveItRunning(CheckContext& check) { check.Run(Program("sleep")); }

TEST_F(CheckRunTest, AnHonestShimPassesWithEvidence) {
  const CheckOutcome outcome = Run("honest", WholeLife);
  EXPECT_EQ(outcome.verdict, Verdict::kPass) << Told(outcome);
  Verify(outcome.whys, IsEmpty());
  EXPECT_GE(outcome.observations, 5);
  EXPECT_GT(outcome.boot_us, 0);
  EXPECT_GT(outcome.check_us, 0);
  EXPECT_GE(outcome.rpc_count, 7);
  for (const char* line :
       {"start c1-005eed (legacy)", "→ Create c1-005eed", "⇐ /tasks/create",
        "⇐ /tasks/exit c1-005eed", "← Wait c1-005eed ok exit_status=137", "clean-up begins",
        "→ Shutdown", "ended, exit code 0", "delete c1-005eed"}) {
    Verify(outcome.history, Contains(Line(line)));
  }
  Verify(outcome.after, AllOf(HasSubstr("shim "), HasSubstr(" alive, c1-005eed deleted")));
  Verify(waited_for_, Contains(HasSubstr("Wait c1-005eed: reply")));
}

// VERS-01: the double of a check speaks the older dialect, to shims that know a newer one.
TEST_F(CheckRunTest, ACheckMayNameItsDialect) {
  subject_.params = subject_.legacy;
  subject_.default_dialect = Dialect::kParams;
  EXPECT_EQ(Run("honest", WholeLife).verdict, Verdict::kPass);
  check_.dialect = Dialect::kLegacy;
  const CheckOutcome in_legacy = Run("honest", WholeLife);
  EXPECT_EQ(in_legacy.verdict, Verdict::kPass) << Told(in_legacy);
  Verify(in_legacy.history, Contains(Line("start c1-005eee (legacy)")));
}

TEST_F(CheckRunTest, ADialectWithoutAnAlternativeIsSkipped) {
  check_.dialect = Dialect::kLegacy;
  const CheckOutcome only = Run("honest", WholeLife);
  EXPECT_EQ(only.verdict, Verdict::kSkip);
  Verify(only.whys.at(0).text, HasSubstr("speaks only the legacy dialect"));
  std::swap(subject_.params, subject_.legacy);
  const CheckOutcome unknown = Run("honest", WholeLife);
  EXPECT_EQ(unknown.verdict, Verdict::kSkip);
  Verify(unknown.whys.at(0).text, HasSubstr("does not speak the legacy dialect"));
}

TEST_F(CheckRunTest, TheOtherTaskVersionIsForShimsThatServeIt) {
  check_.other_task_version = true;
  const CheckOutcome only = Run("honest", WholeLife);
  EXPECT_EQ(only.verdict, Verdict::kSkip);
  Verify(only.whys.at(0).text, HasSubstr("serves only version 2"));
}

TEST_F(CheckRunTest, AnUnusableShimFailsInEveryDialect) {
  subject_ = {};
  check_.dialect = Dialect::kLegacy;
  EXPECT_EQ(Run("refuses-start", WholeLife).verdict, Verdict::kFail);
}

TEST_F(CheckRunTest, WhatTheCheckLeavesIsCleanedUp) {
  const CheckOutcome outcome = Run("honest", LeaveItRunning);
  EXPECT_EQ(outcome.verdict, Verdict::kPass) << Told(outcome);
  Verify(outcome.history, Contains(Line("← Delete c1-005eed ok")));
  Verify(outcome.known, Contains(::testing::Pair(::testing::_, "container c1-005eed")));
  Verify(outcome.known, Contains(::testing::Pair(::testing::_, "shim daemon")));
  EXPECT_FALSE(std::filesystem::exists(world_.sink_path));
  Verify(std::filesystem::is_empty(world_.fifos), true);
}

TEST_F(CheckRunTest, AlsoWhatRawCallsMadeIsCleanedUp) {
  const CheckOutcome outcome = Run("honest", [](CheckContext& check) {
    const Bundle bundle = check.MakeBundle(Program("sleep"));
    ShimUnderTest& shim = check.StartShim(bundle);
    // Field 1 of CreateTaskRequest: the id.
    const std::string request =
        absl::StrCat("\x0a", std::string(1, static_cast<char>(bundle.id.size())), bundle.id);
    check.EXPECT_THAT(shim.Call("Create", request), IsOk());
    shim.Disconnect();  // and nobody is left to ask
  });
  EXPECT_EQ(outcome.verdict, Verdict::kPass) << Told(outcome);
  Verify(outcome.history, Contains(Line("← Delete c1-005eed ok")));
}

TEST_F(CheckRunTest, AFailedExpectationIsTheDecisiveWhy) {
  const CheckOutcome outcome = Run("honest", [](CheckContext& check) {
    const Task task = check.Run(Program("sleep"));
    check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kPaused)),
                      {.text = "it must be paused", .code = why::kStateWrong});
    check.EXPECT_THAT(task.Delete(), IsOk(), {.requirement = "OTHER-02"});
    check.Note("seen");
  });
  EXPECT_EQ(outcome.verdict, Verdict::kFail);
  ASSERT_EQ(outcome.whys.size(), 2u) << Told(outcome);
  Verify(outcome.whys[0], Because_("state.wrong", "TEST-01"));
  Verify(outcome.whys[0].where, HasSubstr("check_run_test.cc"));
  Verify(outcome.whys[0].observed, HasSubstr("RUNNING"));
  Verify(outcome.whys[1], Because_("reply.code", "OTHER-02"));
  Verify(outcome.whys[1].observed, HasSubstr("FAILED_PRECONDITION"));
  Verify(outcome.notes, ElementsAre("seen"));
  Verify(outcome.history, Contains(Field(&HistoryEntry::contradiction, true)));
}

// That it fails nobody is decided once, for every way to fail (AttemptTest.MayChecksAreNeverRed).
TEST_F(CheckRunTest, AMayCheckTellsWhatItMissed) {
  check_.level = Level::kMay;
  const CheckOutcome outcome = Run("honest", [](CheckContext& check) {
    check.EXPECT_THAT(check.Shim().task_version(), ::testing::Eq(3), {.text = "the version"});
  });
  EXPECT_EQ(outcome.verdict, Verdict::kFail) << Told(outcome);
  Verify(outcome.whys, ElementsAre(Field("text", &Why::text, "the version")));
}

TEST_F(CheckRunTest, AShimThatCannotBeStartedFails) {
  const CheckOutcome outcome = Run("refuses-start", WholeLife);
  EXPECT_EQ(outcome.verdict, Verdict::kFail);
  Verify(outcome.whys, ElementsAre(Because_("start.failed", "START-02")));
  Verify(outcome.whys.at(0).observed, HasSubstr("refusing to start"));
}

// Law 1: a program that never works must not earn points by refusing.
TEST_F(CheckRunTest, RefusalsOfADeadProgramAreNoMerit) {
  const auto refusal = [](CheckContext& check) {
    StartOptions options;
    options.ns = "";
    const StartResult result = check.RunStart(check.MakeBundle(Program("sleep")), options);
    check.EXPECT_THAT(result.command.ExitedWith(1) || result.usable(), ::testing::Eq(true));
  };
  const CheckOutcome dead = Run("refuses-start", refusal);
  EXPECT_EQ(dead.verdict, Verdict::kFail);
  Verify(dead.whys, ElementsAre(Because_("start.failed", "START-02")));
  EXPECT_EQ(Run("honest", refusal).verdict, Verdict::kPass);
}

TEST_F(CheckRunTest, ACheckThatObservesNothingIsAnError) {
  const CheckOutcome outcome = Run("honest", [](CheckContext&) {});
  EXPECT_EQ(outcome.verdict, Verdict::kError) << Told(outcome);
  Verify(outcome.whys, ElementsAre(Because_("harness.error", "")));
  EXPECT_EQ(outcome.whys.at(0).text, "the check passed without observing anything");
}

TEST_F(CheckRunTest, ExpectationsTellWhetherTheyHold) {
  std::vector<bool> held;
  bool went_on = false;
  const CheckOutcome outcome = Run("honest", [&](CheckContext& check) {
    held.push_back(check.EXPECT_THAT(1, ::testing::Eq(1)));
    held.push_back(check.EXPECT_THAT(1, ::testing::Eq(2)));
    check.ASSERT_THAT(1, ::testing::Eq(1));
    check.ASSERT_THAT(std::vector<int>{1}, SizeIs(2));
    went_on = true;
  });
  Verify(held, ElementsAre(true, false));
  EXPECT_FALSE(went_on);
  EXPECT_EQ(outcome.verdict, Verdict::kFail);
  EXPECT_EQ(outcome.observations, 2);
  ASSERT_EQ(outcome.whys.size(), 2u) << Told(outcome);
  EXPECT_EQ(outcome.whys[0].expected, "is equal to 2");
  EXPECT_EQ(outcome.whys[0].observed, "1");
  Verify(outcome.whys[1].observed, AllOf(HasSubstr("{ 1 }, "), HasSubstr("size 1")));
  EXPECT_EQ(outcome.after, "no shim was started");
}

TEST_F(CheckRunTest, WhatACheckRequiresIsAnObservationOrItsEnd) {
  using Number = absl::StatusOr<int>;
  int seen = 0;
  const CheckOutcome held = Run("honest", [&](CheckContext& check) {
    seen = check.Require(Number(7));
    check.Require(absl::OkStatus());
  });
  EXPECT_EQ(held.verdict, Verdict::kPass) << Told(held);
  EXPECT_EQ(seen, 7);
  EXPECT_EQ(held.observations, 2);

  bool went_on = false;
  const CheckOutcome value = Run("honest", [&](CheckContext& check) {
    check.Require(Number(absl::NotFoundError("no number")), {.requirement = "OTHER-02"});
    went_on = true;
  });
  EXPECT_EQ(value.verdict, Verdict::kFail);
  Verify(value.whys, ElementsAre(Because_("reply.code", "OTHER-02")));
  const CheckOutcome status = Run("honest", [&](CheckContext& check) {
    check.Require(absl::NotFoundError("nothing"));
    went_on = true;
  });
  EXPECT_EQ(status.verdict, Verdict::kFail);
  Verify(status.whys, ElementsAre(Because_("reply.code", "TEST-01")));
  EXPECT_FALSE(went_on);
}

TEST_F(CheckRunTest, WhatTheProfileCallsFatalIsNotInTheLog) {
  fatal_log_ = {"panic:", "ing Create"};
  const CheckOutcome outcome = Run("shouts", WholeLife);
  EXPECT_EQ(outcome.verdict, Verdict::kFail);
  ASSERT_EQ(outcome.whys.size(), 1u) << Told(outcome);
  EXPECT_EQ(outcome.whys[0].code, why::kLogFatal);
  EXPECT_EQ(outcome.whys[0].text, "the shim's log holds what its profile calls fatal");
  EXPECT_EQ(outcome.whys[0].expected, "no \"ing Create\" in the log");
  EXPECT_EQ(outcome.whys[0].observed, "shouting Create");
}

TEST_F(CheckRunTest, WhatIsLeftIsToldByItsState) {
  const CheckOutcome created =
      Run("honest", [](CheckContext& check) { check.Create(Program("sleep")); });
  Verify(created.after, HasSubstr("c1-005eed created"));
  const CheckOutcome started = Run("honest", LeaveItRunning);
  Verify(started.after, HasSubstr("c1-005eee started"));
  const CheckOutcome exited = Run("honest", [](CheckContext& check) {
    const Task task = check.Run(Program("sleep"));
    check.Require(task.Kill(SIGKILL));
    check.Require(task.Wait());
  });
  Verify(exited.after, HasSubstr("c1-005eef exited"));
}

TEST_F(CheckRunTest, ADyingDaemonIsACrash) {
  const CheckOutcome outcome = Run("crashes-in-state", WholeLife);
  EXPECT_EQ(outcome.verdict, Verdict::kCrash);
  ASSERT_FALSE(outcome.whys.empty());
  EXPECT_EQ(outcome.whys[0].code, "shim.crashed");
  Verify(outcome.whys[0].text, HasSubstr("signal 6"));
  Verify(outcome.whys, Contains(Because_("reply.code", "TEST-01")));
  Verify(outcome.history, Contains(Line("signal 6")));
}

TEST_F(CheckRunTest, ADaemonThatDiesInShutdownIsACrashToo) {
  const CheckOutcome outcome = Run("aborts-at-end", WholeLife);
  EXPECT_EQ(outcome.verdict, Verdict::kCrash) << Told(outcome);
}

TEST_F(CheckRunTest, AnExpectedDeathIsNone) {
  const CheckOutcome outcome = Run("honest", [](CheckContext& check) {
    ShimUnderTest& shim = check.Shim();
    check.EXPECT_THAT(shim.SendSignal(SIGKILL), IsOk());
    check.EXPECT_THAT(shim.AwaitExit(std::chrono::seconds(10)), ::testing::Eq(true));
    check.EXPECT_THAT(shim.alive(), ::testing::Eq(false));
    check.EXPECT_THAT(shim.AwaitDisconnect(std::chrono::seconds(10)), ::testing::Eq(true));
  });
  EXPECT_EQ(outcome.verdict, Verdict::kPass) << Told(outcome);
  Verify(outcome.history, Contains(Line("removed the killed shim's")));
  Verify(outcome.after, HasSubstr("signal 9"));
}

TEST_F(CheckRunTest, AnUnansweredCallIsAHangWithEvidence) {
  rpc_limit_ = std::chrono::milliseconds(2000);
  const CheckOutcome outcome = Run("hangs-in-state", [](CheckContext& check) {
    check.EXPECT_THAT(check.Run(Program("sleep")).State(), IsOk());
    ADD_FAILURE() << "it went on";
  });
  EXPECT_EQ(outcome.verdict, Verdict::kHang);
  ASSERT_EQ(outcome.whys.size(), 1u) << Told(outcome);
  EXPECT_EQ(outcome.whys[0].code, "reply.missing");
  Verify(outcome.whys[0].text, HasSubstr("State c1-005eed"));
  Verify(outcome.history, Contains(Line("State c1-005eed is unanswered after")));
  Verify(outcome.hang, Contains(HasSubstr("pending  State c1-005eed: no reply for ")));
  Verify(outcome.hang, Contains(HasSubstr("waits in")));
  Verify(outcome.hang, Not(Contains(HasSubstr("stack    "))));
  Verify(outcome.history, Contains(Line("SIGKILL to the shim")));
  EXPECT_EQ(outcome.story, "");
}

TEST_F(CheckRunTest, ADaemonThatHangsIsAskedForItsStacks) {
  rpc_limit_ = std::chrono::milliseconds(2000);
  for (const int signo : {SIGUSR1, SIGQUIT}) {  // the latter ends it, which is nobody's crash
    dump_signal_ = signo;
    const CheckOutcome outcome = Run("hangs-in-state", [](CheckContext& check) {
      check.EXPECT_THAT(check.Run(Program("sleep")).State(), IsOk());
    });
    EXPECT_EQ(outcome.verdict, Verdict::kHang) << Told(outcome);
    Verify(outcome.hang, Contains(signo == SIGUSR1 ? "stack      in State\""
                                                   : "stack    nothing came into its log"));
  }
}

TEST_F(CheckRunTest, AfterAFailureADaemonThatDoesNotAnswerIsKilledAtOnce) {
  world_.deadline_scale = 0.2;
  const CheckOutcome outcome = Run("hangs-in-delete", [](CheckContext& check) {
    check.EXPECT_THAT(check.Run(Program("sleep")).State(), HasCode(absl::StatusCode::kNotFound));
  });
  EXPECT_EQ(outcome.verdict, Verdict::kFail);
  Verify(outcome.history, Contains(Line("Delete c1-005eed")));
  Verify(outcome.history, Contains(Line("SIGKILL to the shim")));
  Verify(outcome.history, Not(Contains(Line("Shutdown"))));
}

TEST_F(CheckRunTest, ACallWithALimitOfItsOwnMayExpire) {
  const CheckOutcome outcome = Run("hangs-in-state", [](CheckContext& check) {
    CallOptions brief;
    brief.deadline = std::chrono::milliseconds(50);
    check.EXPECT_THAT(check.Run(Program("sleep")).State(brief),
                      HasCode(absl::StatusCode::kDeadlineExceeded));
  });
  EXPECT_EQ(outcome.verdict, Verdict::kPass) << Told(outcome);
}

TEST_F(CheckRunTest, InvariantsAreJudgedInEveryCheck) {
  const CheckOutcome doubled = Run("doubles-exit", LeaveItRunning);
  EXPECT_EQ(doubled.verdict, Verdict::kFail);
  EXPECT_EQ(doubled.findings, JudgeHistory(*ParseStory(doubled.story)));
  Verify(doubled.findings, ElementsAre(Because_("event.duplicate", "EVT-21")));
  Verify(doubled.whys, ElementsAre(Because_("event.duplicate", "EVT-21")));

  const CheckOutcome second_pid = Run("second-pid", LeaveItRunning);
  EXPECT_EQ(second_pid.verdict, Verdict::kFail);
  Verify(second_pid.whys, ElementsAre(Because_("invariant.broken", "TASK-05")));

  world_.deadline_scale = 0.2;  // what is owed is waited for
  const CheckOutcome forgotten = Run("forgets-exit", LeaveItRunning);
  EXPECT_EQ(forgotten.verdict, Verdict::kFail);
  Verify(forgotten.whys, ElementsAre(Because_("event.missing", "EVT-21")));
}

TEST_F(CheckRunTest, WhatACheckHasFailedOnIsNotToldTwice) {
  const CheckOutcome outcome = Run("doubles-exit", [](CheckContext& check) {
    const Task task = check.Run(Program("sleep"));
    check.Require(task.Kill(SIGKILL));
    const auto exits = [](const std::vector<Event>& events) {
      return std::count_if(events.begin(), events.end(),
                           [](const Event& event) { return event.topic == "/tasks/exit"; }) == 2;
    };
    check.EXPECT_THAT(check.AwaitEvents(exits), Not(Contains(Topic("exit"))),
                      {.code = why::kEventDuplicate, .requirement = "EVT-21"});
  });
  EXPECT_EQ(outcome.verdict, Verdict::kFail);
  Verify(outcome.whys, SizeIs(1));
}

TEST_F(CheckRunTest, ADaemonThatOutlivesShutdownIsNamedAndKilled) {
  world_.deadline_scale = 0.2;
  const CheckOutcome outcome = Run("lingers", WholeLife);
  EXPECT_EQ(outcome.verdict, Verdict::kFail);
  Verify(outcome.whys, ElementsAre(Because_("left.process", "LEAK-03")));
}

TEST_F(CheckRunTest, AFailingDeleteActionFailsAPassingCheck) {
  const CheckOutcome outcome = Run("fails-delete", WholeLife);
  EXPECT_EQ(outcome.verdict, Verdict::kFail);
  Verify(outcome.whys, ElementsAre(Because_("reply.code", "DEL-04")));
  Verify(outcome.whys[0].observed, HasSubstr("cannot delete"));
}

TEST_F(CheckRunTest, TheLogOfTheShimIsOnTheTimeLine) {
  const CheckOutcome outcome = Run("shouts", LeaveItRunning);
  EXPECT_EQ(outcome.verdict, Verdict::kPass) << Told(outcome);
  EXPECT_EQ(outcome.shim_log, "shouting Create\n");
  Verify(outcome.history, Contains(AllOf(Line("shouting Create"),
                                         Field(&HistoryEntry::lane, HistoryEntry::Lane::kLog))));
}

TEST_F(CheckRunTest, SkipsAndExceptionsAreWhatTheySay) {
  const CheckOutcome skipped =
      Run("honest", [](CheckContext& check) { check.Skip("no such thing here"); });
  EXPECT_EQ(skipped.verdict, Verdict::kSkip);
  ASSERT_EQ(skipped.whys.size(), 1u);
  EXPECT_EQ(skipped.whys[0].text, "no such thing here");
  EXPECT_EQ(skipped.whys[0].code, "not-claimed");

  const CheckOutcome thrown =
      Run("honest", [](CheckContext&) { throw std::runtime_error("oops"); });
  EXPECT_EQ(thrown.verdict, Verdict::kError);
  Verify(thrown.whys[0].text, HasSubstr("oops"));
  const CheckOutcome odd = Run("honest", [](CheckContext&) { throw 7; });
  EXPECT_EQ(odd.verdict, Verdict::kError);
  Verify(odd.whys[0].text, HasSubstr("exception of an unknown kind"));
}

TEST_F(CheckRunTest, AHostThatCannotRunTheShimIsAnError) {
  UseScript("honest");
  std::filesystem::remove(world_.shim);
  check_.run = WholeLife;
  const WorkerServices services{loop_, *reaper_, nullptr};
  const CheckOutcome outcome = RunCheck(check_, services, world_, subject_, profile_);
  EXPECT_EQ(outcome.verdict, Verdict::kError) << Told(outcome);
}

TEST_F(CheckRunTest, AttachedTasksAndSecondConnectionsShareTheShim) {
  const CheckOutcome outcome = Run("honest", [](CheckContext& check) {
    const Task task = check.Run(Program("sleep"));
    ShimUnderTest& second = check.ConnectTo(task.shim().address(), 2);
    check.EXPECT_THAT(second.pid(), ::testing::Eq(task.shim().pid()));
    const Task same = check.Attach(task, second);
    task.shim().Disconnect();
    check.EXPECT_THAT(same.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
    check.EXPECT_THAT(task.State(), HasCode(absl::StatusCode::kUnavailable));
    const auto waiting = same.WaitAsync();
    check.EXPECT_THAT(waiting->done(), ::testing::Eq(false));
    check.Require(same.Kill(SIGTERM));
    check.EXPECT_THAT(AsExit(waiting->Get()), IsOkAndHolds(ExitedWith(143)));
    check.EXPECT_THAT(check.Eventually([&] { return task.ProcessGone(); }), ::testing::Eq(true));
    check.EXPECT_THAT(check.CanConnect(second.address()), ::testing::Eq(true));
  });
  EXPECT_EQ(outcome.verdict, Verdict::kPass) << Told(outcome);
}

TEST_F(CheckRunTest, TheProbeLearnsWhatTheShimSpeaks) {
  UseScript("honest");
  const WorkerServices services{loop_, *reaper_, nullptr};
  const SubjectInfo info = ProbeShim(services, world_, profile_).value();
  EXPECT_TRUE(info.legacy.usable) << info.legacy.problem;
  EXPECT_TRUE(info.params.usable) << info.params.problem;
  EXPECT_EQ(info.default_dialect, Dialect::kParams);
  EXPECT_EQ(info.legacy.version, 1);
  EXPECT_EQ(info.legacy.protocol, "ttrpc");
  EXPECT_EQ(info.task_version, 2);
  EXPECT_FALSE(info.other_task_version);
  EXPECT_EQ(info.version_text, "scripted 1.0");
  EXPECT_GT(info.legacy.took_us, 0);
}

TEST_F(CheckRunTest, TheProbeSaysWhatIsWrong) {
  UseScript("refuses-start");
  const WorkerServices services{loop_, *reaper_, nullptr};
  const SubjectInfo info = ProbeShim(services, world_, profile_).value();
  EXPECT_FALSE(info.usable());
  Verify(info.legacy.problem, HasSubstr("refusing to start"));
  world_.bundles = temp_.File("no-directory");  // not the shim's fault
  Verify(ProbeShim(services, world_, profile_).status().ToString(), HasSubstr("no-directory"));
}

TEST_F(CheckRunTest, TheProbeTakesAnyProgram) {
  for (const char* program : {"/bin/true", "/bin/false", "/bin/cat", "/etc/passwd"}) {
    world_.shim = program;
    profile_ = DefaultProfile();
    const WorkerServices services{loop_, *reaper_, nullptr};
    const SubjectInfo info = ProbeShim(services, world_, profile_).value();
    EXPECT_FALSE(info.usable()) << program;
    EXPECT_NE(info.legacy.problem, "") << program;
    std::filesystem::remove_all(world_.bundles);
    std::filesystem::create_directory(world_.bundles);
    std::filesystem::remove_all(temp_.File("guests"));
    std::filesystem::remove_all(temp_.File("work"));
  }
}

}  // namespace
}  // namespace conformance

int main(int argc, char** argv) {
  return base::testing::RunTestsOrChild(argc, argv,
                                        {{"scripted_shim", &conformance::ScriptedShim}});
}
