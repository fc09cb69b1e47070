// SPDX-License-Identifier: Apache-2.0
// The columns of the matrix: which calls have to be served while something else is stuck.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <utility>

#include "conformance/checks/isolation.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/harness/host_pids.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Not;

namespace v3 = ::containerd::task::v3;

constexpr std::chrono::milliseconds kPromptly{2000};  // STATE-03
CallOptions Promptly() {
  CallOptions options;
  options.deadline = kPromptly;
  return options;
}

struct SimpleCall {
  const char* method;
  const char* requirement;
  std::string request;
};

// Judges that a call was served, not how it ended: that it did not run into its deadline.
bool ExpectServed(CheckContext& check, const absl::Status& status, const std::string& call,
                  const std::string& stuck) {
  return check.EXPECT_THAT(
      status, Not(HasCode(absl::StatusCode::kDeadlineExceeded)),
      {.text = absl::StrCat(call, " is answered within 2 s ", stuck), .code = why::kReplyDelayed});
}

// The same for calls in flight, which share the two seconds.
using Calls = std::vector<std::pair<SimpleCall, std::unique_ptr<PendingReply>>>;
bool ExpectServed(CheckContext& check, const Calls& calls, const std::string& whose,
                  const std::string& stuck) {
  const auto served = [](const auto& call) { return call.second->done(); };
  check.Eventually([&] { return std::all_of(calls.begin(), calls.end(), served); }, kPromptly);
  std::vector<std::string> waiting;
  for (const auto& call : calls) {
    if (!served(call)) waiting.emplace_back(call.first.method);
  }
  return check.EXPECT_THAT(
      waiting, IsEmpty(),
      {.text = absl::StrCat("calls of ", whose, " still waiting after 2 s ", stuck),
       .code = why::kReplyDelayed});
}

// And how it ended.
bool ExpectDone(CheckContext& check, const absl::Status& status, const std::string& call,
                const std::string& stuck) {
  return ExpectServed(check, status, call, stuck) &&
         check.EXPECT_THAT(status, IsOk(), {.text = absl::StrCat(call, " ", stuck)});
}

std::vector<SimpleCall> CallsOf(const Task& task) {
  v3::PidsRequest pids;
  pids.set_id(task.id());
  v3::ShutdownRequest shutdown;
  shutdown.set_id(task.id());
  return {{"State", "STATE-03", StateRequest(task.id())},
          {"Connect", "CONN-01", ConnectRequest(task.id())},
          {"Pids", "TASK-03", pids.SerializeAsString()},
          {"Kill", "TASK-03", KillRequest(task.id(), "", 0)},
          {"Shutdown", "SHUT-01", shutdown.SerializeAsString()}};
}

// `kill` ends the other container.
void CallsAndEndOfOthers(CheckContext& check, const Task& other, const std::string& stuck,
                         const std::function<void()>& kill) {
  const std::unique_ptr<PendingReply> wait = other.WaitAsync();
  Calls calls;
  for (const SimpleCall& call : CallsOf(other)) {
    calls.emplace_back(call, other.shim().CallAsync(call.method, call.request));
  }
  ExpectServed(check, calls, "another container", stuck);
  for (const auto& [call, reply] : calls) {
    if (!reply->done()) continue;
    check.EXPECT_THAT(reply->Get(), IsOk(),
                      {.text = absl::StrCat(call.method, " of another container ", stuck),
                       .requirement = call.requirement});
  }
  check.EXPECT_THAT(other.shim().alive(), Eq(true),
                    {.text = "a shim with containers outlives Shutdown",
                     .code = why::kProcessState,
                     .requirement = "SHUT-01"});
  kill();
  const bool released = check.Eventually([&wait] { return wait->done(); }, kPromptly);
  check.EXPECT_THAT(
      released, Eq(true),
      {.text = absl::StrCat("Wait of another container sees its end within 2 s ", stuck),
       .code = why::kReplyDelayed,
       .requirement = "WAIT-01"});
  if (released) check.EXPECT_THAT(AsExit(wait->Get()), IsOkAndHolds(ExitedWith(137)));
}

// The exit itself releases Wait, whoever caused it.
void CallsOfOthers(CheckContext& check, const Task& other, const std::string& stuck) {
  CallsAndEndOfOthers(check, other, stuck, [&] {
    check.ASSERT_THAT(::kill(other.pid(), SIGKILL), Eq(0), {.code = why::kHarness});
  });
}

// Where its pid is another's: the call is one more that has to be served.
void CallsOfOtherGuests(CheckContext& check, const Task& other, const std::string& stuck) {
  CallsAndEndOfOthers(check, other, stuck, [&] {
    const std::unique_ptr<PendingReply> kill =
        other.shim().CallAsync("Kill", KillRequest(other.id(), "", SIGKILL));
    check.ASSERT_THAT(
        check.Eventually([&kill] { return kill->done(); }, kPromptly), Eq(true),
        {.text = absl::StrCat("Kill of another container is answered within 2 s ", stuck),
         .code = why::kReplyDelayed});
    check.EXPECT_THAT(kill->Get(), IsOk(),
                      {.text = absl::StrCat("Kill of another container ", stuck)});
  });
}

