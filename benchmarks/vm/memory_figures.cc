// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <cstdio>

#include "base/status_macros.h"
#include "benchmarks/goals.h"
#include "benchmarks/process_cost.h"
#include "benchmarks/statistics.h"
#include "benchmarks/vm/bench.h"

namespace benchmarks::vm {
namespace {

// A shim gives memory back when it has had nothing to do for a while.
constexpr std::chrono::milliseconds kIdle{1500};

constexpr char kPss[] = "Pss";
constexpr double kPssGoalKib = 400;

struct Tables {
  tasks::SampleTable kib;
  tasks::SampleTable counts;
};

// As many shims as are wanted, each with what `fill` puts into it, all alive at once and idle.
struct Side {
  std::string name;
  const VmShim* shim;
  bool task = false;                // with one container
  tasks::RuntimeOptions options{};  // of that container
};

absl::Status MeasureSide(Bench& bench, const Side& side, Tables& tables) {
  std::vector<std::unique_ptr<tasks::ShimSession>> sessions;
  std::vector<std::unique_ptr<tasks::TaskLife>> lives;
  for (int i = 0; i < bench.settings().instances; ++i) {
    tasks::Progress(absl::StrCat("memory: ", side.name, " ", i + 1));
    ASSIGN_OR_RETURN(std::unique_ptr<tasks::ShimSession> session, bench.StartShim(*side.shim));
    sessions.push_back(std::move(session));
    if (!side.task) continue;
    ASSIGN_OR_RETURN(std::unique_ptr<tasks::TaskLife> task,
                     bench.RunTask(*sessions.back(), side.options, {"/bin/pause"}));
    lives.push_back(std::move(task));
  }
  tasks::Rest(kIdle);
  for (const auto& session : sessions) {
    ASSIGN_OR_RETURN(const Holdings holdings, ReadHoldings(session->pid()));
    tables.kib.Add(kPss, side.name, holdings.pss_kib);
    tables.kib.Add("private", side.name, holdings.uss_kib);
    tables.kib.Add("private, dirty", side.name, holdings.dirty_kib);
    tables.counts.Add("threads", side.name, holdings.threads);
    tables.counts.Add("descriptors", side.name, holdings.fds);
  }
  for (const auto& life : lives) RETURN_IF_ERROR(bench.EndTask(*life));
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasureMemory(Bench& bench) {
  const VmShim& reference = bench.shims().front();
  const std::string in_vm = absl::StrCat(kReference, ", a VM and a container in it");
  std::vector<Side> sides = {
      {.name = absl::StrCat(kReference, ", nothing"), .shim = &reference},
      {.name = absl::StrCat(kReference, ", a container by runc"), .shim = &reference, .task = true},
      {.name = in_vm, .shim = &reference, .task = true, .options = reference.options}};
  for (const VmShim& shim : bench.shims()) {
    if (&shim == &reference) continue;
    sides.push_back({.name = absl::StrCat(shim.name, ", a VM and a container in it"),
                     .shim = &shim,
                     .task = true,
                     .options = shim.options});
  }
  Tables tables{.kib = bench.NewTable("KiB", 0), .counts = bench.NewTable("number", 0)};
  for (const Side& side : sides) {
    RETURN_IF_ERROR(base::Annotate(MeasureSide(bench, side, tables), side.name));
  }
  tasks::Progress("");
  std::printf("\n### An idle shim, %d alive at once\n\n%s\n%s\n%s", bench.settings().instances,
              tables.kib.Markdown({}).c_str(), tables.counts.Markdown({}).c_str(),
              GoalTable({{.what = "Pss of an idle shim with a VM",
                          .unit = "KiB",
                          .wanted = kPssGoalKib,
                          .measured = MedianEstimate(tables.kib.Samples(kPss, in_vm),
                                                     bench.settings().seed)}})
                  .c_str());
  return absl::OkStatus();
}

}  // namespace benchmarks::vm
