// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/process_list.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/string_view.h>
#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/kernel_file.h"

namespace conformance {
namespace {

std::string ReadProcFile(pid_t pid, absl::string_view name) {
  return base::ReadKernelFile(absl::StrCat("/proc/", pid, "/", name)).value_or("");
}

}  // namespace

std::optional<ProcessInfo> ReadProcess(pid_t pid) {
  const std::string stat = ReadProcFile(pid, "stat");
  // "pid (comm) state ppid pgrp session ...": comm may hold blanks and parentheses.
  const std::size_t open = stat.find('(');
  const std::size_t close = stat.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close + 2 >= stat.size()) {
    return std::nullopt;
  }
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::string_view(stat).substr(close + 2), ' ');
  ProcessInfo info;
  info.pid = pid;
  info.name = stat.substr(open + 1, close - open - 1);
  if (fields.size() < 4 || fields[0].empty() || !absl::SimpleAtoi(fields[1], &info.parent) ||
      !absl::SimpleAtoi(fields[2], &info.group) || !absl::SimpleAtoi(fields[3], &info.session)) {
    return std::nullopt;
  }
  info.state = fields[0][0];
  std::string arguments = ReadProcFile(pid, "cmdline");
  if (!arguments.empty() && arguments.back() == '\0') arguments.pop_back();
  if (!arguments.empty()) info.argv = absl::StrSplit(arguments, '\0');
  return info;
}

std::vector<ProcessInfo> ListProcesses() {
  std::vector<ProcessInfo> processes;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc"), &::closedir);
  if (directory == nullptr) return processes;
  while (const dirent* entry = ::readdir(directory.get())) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(entry->d_name, &pid) || pid == ::getpid()) continue;
    if (auto info = ReadProcess(pid)) processes.push_back(*std::move(info));
  }
  std::sort(processes.begin(), processes.end(),
            [](const ProcessInfo& a, const ProcessInfo& b) { return a.pid < b.pid; });
  return processes;
}

}  // namespace conformance
