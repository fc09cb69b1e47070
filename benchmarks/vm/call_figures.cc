// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <sched.h>

#include <algorithm>
#include <cstdio>

#include "base/status_macros.h"
#include "benchmarks/process_cost.h"
#include "benchmarks/tasks/run_program.h"
#include "benchmarks/vm/bench.h"

namespace benchmarks::vm {
namespace {

constexpr int kTogether[] = {1, 8, 64};
constexpr char kClient[] = "the shim's client";

// Caller and stand-in on different CPUs, where there are several: whether a run has one or two
// of them changes its figures by a factor of three. Restores what was when it goes.
class Placement {
 public:
  Placement() {
    CPU_ZERO(&all_);
    ::sched_getaffinity(0, sizeof all_, &all_);
  }
  ~Placement() { ::sched_setaffinity(0, sizeof all_, &all_); }
  Placement(const Placement&) = delete;
  Placement& operator=(const Placement&) = delete;

  // This process, and what it starts from now on.
  void UseFirst() const { Use(0, 1); }
  void UseLast() const { Use(CPU_SETSIZE - 1, -1); }

 private:
  void Use(int cpu, int step) const {
    while (cpu >= 0 && cpu < CPU_SETSIZE && !CPU_ISSET(cpu, &all_)) cpu += step;
    if (cpu < 0 || cpu >= CPU_SETSIZE) return;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ::sched_setaffinity(0, sizeof one, &one);
  }

  cpu_set_t all_{};
};

// What one run of the calling program came to.
struct Calls {
  double per_second = 0;
  double client_us = 0;    // of the processor, per call
  double stand_in_us = 0;  // the same of the machine's program
};

absl::StatusOr<Calls> RunCalls(Bench& bench, const BareMachine& machine, int together, bool bare) {
  const int count = bench.settings().calls;
  std::vector<std::string> argv = {
      kCaller,   "--socket",         machine.vsock(), "--in-flight", absl::StrCat(together),
      "--calls", absl::StrCat(count)};
  if (bare) argv.emplace_back("--bare");
  ASSIGN_OR_RETURN(const double before, CpuMilliseconds(machine.pid()));
  ASSIGN_OR_RETURN(const tasks::ProgramRun run,
                   tasks::RunProgram({.path = bench.settings().Program(kCaller),
                                      .argv = std::move(argv),
                                      .env = {},
                                      .cwd = bench.place().directory}));
  ASSIGN_OR_RETURN(const double after, CpuMilliseconds(machine.pid()));
  const std::vector<std::string> words =
      absl::StrSplit(run.output, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  double made = 0;
  double seconds = 0;
  double processor = 0;
  if (words.size() != 3 || !absl::SimpleAtod(words[0], &made) ||
      !absl::SimpleAtod(words[1], &seconds) || !absl::SimpleAtod(words[2], &processor) ||
      made < count || seconds <= 0) {
    return absl::InternalError(absl::StrCat(
        kCaller, ": expected the number of all calls and two times, not ", run.output));
  }
  return Calls{.per_second = count / seconds,
               .client_us = processor * 1e6 / count,
               .stand_in_us = (after - before) * 1e3 / made};
}

}  // namespace

// Each sample is a connection, and a process, of its own.
absl::Status MeasureCalls(Bench& bench) {
  struct Turn {
    int together;
    bool bare;
    Calls calls;
  };
  std::vector<Turn> turns;
  for (const int together : kTogether) {
    for (const bool bare : {true, false}) turns.push_back({.together = together, .bare = bare});
  }
  std::vector<Turn*> order;
  for (Turn& turn : turns) order.push_back(&turn);
  const Placement placement;
  placement.UseLast();
  const std::unique_ptr<BareMachine> machine = bench.NewMachine();
  RETURN_IF_ERROR(machine->Boot());
  placement.UseFirst();
  tasks::SampleTable rates = bench.NewTable("1/s", 0);
  tasks::SampleTable costs = bench.NewTable("µs", 1);
  const int rounds = std::max(1, bench.settings().rounds / 2);
  for (int round = -1; round < rounds; ++round) {
    tasks::Progress(absl::StrCat("calls: round ", round + 1, " of ", rounds));
    std::shuffle(order.begin(), order.end(), bench.random());
    for (Turn* turn : order) {
      ASSIGN_OR_RETURN(turn->calls, RunCalls(bench, *machine, turn->together, turn->bare));
    }
    if (round < 0) continue;
    for (const Turn& turn : turns) {
      const std::string side = turn.bare ? kFloor : kClient;
      const std::string load = absl::StrCat(turn.together, " in flight");
      rates.Add(load, side, turn.calls.per_second);
      costs.Add(absl::StrCat("the caller, ", load), side, turn.calls.client_us);
      costs.Add(absl::StrCat("the stand-in, ", load), side, turn.calls.stand_in_us);
    }
  }
  RETURN_IF_ERROR(machine->End());
  tasks::Progress("");
  std::printf("\n### Calls per second over one connection to the agent\n\n%s",
              rates.Markdown({.side = kFloor}).c_str());
  std::printf("\n### Processor time of a call\n\n%s",
              costs.Markdown({.side = kFloor, .difference = true}).c_str());
  return absl::OkStatus();
}

}  // namespace benchmarks::vm
