// SPDX-License-Identifier: Apache-2.0
// The obstacles that need no stand-in engine: hooks that block, processes that are stopped.
#include "conformance/checks/isolation.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <set>

#include "base/fifo.h"
#include "conformance/checks/areas.h"
#include "conformance/checks/hook_plan.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/harness/host_pids.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

using ::testing::Eq;

// A hook that stays until it is let go, at the latest when this object goes.
class BlockingHook {
 public:
  explicit BlockingHook(CheckContext& check)
      : check_(check), path_(check.ScratchDirectory() + "/gate") {
    check.Require(base::MakeFifo(path_, 0600), {.code = why::kHarness});
    ends_ = check.Require(base::OpenFifoBothEnds(path_, /*nonblocking=*/false),
                          {.code = why::kHarness});
  }

  CreateOptions At(HookPoint point) {
    CreateOptions options;
    options.bundle.edit = WithHooks({ProgramHook(check_, point, "gate", {path_, "0"})});
    return options;
  }
  [[nodiscard]] bool Runs() {
    const std::vector<ProcessInfo> all = check_.World().All();
    return std::any_of(all.begin(), all.end(), [](const ProcessInfo& process) {
      return process.name == "gate" && process.state != 'Z';
    });
  }
  void LetGo() { check_.ASSERT_THAT(::write(ends_.get(), "x", 1), Eq(1), {.code = why::kHarness}); }

 private:
  CheckContext& check_;
  const std::string path_;
  base::UniqueFd ends_;
};

// Waits until `call` has arrived at the hook, runs `during`, and sees the call through.
void WhileBlocked(CheckContext& check, BlockingHook& hook, PendingReply& call,
                  const std::string& name, const std::string& id, const Obstacle::During& during) {
  check.ASSERT_THAT(check.Eventually([&] { return hook.Runs() || call.done(); }), Eq(true),
                    {.text = "the hook runs", .code = why::kProcessState});
  // Whether a call waits for its hooks is for area "hooks" to judge.
  if (call.done()) check.Skip(absl::StrCat(name, " does not wait for its hooks here"));
  during(absl::StrCat("while ", name, " of ", id, " is blocked"), id);
  check.EXPECT_THAT(
      call.done(), Eq(false),
      {.text = absl::StrCat(name, " was blocked all the time"), .code = why::kHarness});
  hook.LetGo();
  check.EXPECT_THAT(call.Get(), IsOk(), {.text = absl::StrCat(name, " goes on when it can")});
}

void BlockCreate(CheckContext& check, ShimUnderTest& shim, const Obstacle::During& during) {
  BlockingHook hook(check);
  const Bundle bundle =
      check.MakeBundle(Program("pause"), hook.At(HookPoint::kCreateRuntime).bundle);
  const std::unique_ptr<PendingReply> create = check.CreateAsync(shim, bundle);
  WhileBlocked(check, hook, *create, "Create", bundle.id, during);
}

void BlockStart(CheckContext& check, ShimUnderTest& shim, const Obstacle::During& during) {
  BlockingHook hook(check);
  CreateOptions options = hook.At(HookPoint::kStartContainer);
  options.shim = &shim;
  const Task task = check.Create(Program("pause"), options);
  ::containerd::task::v3::StartRequest request;
  request.set_id(task.id());
  const std::unique_ptr<PendingReply> start = shim.CallAsync("Start", request.SerializeAsString());
  WhileBlocked(check, hook, *start, "Start", task.id(), during);
}

void BlockDelete(CheckContext& check, ShimUnderTest& shim, const Obstacle::During& during) {
  BlockingHook hook(check);
  CreateOptions options = hook.At(HookPoint::kPoststop);
  options.shim = &shim;
  const Task task = check.Run(Program("exit_code", "0"), options);
  check.Require(task.Wait());
  const std::unique_ptr<PendingReply> removal = shim.CallAsync("Delete", DeleteRequest(task.id()));
  WhileBlocked(check, hook, *removal, "Delete", task.id(), during);
}

// --- stopped processes ---------------------------------------------------------------------------

// Continues on every way out: what is stopped does not even die of SIGTERM.
class Stopped {
 public:
  explicit Stopped(std::vector<pid_t> pids) : pids_(std::move(pids)) {
    for (const pid_t pid : pids_) ::kill(pid, SIGSTOP);
  }
  ~Stopped() {
    for (const pid_t pid : pids_) ::kill(pid, SIGCONT);
  }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;

  [[nodiscard]] bool AllStopped(CheckContext& check) const {
    return std::all_of(pids_.begin(), pids_.end(), [&check](pid_t pid) {
      const auto found = check.World().Find(pid);
      return found.has_value() && found->state == 'T';
    });
  }

 private:
  const std::vector<pid_t> pids_;
};

void StopProcesses(CheckContext& check, const Task& task, const std::vector<pid_t>& pids,
                   const std::string& whose, const Obstacle::During& during) {
  {
    const Stopped stopped(pids);
    check.ASSERT_THAT(check.Eventually([&] { return stopped.AllStopped(check); }), Eq(true),
                      {.text = "SIGSTOP stops", .code = why::kHarness});
    during(absl::StrCat("while ", whose, " of ", task.id(), " is stopped"), task.id());
  }
  check.Require(task.Kill(SIGKILL));
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
}

void StopInit(CheckContext& check, ShimUnderTest& shim, const Obstacle::During& during) {
  CreateOptions options;
  options.shim = &shim;
  const Task task = check.Run(Program("pause", "--ready"), options);
  // execve of a program with threads, which the engine's last step is, forgets a pending stop.
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  StopProcesses(check, task, {task.pid()}, "the init", during);
}

// Whatever a shim starts to look after one container: a monitor, a virtual machine, a guest agent.
// Shims that need no such thing have nothing to be stopped, and answer all the same.
void StopWorkers(CheckContext& check, ShimUnderTest& shim, const Obstacle::During& during) {
  std::set<pid_t> before;
  for (const ProcessInfo& process : check.World().All()) before.insert(process.pid);
  CreateOptions options;
  options.shim = &shim;
  const Task task = check.Run(Program("pause"), options);
  std::vector<pid_t> workers;
  check.Eventually(
      [&] {  // engines are still on their way out
        workers.clear();
        for (const ProcessInfo& process : check.World().All()) {
          const bool known = before.count(process.pid) != 0 || process.pid == task.pid();
          if (!known && process.state != 'Z') workers.push_back(process.pid);
        }
        return workers.empty();
      },
      std::chrono::milliseconds(200));
  if (workers.empty()) check.Note("no process of the shim's own serves a single container");
  StopProcesses(check, task, workers, "every worker", during);
}

}  // namespace

void AddIsolationChecks(std::vector<Check>& checks) {
  const Needs hooks = ToNeeds(Need::kHooks);
  const std::vector<Obstacle> obstacles = {
      {.word = "a-blocked-create", .needs = hooks, .obstruct = BlockCreate},
      {.word = "a-blocked-start", .needs = hooks, .obstruct = BlockStart},
      {.word = "a-blocked-delete", .needs = hooks, .obstruct = BlockDelete},
      {.word = "a-stopped-init", .tags = {"matrix", kHostPidsTag}, .obstruct = StopInit},
      {.word = "a-stopped-worker", .obstruct = StopWorkers},
  };
  for (const Obstacle& obstacle : obstacles) AddIsolationRows(checks, obstacle);
  AddEngineObstacles(checks);
  AddEngineFailureChecks(checks);
}

}  // namespace conformance
