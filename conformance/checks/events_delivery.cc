// SPDX-License-Identifier: Apache-2.0
// Contract §5.4: what becomes of events when their receiver is slow, refuses, is silent, breaks
// off, freezes, is absent or comes and goes. No call may notice, and nothing may be missed.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "conformance/checks/events_support.h"
#include "conformance/harness/check_context.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Ne;

using Mode = EventSink::Mode;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kExitDeadline{20};  // EVT-46, with room to spare

// One behaviour of containerd's event service.
struct Behaviour {
  const char* name;
  void (*begin)(EventSink& sink);
  void (*between_calls)(EventSink& sink);                        // nullptr: nothing happens there
  void (*end)(EventSink& sink);                                  // healthy from here on
  enum class Repeats { kNever, kWhereTheReplyWasLost } repeats;  // EVT-45
  bool ordered;                                                  // delivery never failed (EVT-44)
};

void BePrompt(EventSink& sink) { sink.SetMode(Mode::kPrompt); }
// Drops the connections as well: what waits for an answer learns that none will come.
void ComeBack(EventSink& sink) {
  BePrompt(sink);
  sink.Restart();
}

constexpr auto kNever = Behaviour::Repeats::kNever;
constexpr auto kMayRepeat = Behaviour::Repeats::kWhereTheReplyWasLost;

const std::vector<Behaviour>& Behaviours() {
  static const std::vector<Behaviour> behaviours = {
      {"slow", [](EventSink& sink) { sink.SetMode(Mode::kSlow, milliseconds(20)); }, nullptr,
       BePrompt, kNever, true},
      {"refusing", [](EventSink& sink) { sink.SetMode(Mode::kRefuse); }, nullptr, BePrompt,
       kMayRepeat, false},
      {"silent", [](EventSink& sink) { sink.SetMode(Mode::kSilent); }, nullptr, ComeBack,
       kMayRepeat, false},
      {"closing", [](EventSink& sink) { sink.SetMode(Mode::kCloses); }, nullptr, BePrompt,
       kMayRepeat, false},
      {"tearing", [](EventSink& sink) { sink.SetMode(Mode::kTears); }, nullptr, BePrompt,
       kMayRepeat, false},
      {"frozen", [](EventSink& sink) { sink.SetMode(Mode::kFrozen); }, nullptr, BePrompt,
       kMayRepeat, false},
      {"absent", [](EventSink& sink) { sink.Stop(); }, nullptr,
       [](EventSink& sink) { sink.Restart(); }, kNever, false},
      {"restarting", [](EventSink& sink) { sink.Restart(); },
       [](EventSink& sink) { sink.Restart(); }, [](EventSink&) {}, kMayRepeat, false},
  };
  return behaviours;
}

// Ids of what one life has left events about.
struct LifeIds {
  std::string task;
  std::string exec;
};

// One life with an exec. Every call must be answered as if nobody cared for events (EVT-28): one
// that is not shows as a hang.
LifeIds LiveBeside(CheckContext& check, const Behaviour& behaviour) {
  EventSink& sink = check.Sink();
  const auto next = [&] {
    if (behaviour.between_calls != nullptr) behaviour.between_calls(sink);
  };
  behaviour.begin(sink);
  const Task task = check.Create(Program("pause"));
  next();
  check.ASSERT_THAT(task.Start(), IsOk());
  next();
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "5")));
  next();
  check.ASSERT_THAT(exec.Start(), IsOk());
  check.ASSERT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(5)));
  next();
  check.ASSERT_THAT(exec.Delete(), IsOk());
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  next();
  check.ASSERT_THAT(task.Delete(), IsOk());
  return {task.id(), exec.exec_id()};
}

// Every topic of the life that has not come yet.
std::vector<std::string> Missing(const std::vector<Event>& events, const LifeIds& ids) {
  std::vector<std::string> missing;
  for (const char* topic : {"create", "start", "exit", "delete"}) {
    if (Count(ForProcess(events, ids.task, ""), topic) == 0) missing.emplace_back(topic);
  }
  for (const char* topic : {"exec-added", "exec-started", "exit"}) {
    if (Count(ForProcess(events, ids.task, ids.exec), topic) == 0) {
      missing.push_back(absl::StrCat(topic, " of the exec"));
    }
  }
  return missing;
}