void ExecsOfOthers(CheckContext& check, const Task& other, const std::string& stuck) {
  const absl::StatusOr<Exec> exec = other.AddExec(Program("exit_code", "9"), {.call = Promptly()});
  if (!ExpectDone(check, exec.status(), "Exec in another container", stuck)) return;
  const absl::Status started = exec->Start(Promptly()).status();
  if (!ExpectDone(check, started, "Start of an exec in another container", stuck)) return;
  const absl::StatusOr<ExitInfo> exit = exec->Wait(Promptly());
  if (!ExpectDone(check, exit.status(), "Wait for an exec in another container", stuck)) return;
  check.EXPECT_THAT(exit, IsOkAndHolds(ExitedWith(9)));
  ExpectDone(check, exec->Delete(Promptly()).status(), "Delete of an exec in another container",
             stuck);
}

void LivesOfOthers(CheckContext& check, const Task& other, const std::string& stuck) {
  CreateOptions options;
  options.shim = &other.shim();
  options.call = Promptly();
  const Task task = check.TryCreate(Program("exit_code", "8"), options);
  if (!ExpectDone(check, task.create_status(), "Create of a third container", stuck)) return;
  const absl::Status started = task.Start(Promptly()).status();
  if (!ExpectDone(check, started, "Start of a third container", stuck)) return;
  const absl::StatusOr<ExitInfo> exit = task.Wait(Promptly());
  if (!ExpectDone(check, exit.status(), "Wait for a third container", stuck)) return;
  check.EXPECT_THAT(exit, IsOkAndHolds(ExitedWith(8)));
  ExpectDone(check, task.Delete(Promptly()).status(), "Delete of a third container", stuck);
}

// What the client of the stuck container itself still has to learn. It need not be known yet.
void OwnState(CheckContext& check, ShimUnderTest& shim, const std::string& id,
              const std::string& stuck) {
  Calls calls;
  for (const SimpleCall& call : {SimpleCall{"State", "STATE-03", StateRequest(id)},
                                 SimpleCall{"Connect", "CONN-01", ConnectRequest(id)}}) {
    calls.emplace_back(call, shim.CallAsync(call.method, call.request));
  }
  ExpectServed(check, calls, "the same container", stuck);
}

using Group = void (*)(CheckContext& check, const Task& other, const std::string& stuck);

std::vector<std::string> RequirementsOf(const Obstacle& obstacle, std::vector<std::string> ids) {
  if (!obstacle.requirement.empty()) ids.insert(ids.begin(), obstacle.requirement);
  return ids;
}

Check Row(const Obstacle& obstacle, const char* suffix, Needs needs, Group group) {
  return {.id = absl::StrCat(obstacle.area, "/", obstacle.word, suffix),
          .requirements = RequirementsOf(obstacle, {"TASK-03"}),
          .tags = obstacle.tags,
          .needs = obstacle.needs | needs | ToNeeds(Need::kGrouping),
          .run = [obstacle, group](CheckContext& check) {
            const Task other = check.Run(Program("pause"));
            obstacle.obstruct(check, other.shim(),
                              [&](const std::string& stuck, const std::string& /*id*/) {
                                group(check, other, stuck);
                              });
          }};
}

// All rows but the first.
void AddIsolationRowsOfOthers(std::vector<Check>& checks, const Obstacle& obstacle) {
  checks.push_back(Row(obstacle, "-delays-no-exec-of-others", ToNeeds(Need::kExec), ExecsOfOthers));
  checks.push_back(Row(obstacle, "-delays-no-other-container", 0, LivesOfOthers));
  checks.push_back({.id = absl::StrCat(obstacle.area, "/", obstacle.word, "-delays-no-state"),
                    .requirements = RequirementsOf(obstacle, {"STATE-03", "CONN-01"}),
                    .tags = obstacle.tags,
                    .needs = obstacle.needs,
                    .run = [obstacle](CheckContext& check) {
                      ShimUnderTest& shim = check.Shim();
                      obstacle.obstruct(check, shim,
                                        [&](const std::string& stuck, const std::string& id) {
                                          OwnState(check, shim, id, stuck);
                                        });
                    }});
}

}  // namespace

void AddGuestIsolationRow(std::vector<Check>& checks, const Obstacle& obstacle) {
  checks.push_back(Row(obstacle, "-delays-no-call-of-others", 0, CallsOfOtherGuests));
}

void AddIsolationRow(std::vector<Check>& checks, const Obstacle& obstacle) {
  Check row = Row(obstacle, "-delays-no-call-of-others", 0, CallsOfOthers);
  row.tags.emplace_back(kHostPidsTag);  // it ends the other container behind the shim's back
  checks.push_back(std::move(row));
}

void AddIsolationRows(std::vector<Check>& checks, const Obstacle& obstacle) {
  AddIsolationRow(checks, obstacle);
  AddIsolationRowsOfOthers(checks, obstacle);
}

void AddGuestIsolationRows(std::vector<Check>& checks, const Obstacle& obstacle) {
  AddGuestIsolationRow(checks, obstacle);
  AddIsolationRowsOfOthers(checks, obstacle);
}

}  // namespace conformance
