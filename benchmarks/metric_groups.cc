// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/metric_groups.h"

#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "benchmarks/process_cost.h"
#include "benchmarks/session_files.h"

namespace benchmarks {
namespace {

constexpr int kBootSamples = 5;
constexpr int kTaskSamples = 4;
constexpr int kStateCalls = 100;
constexpr int kExecsPerTask = 3;
constexpr int kDeleteSamples = 3;
constexpr int kTraceCycles = 5;
constexpr int kTraceWarmup = 3;
constexpr int kGrowthPoints = 50;
constexpr int kGrowthWarmup = 20;

// One daemon with its sockets, up to the first answered call.
struct Running {
  explicit Running(const BlockPlace& place, const std::string& suffix)
      : wire(place.interrupt_fd),
        session(place.setting, wire, place.shim, absl::StrCat(place.id, suffix)) {}

  absl::Status Begin() {
    RETURN_IF_ERROR(wire.Listen(EventSocketPath()));
    return session.Prepare();
  }
  absl::Status Boot() {
    RETURN_IF_ERROR(Begin());
    RETURN_IF_ERROR(session.Start().status());
    return session.Connect().status();
  }

  Wire wire;
  Session session;
};

void AddHoldings(const Holdings& holdings, const std::string& when, BlockSamples& block) {
  block.samples["pss-" + when].push_back(holdings.pss_kib);
  block.samples["uss-" + when].push_back(holdings.uss_kib);
  block.samples["dirty-" + when].push_back(holdings.dirty_kib);
  block.samples["fds-" + when].push_back(holdings.fds);
  block.samples["threads-" + when].push_back(holdings.threads);
}

// One task from Create to Delete with everything that is timed in between.
absl::Status TimedTask(Running& running, BlockSamples& block) {
  Session& session = running.session;
  const auto add = [&block](const char* metric, Milliseconds took) {
    block.samples[metric].push_back(took.count());
  };
  ASSIGN_OR_RETURN(const Milliseconds create, session.Create());
  ASSIGN_OR_RETURN(const Milliseconds start, session.StartTask());
  add("create", create);
  add("start", start);
  for (int i = 0; i < kStateCalls; ++i) {
    ASSIGN_OR_RETURN(const Milliseconds state, session.State());
    add("state-p50", state);
    add("state-p99", state);
  }
  for (int i = 0; i < kExecsPerTask; ++i) {
    ASSIGN_OR_RETURN(const Milliseconds exec, session.Exec());
    add("exec", exec);
  }
  ASSIGN_OR_RETURN(const Holdings holdings, ReadHoldings(session.pid()));
  AddHoldings(holdings, "task", block);
  ASSIGN_OR_RETURN(const Milliseconds kill, session.KillAndWait());
  ASSIGN_OR_RETURN(const Milliseconds remove, session.Delete());
  add("kill-wait", kill);
  add("delete", remove);
  return session.AwaitCycleEvents(/*exit_too=*/true);
}

absl::Status TimedExit(Running& running, BlockSamples& block) {
  Session& session = running.session;
  RETURN_IF_ERROR(session.Create().status());
  RETURN_IF_ERROR(session.StartTask().status());
  ASSIGN_OR_RETURN(const Milliseconds lag, session.ExitToEvent());
  block.samples["exit-event"].push_back(lag.count());
  RETURN_IF_ERROR(session.Delete().status());
  return session.AwaitCycleEvents(/*exit_too=*/false);
}

// What a bare life cycle takes of the daemon.
absl::Status CountedCycle(Running& running, const absl::StatusOr<EventCounter>& instructions,
                          BlockSamples& block) {
  const pid_t pid = running.session.pid();
  ASSIGN_OR_RETURN(const double cpu, CpuMilliseconds(pid));
  ASSIGN_OR_RETURN(const double switches, VoluntarySwitches(pid));
  const auto bytes = static_cast<double>(running.wire.bytes());
  const auto frames = static_cast<double>(running.wire.frames());
  double executed = 0;
  if (instructions.ok()) {
    ASSIGN_OR_RETURN(executed, instructions->Read());
  }
  RETURN_IF_ERROR(running.session.LifeCycle());
  if (instructions.ok()) {
    ASSIGN_OR_RETURN(const double after, instructions->Read());
    block.samples["instructions"].push_back(after - executed);
  }
  ASSIGN_OR_RETURN(const double cpu_after, CpuMilliseconds(pid));
  ASSIGN_OR_RETURN(const double switches_after, VoluntarySwitches(pid));
  block.samples["cpu"].push_back(cpu_after - cpu);
  block.samples["context-switches"].push_back(switches_after - switches);
  block.samples["bytes"].push_back(static_cast<double>(running.wire.bytes()) - bytes);
  block.samples["frames"].push_back(static_cast<double>(running.wire.frames()) - frames);
  return absl::OkStatus();
}

using RunLoad = absl::StatusOr<Milliseconds> (Session::*)(int parallel, int count);

// Loads take their time: only those that are wanted are put on.
absl::Status Load(const BlockPlace& place, Session& session, RunLoad run, const std::string& metric,
                  BlockSamples& block) {
  for (const auto& [parallel, count] : {std::pair(1, 8), std::pair(8, 16), std::pair(64, 64)}) {
    const std::string name = absl::StrCat(metric, "-", parallel);
    if (std::find(place.metrics.begin(), place.metrics.end(), name) == place.metrics.end()) {
      continue;
    }
    const absl::StatusOr<Milliseconds> took = (session.*run)(parallel, count);
    if (absl::IsCancelled(took.status())) return took.status();
    if (!took.ok()) {
      block.gaps[name] = std::string(took.status().message());
      return absl::OkStatus();  // what is left of it would disturb what comes
    }
    block.samples[name].push_back(1000.0 * count / took->count());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<BlockSamples> MeasureFile(const BlockPlace& place) {
  struct stat info {};
  if (::stat(place.shim.c_str(), &info) != 0) return base::ErrnoStatus(errno, place.shim);
  BlockSamples block;
  block.samples["binary-size"] = {static_cast<double>(info.st_size) / 1024.0};
  return block;
}

absl::StatusOr<BlockSamples> MeasureBoot(const BlockPlace& place) {
  BlockSamples block;
  for (int sample = 0; sample <= kBootSamples; ++sample) {
    BlockSamples unused;
    BlockSamples& into = sample == 0 ? unused : block;
    Running running(place, absl::StrCat("b", sample));
    RETURN_IF_ERROR(running.Begin());
    ASSIGN_OR_RETURN(const Milliseconds start, running.session.Start());
    ASSIGN_OR_RETURN(const Milliseconds connect, running.session.Connect());
    into.samples["boot"].push_back(start.count());
    into.samples["boot-answered"].push_back((start + connect).count());
    ASSIGN_OR_RETURN(const Holdings holdings, ReadHoldings(running.session.pid()));
    AddHoldings(holdings, "idle", into);
    if (block.gaps.count("shutdown") != 0) continue;
    const absl::StatusOr<Milliseconds> shutdown = running.session.Shutdown();
    if (absl::IsCancelled(shutdown.status())) return shutdown.status();
    if (shutdown.ok()) {
      into.samples["shutdown"].push_back(shutdown->count());
    } else {
      block.gaps["shutdown"] = std::string(shutdown.status().message());
    }
  }
  return block;
}

absl::StatusOr<BlockSamples> MeasureTask(const BlockPlace& place) {
  BlockSamples block;
  BlockSamples unused;
  Running running(place, "t");
  RETURN_IF_ERROR(running.Boot());
  RETURN_IF_ERROR(TimedTask(running, unused));
  for (int sample = 0; sample < kTaskSamples; ++sample) {
    RETURN_IF_ERROR(TimedTask(running, block));
    RETURN_IF_ERROR(TimedExit(running, block));
  }
  const absl::StatusOr<EventCounter> instructions =
      EventCounter::Instructions(running.session.pid());
  if (!instructions.ok()) {
    block.gaps["instructions"] = std::string(instructions.status().message());
  }
  for (int sample = 0; sample < kTaskSamples; ++sample) {
    RETURN_IF_ERROR(CountedCycle(running, instructions, block));
  }
  return block;
}

absl::StatusOr<BlockSamples> MeasureDeleteBinary(const BlockPlace& place) {
  BlockSamples block;
  for (int sample = 0; sample <= kDeleteSamples; ++sample) {
    Running running(place, absl::StrCat("d", sample));
    RETURN_IF_ERROR(running.Boot());
    RETURN_IF_ERROR(running.session.Create().status());
    RETURN_IF_ERROR(running.session.StartTask().status());
    ASSIGN_OR_RETURN(const Milliseconds took, running.session.DeleteBinary());
    if (sample > 0) block.samples["delete-binary"].push_back(took.count());
  }
  return block;
}

absl::StatusOr<BlockSamples> MeasureTaskLoad(const BlockPlace& place) {
  BlockSamples block;
  Running running(place, "l");
  RETURN_IF_ERROR(running.Boot());
  RETURN_IF_ERROR(running.session.ManyTasks(1, 2).status());
  RETURN_IF_ERROR(Load(place, running.session, &Session::ManyTasks, "tasks", block));
  return block;
}

absl::StatusOr<BlockSamples> MeasureExecLoad(const BlockPlace& place) {
  BlockSamples block;
  Running running(place, "x");
  RETURN_IF_ERROR(running.Boot());
  RETURN_IF_ERROR(running.session.Create().status());
  RETURN_IF_ERROR(running.session.StartTask().status());
  RETURN_IF_ERROR(running.session.ManyExecs(1, 2).status());
  RETURN_IF_ERROR(Load(place, running.session, &Session::ManyExecs, "execs", block));
  return block;
}

absl::StatusOr<BlockSamples> MeasureTrace(const BlockPlace& place) {
  BlockSamples block;
  Running running(place, "s");
  RETURN_IF_ERROR(running.Begin());
  RETURN_IF_ERROR(running.session.StartTraced());
  RETURN_IF_ERROR(running.session.Connect().status());
  const SyscallTracer& tracer = running.session.tracer();
  TraceCounts before = tracer.counts();
  block.samples["boot-syscalls"].push_back(before.syscalls);
  block.samples["boot-forks"].push_back(before.forks);
  for (int cycle = -kTraceWarmup; cycle < kTraceCycles; ++cycle) {
    RETURN_IF_ERROR(running.session.LifeCycle());
    const TraceCounts after = tracer.counts();
    if (cycle >= 0) {
      block.samples["syscalls"].push_back(after.syscalls - before.syscalls);
      block.samples["forks"].push_back(after.forks - before.forks);
      block.samples["execs"].push_back(after.execs - before.execs);
    }
    before = after;
  }
  return block;
}

absl::StatusOr<BlockSamples> MeasureGrowth(const BlockPlace& place) {
  BlockSamples block;
  Running running(place, "g");
  RETURN_IF_ERROR(running.Boot());
  for (int cycle = 0; cycle < kGrowthWarmup; ++cycle) RETURN_IF_ERROR(running.session.LifeCycle());
  const int step = std::max(1, place.cycles / kGrowthPoints);
  Series& series = block.series["growth"];
  for (int cycle = 0; cycle <= place.cycles; ++cycle) {
    if (cycle % step == 0) {
      ASSIGN_OR_RETURN(const Holdings holdings, ReadHoldings(running.session.pid()));
      series.x.push_back(cycle);
      series.y.push_back(holdings.uss_kib);
    }
    RETURN_IF_ERROR(running.session.LifeCycle());
  }
  return block;
}

const std::vector<MetricGroup>& MetricGroups() {
  static const std::vector<MetricGroup> groups = {
      {"file", {"binary-size"}, &MeasureFile},
      {"boot",
       {"boot", "boot-answered", "shutdown", "pss-idle", "uss-idle", "dirty-idle", "fds-idle",
        "threads-idle"},
       &MeasureBoot},
      {"task",
       {"create", "start", "exec", "state-p50", "state-p99", "kill-wait", "exit-event", "delete",
        "cpu", "pss-task", "uss-task", "dirty-task", "fds-task", "threads-task", "instructions",
        "context-switches", "bytes", "frames"},
       &MeasureTask},
      {"delete-binary", {"delete-binary"}, &MeasureDeleteBinary},
      {"trace", {"syscalls", "forks", "execs", "boot-syscalls", "boot-forks"}, &MeasureTrace},
      {"task load", {"tasks-1", "tasks-8", "tasks-64"}, &MeasureTaskLoad},
      {"exec load", {"execs-1", "execs-8", "execs-64"}, &MeasureExecLoad},
      {"growth", {"growth"}, &MeasureGrowth},
  };
  return groups;
}

}  // namespace benchmarks