void LifeBeside(CheckContext& check, const Behaviour& behaviour) {
  const LifeIds ids = LiveBeside(check, behaviour);
  // A refused event has arrived, but to no effect: only those count that come from here on.
  const bool refused = std::string(behaviour.name) == "refusing";
  const std::size_t ignored = refused ? check.Events().size() : 0;
  behaviour.end(check.Sink());
  const auto counted = [&](std::vector<Event> events) {
    events.erase(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(ignored));
    return events;
  };
  const std::vector<Event> events = counted(check.AwaitEvents(
      [&](const std::vector<Event>& so_far) { return Missing(counted(so_far), ids).empty(); }));
  check.EXPECT_THAT(
      Missing(events, ids), IsEmpty(),
      {.text = absl::StrCat("events that never came from beside a ", behaviour.name, " sink"),
       .code = why::kEventMissing});
  if (behaviour.ordered) {
    check.EXPECT_THAT(ForProcess(events, ids.task, ""),
                      ElementsAre(Topic("create"), Topic("start"), Topic("exit"), Topic("delete")),
                      {.text = "events of the init", .requirement = "EVT-20"});
  }
  if (behaviour.repeats == kNever) {
    check.EXPECT_THAT(static_cast<int>(ForContainer(events, ids.task).size()) -
                          static_cast<int>(Count(ForProcess(events, ids.task, ids.exec), "delete")),
                      Eq(7),
                      {.text = "events of one life: each once, as each was answered",
                       .code = why::kEventDuplicate,
                       .requirement = "EVT-03"});
  }
}

// --- refusals ------------------------------------------------------------------------------------

// Each code to a shim of its own, so that the pauses before their next attempts pass together.
void EveryCodeIsSurvived(CheckContext& check) {
  constexpr int kCodes = 16;
  std::vector<Bundle> bundles;
  for (int i = 0; i < kCodes; ++i) bundles.push_back(check.MakeBundle(Program("pause")));
  std::vector<Task> tasks;
  const std::vector<StartResult> starts = check.RunStartsTogether(bundles);
  for (int i = 0; i < kCodes; ++i) {
    const auto code = static_cast<absl::StatusCode>(i + 1);
    const StartResult& start = starts[static_cast<std::size_t>(i)];
    check.ASSERT_THAT(start.usable(), Eq(true),
                      {.text = "`start` gives an address", .code = why::kStartFailed});
    check.Sink().SetMode(Mode::kRefuse, {}, code);
    CreateOptions options;
    options.existing_bundle = bundles[static_cast<std::size_t>(i)];
    options.shim = &check.ConnectTo(start.address, start.version);
    check.ASSERT_THAT(options.shim->alive(), Eq(true), {.code = why::kShimCrashed});
    // Whom a refusal kills may still answer, or not any more: that is not what is judged.
    tasks.push_back(check.TryCreate(Program("pause"), options));
    check.ASSERT_THAT(
        Count(UntilTopic(check, tasks.back().id(), "", "create"), "create"), Ge(1L),
        {.text = absl::StrCat("an event to refuse with code ", i + 1), .code = why::kEventMissing});
  }
  const std::size_t refused = check.Events().size();
  BePrompt(check.Sink());
  for (int i = 0; i < kCodes; ++i) {
    const Task& task = tasks[static_cast<std::size_t>(i)];
    check.EXPECT_THAT(task.shim().alive(), Eq(true),
                      {.text = absl::StrCat("the shim lives after a refusal with code ", i + 1),
                       .code = why::kShimCrashed});
    check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kCreated)),
                      {.text = absl::StrCat("after a refusal with code ", i + 1)});
    check.ASSERT_THAT(task.Start(), IsOk());
    // Delivered anew, or given up as hopeless (EVT-02); what comes later arrives in any case.
    const auto later = [&](const std::vector<Event>& events) {
      return std::any_of(events.begin() + static_cast<std::ptrdiff_t>(refused), events.end(),
                         [&](const Event& event) {
                           return event.container_id == task.id() && HasTopic(event, "start");
                         });
    };
    check.EXPECT_THAT(later(check.AwaitEvents(later)), Eq(true),
                      {.text = absl::StrCat("start event after a refusal with code ", i + 1),
                       .code = why::kEventMissing});
  }
}

