// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/host_traces.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <filesystem>
#include <system_error>

#include "conformance/harness/cgroup_tree.h"
#include "conformance/selftest/scratch.h"

namespace conformance {
namespace {

namespace fs = std::filesystem;

constexpr char kContainerdDirectory[] = "/run/containerd";
constexpr char kSocketDirectory[] = "/run/containerd/s";
constexpr char kRunPrefix[] = "shimgauge-";

// The fields number `field` of all lines that have one.
std::set<std::string> Column(const std::string& path, std::size_t field) {
  std::set<std::string> values;
  for (const absl::string_view line : absl::StrSplit(TextOf(path), '\n')) {
    const std::vector<std::string> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (fields.size() > field) values.insert(fields[field]);
  }
  return values;
}

std::set<std::string> NamesIn(const std::string& directory, absl::string_view prefix) {
  std::set<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    if (absl::StartsWith(at->path().filename().string(), prefix)) names.insert(at->path().string());
  }
  return names;
}

}  // namespace

HostTraces HostTraces::Take() {
  HostTraces traces;
  traces.mounts_ = Column("/proc/self/mountinfo", 4);
  traces.sockets_ = Column("/proc/net/unix", 7);
  traces.files_ = NamesIn(kSocketDirectory, "");
  if (const absl::StatusOr<CgroupTree> tree = CgroupTree::Open(""); tree.ok()) {
    for (const std::string& hierarchy : tree->hierarchies()) {
      traces.cgroups_.merge(NamesIn(hierarchy, kRunPrefix));
    }
  }
  return traces;
}

std::vector<std::string> HostTraces::Since(const HostTraces& before, const std::string& directory,
                                           pid_t pid) const {
  std::vector<std::string> left;
  const auto add = [&](const char* what, const std::set<std::string>& now,
                       const std::set<std::string>& then, const auto& counts) {
    for (const std::string& one : now) {
      if (then.count(one) == 0 && counts(one)) left.push_back(absl::StrCat(what, " ", one));
    }
  };
  const auto ours = [&](const std::string& path) {
    return absl::StrContains(path, directory) || absl::StrContains(path, kContainerdDirectory);
  };
  add("mount", mounts_, before.mounts_, ours);
  add("socket", sockets_, before.sockets_, ours);
  add("file", files_, before.files_, [](const std::string&) { return true; });
  add("cgroup", cgroups_, before.cgroups_,
      [&](const std::string& path) { return absl::EndsWith(path, absl::StrCat("-", pid)); });
  return left;
}

}  // namespace conformance
