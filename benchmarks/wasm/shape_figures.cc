// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstdio>

#include "base/status_macros.h"
#include "benchmarks/wasm/bench.h"
#include "benchmarks/wasm/marks.h"
#include "benchmarks/wasm/shapes.h"

namespace benchmarks::wasm {
namespace {

constexpr char kHit[] = "code from the cache";
constexpr char kMiss[] = "compiled";
// Samples of what takes seconds.
constexpr int kLargeMisses = 1;

std::vector<std::string> ArgsOf(const Shape& shape) {
  std::vector<std::string> args = shape.args;
  args.insert(args.begin(), "/" + shape.file);
  return args;
}

std::vector<Shape> Chosen(const Bench& bench) {
  std::vector<Shape> shapes = AllShapes();
  if (!bench.settings().large)
    std::erase_if(shapes, [](const Shape& shape) { return shape.large; });
  return shapes;
}

// Large ones end with a code of their own.
absl::Status RunShape(Bench& bench, tasks::TaskLife& task) {
  RETURN_IF_ERROR(
      tasks::Await(bench.loop(), [&](tasks::TaskLife::Done done) { task.Run(std::move(done)); }));
  if (task.exit_status() == 0 || task.exit_status() == kLargeExitCode) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("exit status ", task.exit_status(), ": ", task.TakeErrors()));
}

// Every time with a cache of its own, which is empty.
absl::Status MeasureMisses(Bench& bench, tasks::SampleTable& table) {
  const int rounds = std::max(1, bench.settings().rounds / 8);
  int caches = 0;
  for (int round = 0; round < rounds; ++round) {
    for (const Shape& shape : Chosen(bench)) {
      if (shape.large && round >= kLargeMisses) continue;
      tasks::Progress(absl::StrCat("compiling: ", shape.name));
      ASSIGN_OR_RETURN(
          const std::unique_ptr<tasks::ShimSession> session,
          bench.StartShim(StageKind::kReal, absl::StrCat("cache-", shape.name, ++caches)));
      ASSIGN_OR_RETURN(const std::unique_ptr<tasks::TaskLife> task,
                       bench.NewTask(*session, ArgsOf(shape)));
      RETURN_IF_ERROR(base::Annotate(RunShape(bench, *task), shape.name));
      table.Add(absl::StrCat("Create of ", shape.name), kMiss,
                tasks::Millis(task->times().created - task->times().create_sent));
    }
  }
  return absl::OkStatus();
}

// What is between two marks, by name.
struct Phase {
  const char* name;
  Mark begin;
  Mark end;
};
constexpr Phase kPhases[] = {
    {"stage: plan, cgroup, config.json", Mark::kMain, Mark::kEngineBegin},
    {"stage: engine", Mark::kEngineBegin, Mark::kEngineEnd},
    {"stage: load code", Mark::kEngineEnd, Mark::kLoadEnd},
    {"stage: mounts, devices", Mark::kLoadEnd, Mark::kOpenBegin},
    {"stage: store, WASI, preopens", Mark::kOpenBegin, Mark::kOpenEnd},
    {"stage: pivot, masks, user, rights", Mark::kOpenEnd, Mark::kInstantiateBegin},
    {"stage: linker, instance", Mark::kInstantiateBegin, Mark::kInstantiateEnd},
    {"guest: first instruction to last", Mark::kRunBegin, Mark::kRunEnd},
};

void AddPhases(tasks::SampleTable& table, const std::string& side, const tasks::TaskTimes& times,
               const Marks& marks) {
  table.Add("shim: call to stage's main()", side,
            tasks::Micros(marks.at(Mark::kMain) - times.create_sent));
  for (const Phase& phase : kPhases) {
    if (phase.begin == Mark::kRunBegin) {
      table.Add("stage ready to Create answered", side,
                tasks::Micros(times.created - marks.at(Mark::kInstantiateEnd)));
      table.Add("Start called to first instruction", side,
                tasks::Micros(marks.at(Mark::kRunBegin) - times.start_sent));
    }
    table.Add(phase.name, side, tasks::Micros(marks.at(phase.end) - marks.at(phase.begin)));
  }
  table.Add("last instruction to Wait answered", side,
            tasks::Micros(times.exited - marks.at(Mark::kRunEnd)));
  table.Add("Delete", side, tasks::Micros(times.deleted - times.delete_sent));
}

}  // namespace

absl::Status MeasureShapes(Bench& bench) {
  tasks::SampleTable table = bench.NewTable("ms", 3);
  ASSIGN_OR_RETURN(const std::unique_ptr<tasks::ShimSession> session,
                   bench.StartShim(StageKind::kReal, "cache"));
  for (int round = -1; round < bench.settings().rounds; ++round) {
    tasks::Progress(absl::StrCat("shapes: round ", round + 1));
    for (const Shape& shape : Chosen(bench)) {
      ASSIGN_OR_RETURN(const std::unique_ptr<tasks::TaskLife> task,
                       bench.NewTask(*session, ArgsOf(shape)));
      RETURN_IF_ERROR(base::Annotate(RunShape(bench, *task), shape.name));
      if (round < 0) continue;
      const tasks::TaskTimes& times = task->times();
      table.Add(absl::StrCat("Create of ", shape.name), kHit,
                tasks::Millis(times.created - times.create_sent));
      table.Add(absl::StrCat("Start to exit of ", shape.name), kHit,
                tasks::Millis(times.exited - times.start_sent));
    }
  }
  RETURN_IF_ERROR(MeasureMisses(bench, table));
  tasks::Progress("");
  std::printf("\n### Shapes of modules\n\n%s", table.Markdown({}).c_str());
  return absl::OkStatus();
}

absl::Status MeasurePhases(Bench& bench) {
  tasks::SampleTable table = bench.NewTable("µs", 0);
  ASSIGN_OR_RETURN(const std::unique_ptr<tasks::ShimSession> session,
                   bench.StartShim(StageKind::kWatched, "cache"));
  for (int round = -1; round < bench.settings().rounds; ++round) {
    tasks::Progress(absl::StrCat("phases: round ", round + 1));
    for (const Shape& shape : Chosen(bench)) {
      ASSIGN_OR_RETURN(const std::unique_ptr<tasks::TaskLife> task,
                       bench.NewTask(*session, ArgsOf(shape)));
      RETURN_IF_ERROR(base::Annotate(RunShape(bench, *task), shape.name));
      const std::string errors = task->TakeErrors();
      const std::optional<Marks> marks = Marks::Find(errors);
      if (!marks.has_value()) {
        return absl::InternalError(absl::StrCat(shape.name, ": no marks in: ", errors));
      }
      if (round >= 0) AddPhases(table, shape.name, task->times(), *marks);
    }
  }
  tasks::Progress("");
  std::printf("\n### Phases of a task on a running shim\n\n%s",
              table.Markdown({.side = HelloShape().name}).c_str());
  return absl::OkStatus();
}

}  // namespace benchmarks::wasm