void RefusedOnceComesAgain(CheckContext& check) {
  check.Sink().SetMode(Mode::kRefuse, {}, absl::StatusCode::kUnavailable, 1);
  const Task task = check.Create(Program("pause"));
  const std::vector<Event> creates = UntilTopic(check, task.id(), "", "create", 2);
  check.ASSERT_THAT(creates.size(), Eq(2u),
                    {.text = "the refused attempt and the next", .code = why::kEventMissing});
  check.EXPECT_THAT(creates[1].payload, Eq(creates[0].payload),
                    {.text = "the same event", .code = why::kEventField});
}

// --- silence -------------------------------------------------------------------------------------

void UnansweredForwardIsGivenUp(CheckContext& check) {
  check.Sink().SetMode(Mode::kSilent);
  const Task task = check.Create(Program("pause"));
  check.EXPECT_THAT(check.Eventually([&] { return check.Sink().received() >= 2; }), Eq(true),
                    {.text = "a further attempt after a Forward that nobody answers, the "
                             "connection being open",
                     .code = why::kEventMissing});
}

void QueueHoldsAHundredEvents(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.Sink().SetMode(Mode::kSilent);
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) {
    ids.insert(check.Require(task.AddExec(Program("pause"))).exec_id());
  }
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  ComeBack(check.Sink());
  const auto missing = [&](const std::vector<Event>& events) {
    std::set<std::string> left = ids;
    for (const Event& event : events) {
      if (HasTopic(event, "exec-added")) left.erase(event.exec_id);
    }
    return left;
  };
  const std::vector<Event> events =
      check.AwaitEvents([&](const std::vector<Event>& so_far) { return missing(so_far).empty(); });
  check.EXPECT_THAT(missing(events), IsEmpty(),
                    {.text = "execs whose registration was never told",
                     .code = why::kEventMissing,
                     .requirement = "EVT-43"});
}

void FullQueueBlocksNoOtherCall(CheckContext& check) {
  constexpr int kEvents = 300;  // more than the 128 that the Go shim keeps
  const Task task = check.Run(Program("pause"));
  check.Sink().SetMode(Mode::kSilent);
  containerd::task::v3::ExecProcessRequest request;
  request.set_id(task.id());
  request.mutable_spec()->set_type_url("types.containerd.io/opencontainers/runtime-spec/1/Process");
  request.mutable_spec()->set_value(R"({"args":["/bin/pause"],"cwd":"/"})");
  std::vector<std::unique_ptr<PendingReply>> pending;
  for (int i = 0; i < kEvents; ++i) {
    request.set_exec_id(absl::StrCat("flood-", i));
    pending.push_back(task.shim().CallAsync("Exec", request.SerializeAsString()));
  }
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "State while events pile up"});
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk(), {.text = "Kill while events pile up"});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)),
                    {.text = "Wait while events pile up"});
  ComeBack(check.Sink());
  for (const std::unique_ptr<PendingReply>& reply : pending) {
    (void)reply->Get();  // refused because the task is dead, or for want of room: both are answers
  }
  check.EXPECT_THAT(task.shim().Connect(task.id()), IsOk(), {.text = "once deliveries resume"});
}

// --- containerd away -----------------------------------------------------------------------------

