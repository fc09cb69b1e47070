// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <cstdio>

#include "base/status_macros.h"
#include "benchmarks/statistics.h"
#include "benchmarks/wasm/bench.h"
#include "benchmarks/wasm/shapes.h"

namespace benchmarks::wasm {
namespace {

// A shim gives memory back when it has had nothing to do for a while.
constexpr std::chrono::milliseconds kIdle{1500};

std::vector<std::string> PauseArgs() { return {absl::StrCat("/", kPauseModule)}; }

absl::Status AddMemory(tasks::SampleTable& table, const std::string& what, pid_t pid) {
  ASSIGN_OR_RETURN(const Memory memory, MemoryOf(pid));
  table.Add("Pss", what, memory.pss);
  table.Add("private dirty", what, memory.private_dirty);
  return absl::OkStatus();
}

absl::Status ParkTasks(Bench& bench, tasks::SampleTable& table, const std::string& side,
                       StageKind stage) {
  ASSIGN_OR_RETURN(const std::unique_ptr<tasks::ShimSession> session,
                   bench.StartShim(stage, "cache"));
  std::vector<std::unique_ptr<tasks::TaskLife>> tasks;
  for (int i = 0; i < bench.settings().alive; ++i) {
    tasks::Progress(absl::StrCat("memory: ", side, " ", i + 1));
    ASSIGN_OR_RETURN(std::unique_ptr<tasks::TaskLife> task, bench.NewTask(*session, PauseArgs()));
    RETURN_IF_ERROR(tasks::Await(
        bench.loop(), [&](tasks::TaskLife::Done done) { task->Create(std::move(done)); }));
    RETURN_IF_ERROR(tasks::Await(
        bench.loop(), [&](tasks::TaskLife::Done done) { task->Start(std::move(done)); }));
    tasks.push_back(std::move(task));
  }
  tasks::Rest(kIdle);
  for (const auto& task : tasks) RETURN_IF_ERROR(AddMemory(table, side, task->pid()));
  RETURN_IF_ERROR(
      AddMemory(table, absl::StrCat("the shim of those tasks, ", side), session->pid()));
  for (const auto& task : tasks) {
    RETURN_IF_ERROR(tasks::Await(
        bench.loop(), [&](tasks::TaskLife::Done done) { task->KillAndWait(std::move(done)); }));
    RETURN_IF_ERROR(tasks::Await(
        bench.loop(), [&](tasks::TaskLife::Done done) { task->Delete(std::move(done)); }));
  }
  return absl::OkStatus();
}

absl::Status ParkFloors(Bench& bench, tasks::SampleTable& table) {
  std::vector<std::unique_ptr<FloorLife>> floors;
  for (int i = 0; i < bench.settings().alive; ++i) {
    floors.push_back(bench.NewFloor(/*mounts=*/true));
    RETURN_IF_ERROR(floors.back()->BeginCreate());
    RETURN_IF_ERROR(floors.back()->AwaitCreated());
  }
  for (const auto& floor : floors) RETURN_IF_ERROR(AddMemory(table, "floor", floor->pid()));
  return absl::OkStatus();
}

// One shim per task, as containerd has it where no group is named; `parks`: with one task each.
absl::Status IdleShims(Bench& bench, tasks::SampleTable& table, const std::string& side,
                       bool parks) {
  std::vector<std::unique_ptr<tasks::ShimSession>> sessions;
  std::vector<std::unique_ptr<tasks::TaskLife>> tasks;
  for (int i = 0; i < bench.settings().alive; ++i) {
    tasks::Progress(absl::StrCat("memory: ", side, " ", i + 1));
    ASSIGN_OR_RETURN(std::unique_ptr<tasks::ShimSession> session,
                     bench.StartShim(StageKind::kReal, "cache"));
    sessions.push_back(std::move(session));
    if (!parks) continue;
    ASSIGN_OR_RETURN(std::unique_ptr<tasks::TaskLife> task,
                     bench.NewTask(*sessions.back(), PauseArgs()));
    RETURN_IF_ERROR(tasks::Await(
        bench.loop(), [&](tasks::TaskLife::Done done) { task->Create(std::move(done)); }));
    RETURN_IF_ERROR(tasks::Await(
        bench.loop(), [&](tasks::TaskLife::Done done) { task->Start(std::move(done)); }));
    tasks.push_back(std::move(task));
  }
  tasks::Rest(kIdle);
  for (const auto& session : sessions) RETURN_IF_ERROR(AddMemory(table, side, session->pid()));
  for (const auto& task : tasks) {
    RETURN_IF_ERROR(AddMemory(table, "task of such a shim", task->pid()));
  }
  for (const auto& task : tasks) {
    RETURN_IF_ERROR(tasks::Await(
        bench.loop(), [&](tasks::TaskLife::Done done) { task->KillAndWait(std::move(done)); }));
    RETURN_IF_ERROR(tasks::Await(
        bench.loop(), [&](tasks::TaskLife::Done done) { task->Delete(std::move(done)); }));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasureMemory(Bench& bench) {
  constexpr char kParked[] = "parked Wasm task";
  constexpr char kIdleShim[] = "idle shim";
  constexpr char kShimWithTask[] = "idle shim with one Wasm task";
  tasks::SampleTable table = bench.NewTable("KiB", 0);
  RETURN_IF_ERROR(ParkFloors(bench, table));
  RETURN_IF_ERROR(ParkTasks(bench, table, kParked, StageKind::kReal));
  RETURN_IF_ERROR(ParkTasks(bench, table, "parked task, no engine", StageKind::kNative));
  RETURN_IF_ERROR(IdleShims(bench, table, kIdleShim, /*parks=*/false));
  RETURN_IF_ERROR(IdleShims(bench, table, kShimWithTask, /*parks=*/true));
  tasks::Progress("");
  std::printf("\n### Memory, %d alive at once\n\n%s", bench.settings().alive,
              table.Markdown({}).c_str());
  const auto pss = [&](const char* side) { return Median(table.Samples("Pss", side)); };
  std::printf(
      "\n| goal | measured |\n|---|---|\n"
      "| a parked task, all told ≤ 500 KiB | %.0f KiB of it, %.0f with a shim of its own |\n"
      "| an idle shim ≤ 250 KiB | %.0f KiB, %.0f with a Wasm task |\n",
      pss(kParked), pss("task of such a shim") + pss(kShimWithTask), pss(kIdleShim),
      pss(kShimWithTask));
  return absl::OkStatus();
}

}  // namespace benchmarks::wasm
