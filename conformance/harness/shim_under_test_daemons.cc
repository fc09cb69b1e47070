// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/shim_under_test_daemons.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

#include "conformance/harness/process_list.h"
#include "conformance/harness/processes_view.h"

namespace conformance {
namespace {

using Lane = HistoryEntry::Lane;

constexpr std::size_t kLogLinesInEvidence = 5;

// Ends that a program brings upon itself, whoever asked it to go.
bool IsFault(int signo) {
  return signo == SIGSEGV || signo == SIGABRT || signo == SIGBUS || signo == SIGFPE ||
         signo == SIGILL || signo == SIGSYS || signo == SIGTRAP;
}

}  // namespace

std::string DescribeExit(const base::ExitStatus& status) {
  if (status.signal == 0) return absl::StrCat("exit code ", status.code);
  return absl::StrCat("signal ", status.signal, " (", ::strsignal(status.signal), ")");
}

DaemonTable::DaemonTable(CheckScope& scope) : scope_(scope) {
  scope_.reaper().OnOrphan([this](const base::ExitStatus& status) {
    const std::optional<ProcessInfo> info = ReadProcess(status.pid);
    scope_.history().Add(
        Lane::kProcess,
        absl::StrCat("process ", status.pid, info ? " (" : "", info ? info->name : "",
                     info ? ")" : "", " ended, ", DescribeExit(status), ", adopted"));
  });
}

DaemonTable::~DaemonTable() { scope_.reaper().OnOrphan(nullptr); }

ShimDaemon& DaemonTable::Know(pid_t pid, const std::string& address) {
  for (const auto& daemon : daemons_) {
    if (daemon->pid == pid && !daemon->exit) return *daemon;
  }
  auto owned = std::make_unique<ShimDaemon>();
  ShimDaemon& daemon = *daemons_.emplace_back(std::move(owned));
  daemon.pid = pid;
  daemon.address = address;
  daemon.death_expected = expected_.count(pid) != 0;
  daemon.watch = scope_.reaper().OnExit(
      pid, [this, &daemon](const base::ExitStatus& status) { OnExit(daemon, status); });
  auto process = ProcessWatch::Open(scope_.loop(), pid, [] {});
  if (process.ok()) daemon.process = *std::move(process);
  scope_.history().Add(Lane::kProcess, absl::StrCat("process ", pid, " is the shim at ", address));
  return daemon;
}

void DaemonTable::ExpectDeath(pid_t pid) {
  expected_.insert(pid);
  for (const auto& daemon : daemons_) {
    if (daemon->pid != pid) continue;
    daemon->death_expected = true;
    MarkLost(*daemon);
  }
}

void DaemonTable::NoteShutdown(ShimDaemon& daemon) {
  if (daemon.exit) return;  // explains no end that came before it
  for (const LiveTask& task : LiveTasks(scope_.history().story())) {
    if (daemon.connections.count(task.connection) != 0) return;
  }
  for (const auto& [id, connection] : sandboxes_) {
    if (daemon.connections.count(connection) != 0) return;
  }
  daemon.shutdown_sent = true;
}

void DaemonTable::NoteSandboxShutdown(ShimDaemon& daemon) {
  if (daemon.exit) return;
  daemon.shutdown_sent = true;
  for (const LiveTask& task : LiveTasks(scope_.history().story())) {
    if (daemon.connections.count(task.connection) != 0) return MarkLost(daemon);
  }
}

// From here on its tasks have nobody to report about them.
void DaemonTable::MarkLost(const ShimDaemon& daemon) {
  scope_.history().story().lost_shims.insert(daemon.connections.begin(), daemon.connections.end());
}

void DaemonTable::OnExit(ShimDaemon& daemon, const base::ExitStatus& status) {
  daemon.exit = status;
  if (!daemon.shutdown_sent) MarkLost(daemon);
  scope_.history().Add(Lane::kProcess,
                       absl::StrCat("shim daemon ", daemon.pid, " ended, ", DescribeExit(status)));
}

std::optional<Why> DaemonTable::Crash() {
  for (const auto& daemon : daemons_) {
    if (!daemon->exit || daemon->death_expected) continue;
    if (daemon->shutdown_sent && !IsFault(daemon->exit->signal)) continue;
    Why why;
    why.code = why::kShimCrashed;
    why.text = absl::StrCat("the shim daemon (pid ", daemon->pid,
                            ") ended by itself: ", DescribeExit(*daemon->exit));
    why.expected = daemon->shutdown_sent ? "a clean exit after Shutdown"
                                         : "a daemon that lives until Shutdown";
    const std::string tail = scope_.history().LogTail(kLogLinesInEvidence);
    why.observed = tail.empty() ? "nothing in its log" : absl::StrCat("end of its log:\n", tail);
    return why;
  }
  return std::nullopt;
}

std::vector<std::string> ProcessEvidence(pid_t pid) {
  ProcView proc;
  std::vector<std::string> lines;
  for (const std::string& thread : proc.Threads(pid)) {
    const std::string task = absl::StrCat("task/", thread, "/");
    lines.push_back(absl::StrCat("thread ", thread, " (", proc.FirstLine(pid, task + "comm"), "): ",
                                 proc.StatusField(pid, task + "status", "State"), ", waits in ",
                                 proc.FirstLine(pid, task + "wchan"), ", signals pending ",
                                 proc.StatusField(pid, task + "status", "SigPnd")));
    const std::string stack = proc.ReadProc(pid, task + "stack");
    if (!stack.empty()) lines.push_back(absl::StrCat("  kernel stack: ", OneLine(stack)));
  }
  for (const auto& [number, target] : proc.Fds(pid)) {
    lines.push_back(absl::StrCat("fd ", number, " -> ", target));
  }
  return lines;
}

}  // namespace conformance
