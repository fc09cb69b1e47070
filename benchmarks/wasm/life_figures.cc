// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <utility>

#include "base/status_macros.h"
#include "benchmarks/statistics.h"
#include "benchmarks/tasks/run_program.h"
#include "benchmarks/wasm/bench.h"

namespace benchmarks::wasm {
namespace {

constexpr char kFloor[] = "floor";
constexpr char kOurs[] = "reference, Wasm";
constexpr char kWhole[] = "Create + Start to exit";

// One way of running the hello program once.
struct Side {
  std::string name;
  std::function<absl::StatusOr<tasks::TaskTimes>()> run;
};

void AddTimes(tasks::SampleTable& table, const std::string& side, const tasks::TaskTimes& times) {
  const tasks::Clock::duration create = times.created - times.create_sent;
  const tasks::Clock::duration to_exit = times.exited - times.start_sent;
  table.Add(kWhole, side, tasks::Millis(create + to_exit));
  if (create == tasks::Clock::duration()) return;  // what has no steps
  table.Add("Create", side, tasks::Millis(create));
  table.Add("Start", side, tasks::Millis(times.started - times.start_sent));
  if (times.first_output != tasks::Time()) {
    table.Add("Start to output", side, tasks::Millis(times.first_output - times.start_sent));
  }
  table.Add("Start to exit", side, tasks::Millis(to_exit));
  table.Add("Delete", side, tasks::Millis(times.deleted - times.delete_sent));
}

class LifeRun {
 public:
  explicit LifeRun(Bench& bench) : bench_(bench), table_(bench.NewTable("ms", 3)) {}

  absl::Status Prepare();
  absl::Status Measure();
  // From nothing: the shim is started for the task.
  absl::Status MeasureCold();
  void Print() const;

 private:
  absl::StatusOr<tasks::TaskTimes> RunFloor(bool mounts);
  absl::StatusOr<tasks::TaskTimes> RunTask(tasks::ShimSession& session,
                                           const std::vector<std::string>& args, bool mounts_root);
  void AddShimSide(const std::string& name, tasks::ShimSession& session,
                   std::vector<std::string> args, bool mounts_root = false);
  absl::StatusOr<tasks::TaskTimes> RunWasmtime(const std::vector<std::string>& flags,
                                               const std::string& module);
  absl::Status AddWasmtime();

