// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conformance/harness/processes.h"

namespace conformance {

// Processes, read from /proc, mountinfo and the cgroup filesystems at the time of asking.
class ProcView : public Processes {
 public:
  // `cgroup_parent` as in WorldInfo.
  explicit ProcView(std::string cgroup_parent = "") : cgroup_parent_(std::move(cgroup_parent)) {}

  std::vector<ProcessInfo> All() override;
  std::optional<ProcessInfo> Find(pid_t pid) override;
  std::vector<ProcessInfo> ChildrenOf(pid_t parent) override;
  std::map<int, std::string> Fds(pid_t pid) override;
  std::string ReadProc(pid_t pid, const std::string& file) override;
  std::size_t ThreadCount(pid_t pid) override;
  std::string NamespaceLink(pid_t pid, const std::string& type) override;
  std::vector<std::string> MountsBelow(const std::string& path) override;
  bool HasCgroups() override { return !cgroup_parent_.empty(); }
  std::vector<pid_t> CgroupPids(pid_t of) override;
  std::vector<std::string> Cgroups() override;

  // Thread ids as text, in order; empty when the process is gone.
  std::vector<std::string> Threads(pid_t pid);
  // "State" of /proc/<pid>/status and the like; "?" when there is none.
  std::string StatusField(pid_t pid, const std::string& file, const std::string& field);
  std::string FirstLine(pid_t pid, const std::string& file);

 private:
  std::vector<pid_t> PidsInMountNamespace(pid_t of);

  std::string cgroup_parent_;
};

// Lines joined by " | ", for a report.
std::string OneLine(const std::string& text);

}  // namespace conformance
