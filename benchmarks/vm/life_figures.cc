// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <utility>

#include "base/status_macros.h"
#include "benchmarks/process_cost.h"
#include "benchmarks/statistics.h"
#include "benchmarks/vm/bench.h"

namespace benchmarks::vm {
namespace {

constexpr char kWhole[] = "Create to Delete";
constexpr char kProcessorTime[] = "processor time of the shim";

std::vector<std::string> EndsAtOnce() { return {"/bin/exit_code", "0"}; }
std::vector<std::string> Stays() { return {"/bin/pause"}; }

// One life of a container.
struct Life {
  tasks::TaskTimes times;
  double processor_ms = -1;  // of the shim's own process; -1: there is none
};

// One way of running a container once.
struct Side {
  std::string name;
  std::function<absl::StatusOr<Life>()> run;
};

// What is compared within each other, and the table of it.
struct Group {
  std::string title;
  tasks::SampleTable table;
  std::vector<Side> sides;
};

void AddLife(tasks::SampleTable& table, const std::string& side, const Life& life) {
  const tasks::TaskTimes& times = life.times;
  const tasks::Clock::duration create = times.created - times.create_sent;
  const tasks::Clock::duration to_exit = times.exited - times.start_sent;
  const tasks::Clock::duration remove = times.deleted - times.delete_sent;
  table.Add(kWhole, side, tasks::Millis(create + to_exit + remove));
  table.Add("Create", side, tasks::Millis(create));
  table.Add("Start", side, tasks::Millis(times.started - times.start_sent));
  table.Add("Start to exit", side, tasks::Millis(to_exit));
  table.Add("Delete", side, tasks::Millis(remove));
  if (life.processor_ms >= 0) table.Add(kProcessorTime, side, life.processor_ms);
}

class LifeRun {
 public:
  explicit LifeRun(Bench& bench) : bench_(bench) {}

  absl::Status Prepare();
  absl::Status Measure();
  absl::Status End();
  void Print() const;

 private:
  absl::StatusOr<Life> RunFirstBare();
  absl::StatusOr<Life> RunFirst(const VmShim& shim);
  absl::StatusOr<Life> RunFurther(tasks::ShimSession& session, const VmShim& shim);