void ReconnectsAsOftenAsNeeded(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  for (int round = 1; round <= 10; ++round) {
    check.Sink().Restart();
    const Exec exec = check.Require(task.AddExec(Program("pause")));
    check.ASSERT_THAT(
        Count(UntilTopic(check, task.id(), exec.exec_id(), "exec-added"), "exec-added"), Ge(1L),
        {.text = absl::StrCat("an event after restart ", round), .code = why::kEventMissing});
  }
}

void EndsThough(CheckContext& check, void (*hinder)(EventSink& sink)) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "0"));
  ShimUnderTest& shim = check.StartShim(bundle);
  hinder(check.Sink());
  const Task task =
      check.Create(Program("exit_code", "0"), {.existing_bundle = bundle, .shim = &shim});
  check.ASSERT_THAT(task.Start(), IsOk());
  EndAndDelete(check, task);
  check.ASSERT_THAT(shim.Shutdown(bundle.id), IsOk());
  check.EXPECT_THAT(
      shim.AwaitExit(kExitDeadline), Eq(true),
      {.text = "the daemon ends although its events reach nobody", .code = why::kLeftProcess});
}
void EndsThoughNobodyListens(CheckContext& check) {
  EndsThough(check, [](EventSink& sink) { sink.Stop(); });
}
void EndsThoughNobodyAnswers(CheckContext& check) {
  EndsThough(check, [](EventSink& sink) { sink.SetMode(Mode::kSilent); });
}
void EndsThoughContainerdIsFrozen(CheckContext& check) {
  EndsThough(check, [](EventSink& sink) { sink.SetMode(Mode::kFrozen); });
}

}  // namespace

void AddEventDeliveryChecks(std::vector<Check>& checks) {
  const Needs exec = ToNeeds(Need::kExec);
  for (const Behaviour& behaviour : Behaviours()) {
    checks.push_back(
        {.id = absl::StrCat("events/a-", behaviour.name, "-sink-delays-no-call-and-misses-nothing"),
         .requirements = {"EVT-43", "EVT-28", "EVT-40", "EVT-49", "TASK-10"},
         .tags = {"sink"},
         .needs = exec,
         .run = [&behaviour](CheckContext& check) { LifeBeside(check, behaviour); }});
  }
  const std::vector<Check> rows = {
      {.id = "events/a-refusal-with-any-code-is-survived",
       .requirements = {"EVT-49"},
       .tags = {"sink", "slow"},
       .run = EveryCodeIsSurvived},
      {.id = "events/a-refused-event-comes-again",
       .requirements = {"EVT-42"},
       .level = Level::kShould,
       .tags = {"sink"},
       .run = RefusedOnceComesAgain},
      {.id = "events/an-unanswered-forward-is-given-up",
       .requirements = {"EVT-41", "EVT-45"},
       .level = Level::kShould,
       .tags = {"sink", "slow"},
       .run = UnansweredForwardIsGivenUp},
      {.id = "events/a-hundred-events-wait-for-their-receiver",
       .requirements = {"EVT-28", "EVT-43"},
       .tags = {"sink"},
       .needs = exec,
       .run = QueueHoldsAHundredEvents},
      {.id = "events/a-full-queue-blocks-no-other-call",
       .requirements = {"EVT-28"},
       .tags = {"sink"},
       .needs = exec,
       .run = FullQueueBlocksNoOtherCall},
      {.id = "events/reconnects-as-often-as-needed",
       .requirements = {"EVT-40"},
       .tags = {"sink"},
       .needs = exec,
       .run = ReconnectsAsOftenAsNeeded},
      {.id = "events/the-shim-ends-though-nobody-listens",
       .requirements = {"EVT-46"},
       .tags = {"sink", "slow"},
       .run = EndsThoughNobodyListens},
      {.id = "events/the-shim-ends-though-nobody-answers",
       .requirements = {"EVT-46"},
       .tags = {"sink", "slow"},
       .run = EndsThoughNobodyAnswers},
      {.id = "events/the-shim-ends-though-containerd-is-frozen",
       .requirements = {"EVT-46"},
       .tags = {"sink", "slow"},
       .run = EndsThoughContainerdIsFrozen},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
