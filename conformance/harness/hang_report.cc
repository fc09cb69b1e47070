// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/hang_report.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <tuple>
#include <utility>

#include "conformance/harness/processes_view.h"

namespace conformance {
namespace {

constexpr std::size_t kHoldersMax = 6;

// A descriptor of a pipe or FIFO.
struct PipeEnd {
  pid_t pid = 0;
  std::string process;  // "the judge", "sh 17"
  int fd = -1;
  bool reads = false;
  bool writes = false;
  std::string name;  // "pipe:[4711]", "/run/.../c1-stdout"
};

// Every end there is, by the pipe: device and inode.
using Pipes = std::map<std::pair<dev_t, ino_t>, std::vector<PipeEnd>>;

void AddEndsOf(ProcView& proc, pid_t pid, const std::string& process, Pipes& pipes) {
  for (const auto& [fd, target] : proc.Fds(pid)) {
    struct stat info {};
    const std::string path = absl::StrCat("/proc/", pid, "/fd/", fd);
    if (::stat(path.c_str(), &info) != 0 || !S_ISFIFO(info.st_mode)) continue;
    const std::string flags = proc.StatusField(pid, absl::StrCat("fdinfo/", fd), "flags");
    const long mode = std::strtol(flags.c_str(), nullptr, 8) & O_ACCMODE;
    pipes[{info.st_dev, info.st_ino}].push_back({.pid = pid,
                                                 .process = process,
                                                 .fd = fd,
                                                 .reads = mode != O_WRONLY,
                                                 .writes = mode != O_RDONLY,
                                                 .name = target});
  }
}

Pipes AllPipes(ProcView& proc, const std::vector<ProcessInfo>& processes) {
  Pipes pipes;
  AddEndsOf(proc, ::getpid(), "the judge", pipes);
  for (const ProcessInfo& process : processes) {
    AddEndsOf(proc, process.pid, absl::StrCat(process.name, " ", process.pid), pipes);
  }
  return pipes;
}

// "read by the judge (fd 9) and sh 17 (fd 0)", "nobody reads it".
std::string Others(const std::vector<PipeEnd>& ends, pid_t daemon, bool PipeEnd::*side,
                   absl::string_view done, absl::string_view does) {
  std::vector<std::string> holders;
  for (const PipeEnd& end : ends) {
    if (end.pid == daemon || !(end.*side)) continue;
    holders.push_back(absl::StrCat(end.process, " (fd ", end.fd, ")"));
  }
  if (holders.empty()) return absl::StrCat("nobody else ", does, " it");
  if (holders.size() > kHoldersMax) {
    holders.resize(kHoldersMax);
    holders.emplace_back("more");
  }
  return absl::StrCat(done, " by ", absl::StrJoin(holders, ", "));
}

void AddPipes(ProcView& proc, const std::vector<ProcessInfo>& processes, pid_t daemon,
              std::vector<std::string>& lines) {
  for (const auto& [pipe, ends] : AllPipes(proc, processes)) {
    for (const PipeEnd& end : ends) {
      if (end.pid != daemon) continue;
      std::vector<std::string> sides;
      if (end.writes) sides.push_back(Others(ends, daemon, &PipeEnd::reads, "read", "reads"));
      if (end.reads) sides.push_back(Others(ends, daemon, &PipeEnd::writes, "written", "writes"));
      lines.push_back(absl::StrCat("pipe     fd ", end.fd, " ",
                                   end.reads && end.writes ? "reads and writes "
                                   : end.reads             ? "reads "
                                                           : "writes ",
                                   end.name, ": ", absl::StrJoin(sides, "; ")));
    }
  }
}

void AddPending(const History& history, std::vector<std::string>& lines) {
  for (const CallFact& call : history.story().calls) {
    if (call.answered()) continue;
    const bool named = !call.process.container.empty();
    lines.push_back(absl::StrCat("pending  ", call.method, named ? " " : "",
                                 named ? ProcessName(call.process) : "", ": no reply for ",
                                 (history.Offset() - call.sent_us) / 1000, " ms"));
  }
}

void AddThreads(ProcView& proc, pid_t daemon, std::vector<std::string>& lines) {
  for (const std::string& thread : proc.Threads(daemon)) {
    const std::string task = absl::StrCat("task/", thread, "/");
    const std::string stack = proc.ReadProc(daemon, task + "stack");
    lines.push_back(absl::StrCat("thread   ", thread, " (", proc.FirstLine(daemon, task + "comm"),
                                 "): ", proc.StatusField(daemon, task + "status", "State"),
                                 ", waits in ", proc.FirstLine(daemon, task + "wchan"),
                                 ", signals pending ",
                                 proc.StatusField(daemon, task + "status", "SigPnd"),
                                 stack.empty() ? "" : absl::StrCat("; stack ", OneLine(stack))));
  }
}

void AddOthers(ProcView& proc, const std::vector<ProcessInfo>& processes, pid_t daemon,
               std::vector<std::string>& lines) {
  for (const ProcessInfo& process : processes) {
    if (process.pid == daemon) continue;
    lines.push_back(
        absl::StrCat("process  ", process.pid, " (", process.name, "), child of ", process.parent,
                     ": ", proc.StatusField(process.pid, "status", "State"), ", waits in ",
                     proc.FirstLine(process.pid, "wchan"), process.argv.empty() ? "" : ": ",
                     absl::StrJoin(process.argv, " ")));
  }
}

}  // namespace

std::vector<std::string> HangReport(const History& history, pid_t daemon) {
  ProcView proc;
  const std::vector<ProcessInfo> processes = proc.All();
  std::vector<std::string> lines;
  AddPending(history, lines);
  if (daemon != 0) {
    AddThreads(proc, daemon, lines);
    AddPipes(proc, processes, daemon, lines);
  }
  AddOthers(proc, processes, daemon, lines);
  if (lines.size() > kHangLinesMax) {
    const std::size_t more = lines.size() - kHangLinesMax;
    lines.resize(kHangLinesMax);
    lines.push_back(absl::StrCat(more, " more lines"));
  }
  return lines;
}

}  // namespace conformance