  Bench& bench_;
  std::vector<Group> groups_;
  std::unique_ptr<BareMachine> machine_;
  std::unique_ptr<tasks::ShimSession> session_;
  std::unique_ptr<tasks::TaskLife> first_;  // keeps the VM of session_
};

absl::StatusOr<Life> LifeRun::RunFirstBare() {
  const std::unique_ptr<BareMachine> machine = bench_.NewMachine();
  RETURN_IF_ERROR(machine->Boot());
  RETURN_IF_ERROR(machine->Create(bench_.FreshId(), EndsAtOnce()));
  RETURN_IF_ERROR(machine->RunToExit());
  RETURN_IF_ERROR(machine->Remove());
  RETURN_IF_ERROR(machine->End());
  return Life{.times = machine->times()};
}

absl::StatusOr<Life> LifeRun::RunFurther(tasks::ShimSession& session, const VmShim& shim) {
  ASSIGN_OR_RETURN(const std::unique_ptr<tasks::TaskLife> task,
                   bench_.NewTask(session, shim.options, EndsAtOnce()));
  ASSIGN_OR_RETURN(const double before, CpuMilliseconds(session.pid()));
  RETURN_IF_ERROR(tasks::RunToEnd(*task));
  ASSIGN_OR_RETURN(const double after, CpuMilliseconds(session.pid()));
  return Life{.times = task->times(), .processor_ms = after - before};
}

// As in a cluster: the shim has been started for the pod, and has done nothing yet.
absl::StatusOr<Life> LifeRun::RunFirst(const VmShim& shim) {
  ASSIGN_OR_RETURN(const std::unique_ptr<tasks::ShimSession> session, bench_.StartShim(shim));
  return RunFurther(*session, shim);
}

absl::Status LifeRun::Prepare() {
  Group first{.title = "The first container of a pod: the VM boots and ends with it",
              .table = bench_.NewTable("ms", 3),
              .sides = {{.name = kFloor, .run = [this] { return RunFirstBare(); }}}};
  for (const VmShim& shim : bench_.shims()) {
    first.sides.push_back({.name = shim.name, .run = [this, &shim] { return RunFirst(shim); }});
  }
  groups_.push_back(std::move(first));

  machine_ = bench_.NewMachine();
  RETURN_IF_ERROR(machine_->Boot());
  const VmShim& reference = bench_.shims().front();
  ASSIGN_OR_RETURN(session_, bench_.StartShim(reference));
  ASSIGN_OR_RETURN(first_, bench_.RunTask(*session_, reference.options, Stays()));
  groups_.push_back({.title = "A further container in a VM that runs",
                     .table = bench_.NewTable("ms", 3),
                     .sides = {{.name = kFloor,
                                .run = [this]() -> absl::StatusOr<Life> {
                                  ASSIGN_OR_RETURN(const tasks::TaskTimes times,
                                                   machine_->Run(bench_.FreshId(), EndsAtOnce()));
                                  return Life{.times = times};
                                }},
                               {.name = reference.name, .run = [this, &reference] {
                                  return RunFurther(*session_, reference);
                                }}}});
  return absl::OkStatus();
}

absl::Status LifeRun::Measure() {
  struct Turn {
    Group* group;
    const Side* side;
    Life life;
  };
  std::vector<Turn> turns;
  for (Group& group : groups_) {
    for (const Side& side : group.sides) turns.push_back({.group = &group, .side = &side});
  }
  std::vector<Turn*> order;
  for (Turn& turn : turns) order.push_back(&turn);
  // The first round reads programs into memory, and is not counted.
  for (int round = -1; round < bench_.settings().rounds; ++round) {
    tasks::Progress(absl::StrCat("life: round ", round + 1, " of ", bench_.settings().rounds));
    std::shuffle(order.begin(), order.end(), bench_.random());
    for (Turn* turn : order) {
      absl::StatusOr<Life> life = turn->side->run();
      if (!life.ok()) {
        return base::Annotate(life.status(),
                              absl::StrCat(turn->group->title, ", ", turn->side->name));
      }
      turn->life = *life;
    }
    if (round < 0) continue;
    // In one order, whatever that of the round was: the tables keep it.
    for (const Turn& turn : turns) AddLife(turn.group->table, turn.side->name, turn.life);
  }
  return absl::OkStatus();
}

absl::Status LifeRun::End() {
  RETURN_IF_ERROR(bench_.EndTask(*first_));
  return machine_->End();
}

void LifeRun::Print() const {
  tasks::Progress("");
  for (const Group& group : groups_) {
    std::printf("\n### %s\n\n%s", group.title.c_str(),
                group.table.Markdown({.side = kFloor, .difference = true}).c_str());
  }
  std::printf("\n| %s | of that of the floor |\n|---|---|\n", kWhole);
  for (const Group& group : groups_) {
    for (const Side& side : group.sides) {
      if (side.name == kFloor) continue;
      const Estimate ratio =
          PairedRatio(group.table.Samples(kWhole, side.name), group.table.Samples(kWhole, kFloor),
                      bench_.settings().seed);
      std::printf("| %s, %s | × %.2f [%.2f, %.2f] |\n", group.title.c_str(), side.name.c_str(),
                  ratio.value, ratio.low, ratio.high);
    }
  }
}

}  // namespace

absl::Status MeasureLife(Bench& bench) {
  LifeRun run(bench);
  RETURN_IF_ERROR(run.Prepare());
  RETURN_IF_ERROR(run.Measure());
  RETURN_IF_ERROR(run.End());
  run.Print();
  return absl::OkStatus();
}

}  // namespace benchmarks::vm
