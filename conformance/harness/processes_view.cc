// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/processes_view.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <memory>
#include <set>
#include <utility>

#include "base/kernel_file.h"
#include "conformance/harness/cgroup_tree.h"
#include "conformance/harness/mount_table.h"
#include "conformance/harness/process_list.h"

namespace conformance {
namespace {

std::string ReadLink(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  return size < 0 ? "" : std::string(target.data(), static_cast<std::size_t>(size));
}

std::vector<std::string> Names(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), &::closedir);
  if (directory == nullptr) return names;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  return names;
}

// The directory of `process_path`, one line's third field of /proc/<pid>/cgroup, in the hierarchy
// that carries `controllers` (empty: cgroup v2). Empty when that is not mounted.
std::string CgroupDirectory(const std::vector<MountEntry>& mounts, absl::string_view controllers,
                            absl::string_view process_path) {
  for (const MountEntry& mount : mounts) {
    if (controllers.empty() && mount.fs_type == "cgroup2") {
      return absl::StrCat(mount.mount_point, process_path);
    }
    if (controllers.empty() || mount.fs_type != "cgroup") continue;
    const std::vector<std::string> options = absl::StrSplit(mount.super_options, ',');
    const std::string first = std::string(controllers.substr(0, controllers.find(',')));
    if (std::find(options.begin(), options.end(), first) != options.end()) {
      return absl::StrCat(mount.mount_point, process_path);
    }
  }
  return "";
}

void CollectPids(const std::string& directory, std::set<pid_t>& pids) {
  for (const absl::string_view line :
       absl::StrSplit(base::ReadKernelFile(directory + "/cgroup.procs").value_or(""), '\n',
                      absl::SkipEmpty())) {
    pid_t pid = 0;
    // 0 stands for a process of another pid namespace.
    if (absl::SimpleAtoi(line, &pid) && pid != 0) pids.insert(pid);
  }
}

}  // namespace

std::vector<ProcessInfo> ProcView::All() { return ListProcesses(); }

std::optional<ProcessInfo> ProcView::Find(pid_t pid) { return ReadProcess(pid); }

std::vector<ProcessInfo> ProcView::ChildrenOf(pid_t parent) {
  std::vector<ProcessInfo> children = ListProcesses();
  children.erase(
      std::remove_if(children.begin(), children.end(),
                     [parent](const ProcessInfo& info) { return info.parent != parent; }),
      children.end());
  return children;
}

std::map<int, std::string> ProcView::Fds(pid_t pid) {
  std::map<int, std::string> fds;
  const std::string directory = absl::StrCat("/proc/", pid, "/fd");
  for (const std::string& name : Names(directory)) {
    int number = 0;
    if (!absl::SimpleAtoi(name, &number)) continue;
    const std::string target = ReadLink(absl::StrCat(directory, "/", name));
    if (!target.empty()) fds[number] = target;
  }
  return fds;
}

std::string ProcView::ReadProc(pid_t pid, const std::string& file) {
  return base::ReadKernelFile(absl::StrCat("/proc/", pid, "/", file)).value_or("");
}

std::size_t ProcView::ThreadCount(pid_t pid) { return Threads(pid).size(); }

std::string ProcView::NamespaceLink(pid_t pid, const std::string& type) {
  return ReadLink(absl::StrCat("/proc/", pid, "/ns/", type));
}

std::vector<std::string> ProcView::MountsBelow(const std::string& path) {
  std::vector<std::string> below;
  const absl::StatusOr<std::vector<MountEntry>> mounts = ReadMountTable();
  if (!mounts.ok()) return below;
  for (const MountEntry& mount : *mounts) {
    if (absl::StartsWith(mount.mount_point, path + "/")) below.push_back(mount.mount_point);
  }
  return below;
}

std::vector<pid_t> ProcView::PidsInMountNamespace(pid_t of) {
  std::vector<pid_t> pids;
  const std::string wanted = NamespaceLink(of, "mnt");
  if (wanted.empty()) return pids;
  for (const ProcessInfo& process : All()) {
    if (process.state != 'Z' && NamespaceLink(process.pid, "mnt") == wanted) {
      pids.push_back(process.pid);
    }
  }
  return pids;
}

std::vector<pid_t> ProcView::CgroupPids(pid_t of) {
  if (!HasCgroups()) return PidsInMountNamespace(of);
  std::set<pid_t> pids;
  const absl::StatusOr<std::vector<MountEntry>> mounts = ReadMountTable();
  if (!mounts.ok()) return {};
  for (const absl::string_view line :
       absl::StrSplit(ReadProc(of, "cgroup"), '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    // The root cgroup of a hierarchy holds everything that is not managed there.
    if (fields.size() != 3 || fields[2] == "/") continue;
    const std::string directory = CgroupDirectory(*mounts, fields[1], fields[2]);
    if (directory.empty()) continue;
    CollectPids(directory, pids);
    for (const std::string& below : CgroupTree({directory}, "").Below()) CollectPids(below, pids);
  }
  return {pids.begin(), pids.end()};
}

std::vector<std::string> ProcView::Cgroups() {
  const absl::StatusOr<CgroupTree> tree = CgroupTree::Open(cgroup_parent_);
  return tree.ok() ? tree->Below() : std::vector<std::string>{};
}

std::vector<std::string> ProcView::Threads(pid_t pid) {
  std::vector<std::string> threads = Names(absl::StrCat("/proc/", pid, "/task"));
  std::sort(threads.begin(), threads.end());
  return threads;
}

std::string ProcView::StatusField(pid_t pid, const std::string& file, const std::string& field) {
  for (const absl::string_view line : absl::StrSplit(ReadProc(pid, file), '\n')) {
    absl::string_view value = line;
    if (!absl::ConsumePrefix(&value, field) || !absl::ConsumePrefix(&value, ":")) continue;
    return std::string(absl::StripAsciiWhitespace(value));
  }
  return "?";
}

std::string ProcView::FirstLine(pid_t pid, const std::string& file) {
  const std::string text = ReadProc(pid, file);
  return text.substr(0, text.find('\n'));
}

std::string OneLine(const std::string& text) {
  return absl::StrJoin(absl::StrSplit(text, '\n', absl::SkipEmpty()), " | ");
}

}  // namespace conformance
