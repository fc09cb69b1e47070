// SPDX-License-Identifier: Apache-2.0
// Processes: how they are started, and how fast many of them are seen to end.
#include <benchmark/benchmark.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/child_reaper.h"
#include "base/fork.h"
#include "base/spawn.h"
#include "events/task.pb.h"
#include "reference-shim/shim/event_queue.h"

namespace {

constexpr char kProgram[] = EXIT_CODE_PROGRAM;  // without a C library: the cheapest there is
constexpr int kStorm = 1000;
constexpr int kCodes = 200;

bool Reap(pid_t pid, int code) {
  int status = 0;
  return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == code;
}

// --- starting ---------------------------------------------------------------------------------

void Spawn(benchmark::State& state) {
  const base::SpawnSpec spec{.path = kProgram, .argv = {kProgram, "7"}};
  for (auto _ : state) {
    const absl::StatusOr<base::Child> child = base::Spawn(spec);
    if (!child.ok() || !Reap(child->pid, 7)) return state.SkipWithError("not started");
  }
}
BENCHMARK(Spawn)->Name("spawn and reap/ours")->UseRealTime();

void PosixSpawn(benchmark::State& state) {
  char code[] = "7";
  std::string program = kProgram;
  char* argv[] = {program.data(), code, nullptr};
  for (auto _ : state) {
    pid_t pid = -1;
    if (::posix_spawn(&pid, kProgram, nullptr, nullptr, argv, environ) != 0 || !Reap(pid, 7)) {
      return state.SkipWithError("not started");
    }
  }
}
BENCHMARK(PosixSpawn)->Name("spawn and reap/posix_spawn")->UseRealTime();

void VforkExec(benchmark::State& state) {
  char code[] = "7";
  std::string program = kProgram;
  char* argv[] = {program.data(), code, nullptr};
  for (auto _ : state) {
    const pid_t pid = ::vfork();
    if (pid == 0) {
      ::execve(kProgram, argv, environ);
      ::_exit(127);
    }
    if (!Reap(pid, 7)) return state.SkipWithError("not started");
  }
}
BENCHMARK(VforkExec)->Name("spawn and reap/floor: vfork and execve")->UseRealTime();

void ForkAs(benchmark::State& state) {
  for (auto _ : state) {
    const absl::StatusOr<base::Child> child = base::ForkAs({});
    if (child.ok() && child->pid == 0) ::_exit(7);
    if (!child.ok() || !Reap(child->pid, 7)) return state.SkipWithError("not forked");
  }
}
BENCHMARK(ForkAs)->Name("fork and reap/ours")->UseRealTime();

void Fork(benchmark::State& state) {
  for (auto _ : state) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(7);
    if (!Reap(pid, 7)) return state.SkipWithError("not forked");
  }
}
BENCHMARK(Fork)->Name("fork and reap/floor: fork")->UseRealTime();

// --- ending -----------------------------------------------------------------------------------

// kStorm children that have ended, or are about to, each with a code of its own.
pid_t EndAtOnce(int code) {
  const pid_t pid = ::vfork();
  if (pid == 0) ::_exit(code);
  return pid;
}
std::vector<pid_t> MakeStorm() {
  std::vector<pid_t> pids;
  for (int i = 0; i < kStorm; ++i) pids.push_back(EndAtOnce(i % kCodes));
  return pids;
}

double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Each child watched; its exit becomes an event, which has to name the right process and code.
void ReapStorm(benchmark::State& state) {
  boost::asio::io_context loop;
  const auto reaper = base::ChildReaper::Create(loop).value();
  for (auto _ : state) {
    const std::vector<pid_t> pids = MakeStorm();
    int seen = 0;
    int wrong = 0;
    unsigned expected = 0;
    shim::EventQueue events([&](absl::string_view, absl::string_view, const std::string& bytes) {
      containerd::events::TaskExit event;
      const bool right = event.ParseFromString(bytes) && event.exit_status() == expected % kCodes &&
                         event.pid() == static_cast<std::uint32_t>(pids[expected]);
      wrong += right ? 0 : 1;
      ++seen;
    });
    std::vector<base::ChildReaper::Watch> watches;
    for (int i = 0; i < kStorm; ++i) {
      watches.push_back(reaper->OnExit(pids[i], [&, i](const base::ExitStatus& exit) {
        expected = static_cast<unsigned>(i);
        events.Exited("task", "exec",
                      {.pid = exit.pid, .status = exit.ShellStatus(), .at = exit.at});
      }));
    }
    const auto begin = std::chrono::steady_clock::now();
    while (seen < kStorm && loop.run_one_for(std::chrono::seconds(10)) > 0) {
    }
    state.SetIterationTime(SecondsSince(begin));
    if (seen != kStorm || wrong != 0) return state.SkipWithError("exits were lost or wrong");
  }
  state.SetItemsProcessed(state.iterations() * kStorm);
}
BENCHMARK(ReapStorm)->Name("reaper storm, exits/ours")->UseManualTime();

void ReapStormFloor(benchmark::State& state) {
  for (auto _ : state) {
    const std::vector<pid_t> pids = MakeStorm();
    const auto begin = std::chrono::steady_clock::now();
    for (int seen = 0; seen < kStorm; ++seen) {
      siginfo_t info{};
      if (::waitid(P_ALL, 0, &info, WEXITED) != 0) return state.SkipWithError("no child");
    }
    state.SetIterationTime(SecondsSince(begin));
  }
  state.SetItemsProcessed(state.iterations() * kStorm);
}
BENCHMARK(ReapStormFloor)->Name("reaper storm, exits/floor: waitid alone")->UseManualTime();

}  // namespace
