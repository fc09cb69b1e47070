// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstdio>
#include <functional>

#include "base/status_macros.h"
#include "benchmarks/wasm/bench.h"

namespace benchmarks::wasm {
namespace {

constexpr int kTogether[] = {1, 8, 64};
// Lives in one sample, whatever the number together: a rate needs some.
constexpr int kLives = 64;

// How long `count` tasks take, all at once, from the first Create to the last answer of Delete.
absl::StatusOr<tasks::Clock::duration> RunTasks(Bench& bench, tasks::ShimSession& session,
                                                const std::vector<std::string>& args, int count) {
  std::vector<std::unique_ptr<tasks::TaskLife>> tasks;
  for (int i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(std::unique_ptr<tasks::TaskLife> task, bench.NewTask(session, args));
    tasks.push_back(std::move(task));
  }
  int ended = 0;
  absl::Status failure;
  const tasks::Time begin = tasks::Clock::now();
  for (const auto& task : tasks) {
    task->Run([&](const absl::Status& status) {
      ++ended;
      failure.Update(status);
    });
  }
  RETURN_IF_ERROR(tasks::RunUntil(bench.loop(), [&] { return ended == count; }));
  const tasks::Clock::duration took = tasks::Clock::now() - begin;
  RETURN_IF_ERROR(failure);
  return took;
}

absl::StatusOr<tasks::Clock::duration> RunFloors(Bench& bench, int count) {
  std::vector<std::unique_ptr<FloorLife>> floors;
  for (int i = 0; i < count; ++i) floors.push_back(bench.NewFloor(/*mounts=*/true));
  const tasks::Time begin = tasks::Clock::now();
  for (const auto& floor : floors) RETURN_IF_ERROR(floor->BeginCreate());
  for (const auto& floor : floors) {
    RETURN_IF_ERROR(floor->AwaitCreated());
    RETURN_IF_ERROR(floor->Start());
  }
  for (const auto& floor : floors) RETURN_IF_ERROR(floor->AwaitExit());
  for (const auto& floor : floors) RETURN_IF_ERROR(floor->Delete());
  return tasks::Clock::now() - begin;
}

using RunBatch = std::function<absl::StatusOr<tasks::Clock::duration>(int together)>;

absl::Status Sample(tasks::SampleTable& table, const std::string& side, int together, bool counts,
                    const RunBatch& run) {
  tasks::Clock::duration took{};
  const int batches = std::max(1, kLives / together / 4);
  for (int i = 0; i < batches; ++i) {
    absl::StatusOr<tasks::Clock::duration> one = run(together);
    if (!one.ok()) return base::Annotate(one.status(), absl::StrCat(side, ", ", together));
    took += *one;
  }
  if (counts) {
    table.Add(absl::StrCat(together, " at once"), side,
              batches * together * 1000 / tasks::Millis(took));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasureParallel(Bench& bench) {
  tasks::SampleTable table = bench.NewTable("tasks/s", 0);
  ASSIGN_OR_RETURN(const std::unique_ptr<tasks::ShimSession> wasm,
                   bench.StartShim(StageKind::kReal, "cache"));
  ASSIGN_OR_RETURN(const std::unique_ptr<tasks::ShimSession> native,
                   bench.StartShim(StageKind::kNative, "cache"));
  const std::vector<std::pair<const char*, RunBatch>> sides = {
      {"floor", [&](int together) { return RunFloors(bench, together); }},
      {"reference, Wasm",
       [&](int together) { return RunTasks(bench, *wasm, HelloArgs(), together); }},
      {"reference, no engine in the stage",
       [&](int together) { return RunTasks(bench, *native, HelloArgs(), together); }},
      {"reference, native program by runc",
       [&](int together) {
         return RunTasks(bench, *wasm, {"/bin/print_args", "hello"}, together);
       }},
  };
  const int rounds = std::max(1, bench.settings().rounds / 8);
  for (int round = -1; round < rounds; ++round) {
    for (const int together : kTogether) {
      tasks::Progress(absl::StrCat("parallel: round ", round + 1, ", ", together, " at once"));
      for (const auto& [side, run] : sides) {
        RETURN_IF_ERROR(Sample(table, side, together, round >= 0, run));
      }
    }
  }
  tasks::Progress("");
  std::printf("\n### Tasks per second, Create to Delete, one shim\n\n%s",
              table.Markdown({.side = "floor"}).c_str());
  return absl::OkStatus();
}

}  // namespace benchmarks::wasm