  Bench& bench_;
  tasks::SampleTable table_;
  tasks::SampleTable cold_ = bench_.NewTable("ms", 3);
  std::vector<std::unique_ptr<tasks::ShimSession>> sessions_;
  std::vector<Side> sides_;
};

absl::StatusOr<tasks::TaskTimes> LifeRun::RunFloor(bool mounts) {
  const std::unique_ptr<FloorLife> floor = bench_.NewFloor(mounts);
  RETURN_IF_ERROR(floor->Run());
  return floor->times();
}

absl::StatusOr<tasks::TaskTimes> LifeRun::RunTask(tasks::ShimSession& session,
                                                  const std::vector<std::string>& args,
                                                  bool mounts_root) {
  ASSIGN_OR_RETURN(const std::unique_ptr<tasks::TaskLife> task,
                   bench_.NewTask(session, args, mounts_root));
  RETURN_IF_ERROR(tasks::RunToEnd(*task));
  return task->times();
}

void LifeRun::AddShimSide(const std::string& name, tasks::ShimSession& session,
                          std::vector<std::string> args, bool mounts_root) {
  sides_.push_back({.name = name, .run = [this, &session, args = std::move(args), mounts_root] {
                      return RunTask(session, args, mounts_root);
                    }});
}

// No container at all: the engine's own program, to its end.
absl::StatusOr<tasks::TaskTimes> LifeRun::RunWasmtime(const std::vector<std::string>& flags,
                                                      const std::string& module) {
  std::vector<std::string> argv = {"wasmtime", "run"};
  argv.insert(argv.end(), flags.begin(), flags.end());
  argv.insert(argv.end(), {module, "hello"});
  tasks::TaskTimes times;
  times.create_sent = times.created = times.start_sent = times.started = tasks::Clock::now();
  RETURN_IF_ERROR(tasks::RunProgram({.path = bench_.settings().wasmtime,
                                     .argv = argv,
                                     .env = {},
                                     .cwd = bench_.place().directory})
                      .status());
  times.exited = times.delete_sent = times.deleted = tasks::Clock::now();
  return times;
}

absl::Status LifeRun::AddWasmtime() {
  const std::string module = bench_.place().rootfs() + HelloArgs()[0];
  const std::string code = bench_.place().directory + "/hello.cwasm";
  RETURN_IF_ERROR(tasks::RunProgram({.path = bench_.settings().wasmtime,
                                     .argv = {"wasmtime", "compile", "-o", code, module},
                                     .env = {},
                                     .cwd = bench_.place().directory})
                      .status());
  sides_.push_back({.name = "`wasmtime run`, no container, compiled before",
                    .run = [this, code] { return RunWasmtime({"--allow-precompiled"}, code); }});
  sides_.push_back({.name = "`wasmtime run`, no container, compiling", .run = [this, module] {
                      return RunWasmtime({"-C", "cache=n"}, module);
                    }});
  return absl::OkStatus();
}

absl::Status LifeRun::Prepare() {
  sides_.push_back({.name = kFloor, .run = [this] { return RunFloor(/*mounts=*/true); }});
  sides_.push_back(
      {.name = "floor, no mounts", .run = [this] { return RunFloor(/*mounts=*/false); }});
  ASSIGN_OR_RETURN(std::unique_ptr<tasks::ShimSession> wasm,
                   bench_.StartShim(StageKind::kReal, "cache"));
  ASSIGN_OR_RETURN(std::unique_ptr<tasks::ShimSession> native,
                   bench_.StartShim(StageKind::kNative, "cache"));
  AddShimSide(kOurs, *wasm, HelloArgs());
  AddShimSide("reference, Wasm, rootfs mounted by the shim", *wasm, HelloArgs(), true);
  AddShimSide("reference, no engine in the stage", *native, HelloArgs());
  AddShimSide("reference, native program by runc", *wasm, {"/bin/print_args", "hello"});
  sessions_.push_back(std::move(wasm));
  sessions_.push_back(std::move(native));
  for (const Peer& peer : bench_.settings().shims) {
    ASSIGN_OR_RETURN(std::unique_ptr<tasks::ShimSession> session, bench_.StartPeer(peer));
    AddShimSide(peer.name, *session, HelloArgs());
    sessions_.push_back(std::move(session));
  }
  return bench_.settings().wasmtime.empty() ? absl::OkStatus() : AddWasmtime();
}

absl::Status LifeRun::Measure() {
  // The first round compiles, reads programs into memory, and is not counted.
  std::vector<Side> order = sides_;
  for (int round = -1; round < bench_.settings().rounds; ++round) {
    tasks::Progress(absl::StrCat("life: round ", round + 1, " of ", bench_.settings().rounds));
    std::vector<std::pair<std::string, tasks::TaskTimes>> taken;
    std::shuffle(order.begin(), order.end(), bench_.random());
    for (const Side& side : order) {
      absl::StatusOr<tasks::TaskTimes> times = side.run();
      if (!times.ok()) return base::Annotate(times.status(), side.name);
      taken.emplace_back(side.name, *times);
    }
    if (round < 0) continue;
    // In one order, whatever that of the round was: the tables keep it.
    for (const Side& side : sides_) {
      const auto found = std::find_if(taken.begin(), taken.end(),
                                      [&](const auto& one) { return one.first == side.name; });
      AddTimes(table_, side.name, found->second);
    }
  }
  return absl::OkStatus();
}

absl::Status LifeRun::MeasureCold() {
  const int rounds = std::max(1, bench_.settings().rounds / 4);
  for (int round = 0; round < rounds; ++round) {
    tasks::Progress(absl::StrCat("cold: round ", round + 1, " of ", rounds));
    ASSIGN_OR_RETURN(const std::unique_ptr<tasks::ShimSession> session,
                     bench_.StartShim(StageKind::kReal, "cache"));
    ASSIGN_OR_RETURN(const tasks::TaskTimes times, RunTask(*session, HelloArgs(), false));
    const tasks::Clock::duration task =
        (times.created - times.create_sent) + (times.exited - times.start_sent);
    cold_.Add("shim start", kOurs, tasks::Millis(session->start_took()));
    cold_.Add("shim start + first answer", kOurs, tasks::Millis(session->first_answer_took()));
    cold_.Add("shim start to exit of its first task", kOurs,
              tasks::Millis(session->first_answer_took() + task));
  }
  return absl::OkStatus();
}

void LifeRun::Print() const {
  tasks::Progress("");
  std::printf("\n### One task, shim running\n\n%s", table_.Markdown({.side = kFloor}).c_str());
  std::printf("\n### One task, shim not running\n\n%s", cold_.Markdown({}).c_str());
  const std::vector<double>& own = table_.Samples(kWhole, kOurs);
  const auto ratio = [&](const char* side) {
    return PairedRatio(own, table_.Samples(kWhole, side), 1).value;
  };
  std::printf(
      "\n| goal | measured |\n|---|---|\n"
      "| %s ≤ 2 × floor | %.2f × the floor, %.2f × the floor without mounts |\n"
      "| %s ≤ 5 ms | p50 %.2f ms, minimum %.2f ms |\n",
      kWhole, ratio(kFloor), ratio("floor, no mounts"), kWhole, Median(own), Quantile(own, 0));
}

}  // namespace

absl::Status MeasureLife(Bench& bench) {
  LifeRun run(bench);
  RETURN_IF_ERROR(run.Prepare());
  RETURN_IF_ERROR(run.Measure());
  RETURN_IF_ERROR(run.MeasureCold());
  run.Print();
  return absl::OkStatus();
}

}  // namespace benchmarks::wasm
