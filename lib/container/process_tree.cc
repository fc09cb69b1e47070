// SPDX-License-Identifier: Apache-2.0
#include "container/process_tree.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <memory>
#include <set>
#include <string>

#include "base/kernel_file.h"
#include "base/status_macros.h"
#include "container/limits.h"

namespace container {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

absl::StatusOr<std::vector<ProcessInfo>> AllProcesses() {
  const std::unique_ptr<DIR, CloseDirectory> proc(::opendir("/proc"));
  if (proc == nullptr) return base::ErrnoStatus(errno, "open /proc");
  std::vector<ProcessInfo> processes;
  while (const dirent* entry = ::readdir(proc.get())) {
    int pid = 0;
    if (!absl::SimpleAtoi(entry->d_name, &pid)) continue;
    const absl::StatusOr<ProcessInfo> info = ReadProcessInfo(pid);
    if (info.ok() && info->alive()) processes.push_back(*info);
  }
  return processes;
}

// 0: unknown.
ino_t PidNamespaceOf(const std::string& process) {
  struct stat info {};
  return ::stat(absl::StrCat("/proc/", process, "/ns/pid").c_str(), &info) == 0 ? info.st_ino : 0;
}

bool IsRoot(const ProcessInfo& process, const std::vector<ProcessRoot>& roots) {
  return std::any_of(roots.begin(), roots.end(), [&process](const ProcessRoot& root) {
    return root.pid == process.pid && root.start_ticks == process.start_ticks;
  });
}

}  // namespace

absl::StatusOr<ProcessInfo> ReadProcessInfo(pid_t pid) {
  ASSIGN_OR_RETURN(const std::string text,
                   base::ReadKernelFile(absl::StrCat("/proc/", pid, "/stat")));
  // The name in parentheses may hold anything; the fields after it begin with the third.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return absl::InternalError("malformed /proc/PID/stat");
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::string_view(text).substr(name_end + 1), ' ', absl::SkipEmpty());
  ProcessInfo info{.pid = pid};
  if (fields.size() < 20 || !absl::SimpleAtoi(fields[1], &info.parent) ||
      !absl::SimpleAtoi(fields[3], &info.session) ||
      !absl::SimpleAtoi(fields[19], &info.start_ticks)) {
    return absl::InternalError("malformed /proc/PID/stat");
  }
  info.state = fields[0][0];
  return info;
}

absl::StatusOr<std::vector<pid_t>> ListProcessTree(const std::vector<ProcessRoot>& roots) {
  ASSIGN_OR_RETURN(const std::vector<ProcessInfo> processes, AllProcesses());
  ino_t pid_namespace = 0;
  std::set<pid_t> members;
  std::set<pid_t> sessions;
  for (const ProcessRoot& root : roots) sessions.insert(root.pid);
  for (const ProcessInfo& process : processes) {
    if (IsRoot(process, roots)) {
      members.insert(process.pid);
      if (process.pid == roots.front().pid) {
        pid_namespace = PidNamespaceOf(absl::StrCat(process.pid));
      }
    } else if (sessions.erase(process.pid) > 0) {
      // The number was given to a process of somebody else, so nothing of the old session is left.
    }
  }
  if (pid_namespace == PidNamespaceOf("self")) pid_namespace = 0;
  for (bool found = true; found;) {
    found = false;
    for (const ProcessInfo& process : processes) {
      if (members.count(process.pid) > 0) continue;
      const bool inside =
          members.count(process.parent) > 0 || sessions.count(process.session) > 0 ||
          (pid_namespace != 0 && PidNamespaceOf(absl::StrCat(process.pid)) == pid_namespace);
      if (!inside) continue;
      members.insert(process.pid);
      found = true;
    }
  }
  return std::vector<pid_t>(members.begin(), members.end());
}

absl::Status SignalProcessTree(const std::vector<ProcessRoot>& roots, int signo) {
  std::set<pid_t> reached;
  for (int pass = 0; pass < kTreePassesMax; ++pass) {
    ASSIGN_OR_RETURN(const std::vector<pid_t> pids, ListProcessTree(roots));
    const std::size_t before = reached.size();
    for (const pid_t pid : pids) {
      if (!reached.insert(pid).second) continue;
      if (::kill(pid, signo) != 0 && errno != ESRCH) {
        return base::ErrnoStatus(errno, absl::StrCat("kill ", pid));
      }
    }
    if (reached.size() == before) break;
  }
  return reached.empty() ? absl::NotFoundError("no process") : absl::OkStatus();
}

}  // namespace container
