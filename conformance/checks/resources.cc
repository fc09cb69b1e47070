// SPDX-License-Identifier: Apache-2.0
// What a shim holds does not grow with what it has done.
#include "conformance/checks/resources.h"

#include <absl/strings/str_cat.h>

#include <csignal>
#include <cstddef>

#include "conformance/checks/areas.h"
#include "conformance/checks/leak_meter.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using ::testing::Eq;

// How much work a check does: `warm_up` cycles that are not measured, then `samples` measurements
// with `cycles` cycles before each.
struct Workload {
  std::size_t warm_up;
  std::size_t samples;
  std::size_t cycles;
  LeakTolerance tolerance;
};
constexpr Workload kExecs = {.warm_up = 8, .samples = 8, .cycles = 4, .tolerance = {}};
constexpr Workload kTerminals = {.warm_up = 6, .samples = 8, .cycles = 2, .tolerance = {}};
constexpr Workload kContainers = {.warm_up = 3, .samples = 8, .cycles = 2, .tolerance = {}};
constexpr Workload kManyExecs = {
    .warm_up = 100, .samples = 45, .cycles = 20, .tolerance = {.count = 0.005, .memory_kib = 1}};
constexpr Workload kManyTerminals = {
    .warm_up = 50, .samples = 45, .cycles = 10, .tolerance = {.count = 0.01, .memory_kib = 2}};
constexpr Workload kManyContainers = {
    .warm_up = 30, .samples = 45, .cycles = 6, .tolerance = {.count = 0.02, .memory_kib = 4}};

// Runs `cycle` as often as the workload says, beside a container that stays.
template <typename Cycle>
void ExpectNoSlope(CheckContext& check, const Workload& work, const std::string& unit,
                   Cycle cycle) {
  const Task task = check.Run(Program("pause"));
  for (std::size_t i = 0; i < work.warm_up; ++i) cycle(task);
  LeakMeter meter(check, task.shim(), task.bundle().path);
  for (std::size_t sample = 0; sample < work.samples; ++sample) {
    for (std::size_t i = 0; i < work.cycles; ++i) cycle(task);
    meter.Measure((sample + 1) * work.cycles);
  }
  meter.ExpectNoSlope(unit, work.tolerance);
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
}

void ExecsLeaveNothing(CheckContext& check, const Workload& work) {
  ExpectNoSlope(check, work, "exec", [&check](const Task& task) {
    const Exec exec = check.Require(task.AddExec(Program("emit", "100", "--stderr", "100")));
    check.Require(exec.Start());
    check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)));
    check.ASSERT_THAT(exec.stdio().AwaitEof(), Eq(true),
                      {.text = "the output ends", .code = why::kOutputNoEof});
    check.Require(exec.Delete());
    exec.stdio().CloseReaders();  // the judge's own descriptors are not endless either
  });
}

void TerminalExecsLeaveNothing(CheckContext& check, const Workload& work) {
  ExpectNoSlope(check, work, "exec with a terminal and stdin", [&check](const Task& task) {
    ProcessSpec program = Program("pause");
    program.terminal = true;
    ExecOptions options;
    options.stdio.standard_input = true;
    const Exec exec = check.Require(task.AddExec(program, options));
    check.Require(exec.Start());
    check.Require(exec.Kill(SIGKILL));
    check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(137)));
    exec.stdio().CloseInput();
    check.Require(exec.Delete());
    exec.stdio().CloseReaders();
  });
}

void ContainersLeaveNothing(CheckContext& check, const Workload& work) {
  ExpectNoSlope(check, work, "container", [&check](const Task& task) {
    CreateOptions options;
    options.shim = &task.shim();
    const Task other = check.Run(Program("emit", "100"), options);
    check.EXPECT_THAT(other.Wait(), IsOkAndHolds(ExitedWith(0)));
    check.ASSERT_THAT(other.stdio().AwaitEof(), Eq(true),
                      {.text = "the output ends", .code = why::kOutputNoEof});
    check.Require(other.Delete());
    check.CloseLog(other.bundle());
    other.stdio().CloseReaders();
  });
}

using Scenario = void (*)(CheckContext& check, const Workload& work);

void AddSlopeRows(std::vector<Check>& checks, const char* word, Needs needs, Scenario scenario,
                  const Workload& few, const Workload& many) {
  checks.push_back({.id = absl::StrCat("resources/", word, "-leave-nothing-behind"),
                    .requirements = {"RES-05"},
                    .level = Level::kShould,
                    .tags = {"slow"},
                    .needs = needs,
                    .run = [=](CheckContext& check) { scenario(check, few); }});
  const std::size_t cycles = many.warm_up + many.samples * many.cycles;
  checks.push_back({.id = absl::StrCat("resources/", cycles, "-", word, "-leave-nothing-behind"),
                    .requirements = {"RES-05"},
                    .level = Level::kShould,
                    .tags = {"slow", kSoakTag},
                    .needs = needs,
                    .run = [=](CheckContext& check) { scenario(check, many); }});
}

}  // namespace

void AddResourcesChecks(std::vector<Check>& checks) {
  AddSlopeRows(checks, "execs", ToNeeds(Need::kExec), ExecsLeaveNothing, kExecs, kManyExecs);
  AddSlopeRows(checks, "terminals", Need::kExec | Need::kTerminal, TerminalExecsLeaveNothing,
               kTerminals, kManyTerminals);
  AddSlopeRows(checks, "containers", ToNeeds(Need::kGrouping), ContainersLeaveNothing, kContainers,
               kManyContainers);
  AddSpecChecks(checks);
}

}  // namespace conformance
