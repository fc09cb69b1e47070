// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/audit.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/string_view.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>

#include "base/status_macros.h"
#include "conformance/harness/cgroup_tree.h"
#include "conformance/harness/process_list.h"

namespace conformance {
namespace {

constexpr std::size_t kListedMax = 20;  // remainders of one kind that are told one by one

// Runs the loop until any handler ran, such as the reaper's: the last process of a world to end is
// a child of its owner, whom the reaper tells. False once `deadline` has passed.
bool AwaitNews(boost::asio::io_context& loop, std::chrono::steady_clock::time_point deadline) {
  bool expired = false;
  boost::asio::steady_timer timer(loop, deadline);
  timer.async_wait([&expired](const boost::system::error_code& error) {
    if (!error) expired = true;
  });
  loop.restart();
  loop.run_one();
  timer.cancel();
  loop.poll();  // the cancelled timer refers to this frame
  return !expired;
}

std::string Owner(const ProcessInfo& process, const WorldInfo& world,
                  const std::map<pid_t, std::string>& known) {
  const auto found = known.find(process.pid);
  if (found != known.end()) return found->second;
  std::error_code error;
  const std::string image =
      std::filesystem::read_symlink(absl::StrCat("/proc/", process.pid, "/exe"), error).string();
  if (!error && image == world.shim) return "shim process";
  if (process.name == "runc" || process.name == "crun" || process.name == "runc:[2:INIT]") {
    return "engine process";
  }
  return "process";
}

std::string Describe(const ProcessInfo& process, const WorldInfo& world,
                     const std::map<pid_t, std::string>& known) {
  return absl::StrCat(Owner(process, world, known), " ", process.pid, " (", process.name,
                      ", state ", std::string(1, process.state), ", parent ", process.parent, ")",
                      process.argv.empty() ? "" : ": ", absl::StrJoin(process.argv, " "));
}

void Add(const char* code, const std::vector<std::string>& items, std::vector<Remainder>& out) {
  for (std::size_t i = 0; i < std::min(items.size(), kListedMax); ++i) {
    out.push_back({.code = code, .text = items[i]});
  }
  if (items.size() > kListedMax) {
    out.push_back({.code = code, .text = absl::StrCat(items.size() - kListedMax, " more")});
  }
}

// Names of the entries of `directory`, as absolute paths; none when it does not exist.
std::vector<std::string> Entries(const std::string& directory,
                                 const std::set<std::string>& except = {}) {
  std::vector<std::string> entries;
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(directory, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::string path = entry->path().string();
    if (except.count(path) == 0) entries.push_back(std::move(path));
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::vector<std::string> EngineState() {
  std::vector<std::string> states;
  for (const std::string& ns : Entries("/run/containerd/runc")) {
    for (const std::string& state : Entries(ns)) {
      states.push_back(absl::StrCat("engine state ", state));
    }
  }
  return states;
}

std::vector<std::string> NewMounts(const std::vector<MountEntry>& before) {
  std::vector<std::string> mounts;
  const absl::StatusOr<std::vector<MountEntry>> now = ReadMountTable();
  if (!now.ok()) return {absl::StrCat("unknown: ", now.status().message())};
  for (const MountEntry& mount : *now) {
    const bool old = std::any_of(before.begin(), before.end(), [&mount](const MountEntry& one) {
      return one.id == mount.id && one.mount_point == mount.mount_point;
    });
    if (!old) mounts.push_back(absl::StrCat(mount.fs_type, " on ", mount.mount_point));
  }
  return mounts;
}

// "c1 in cpu, memory, pids": one item for a cgroup, whatever the number of hierarchies.
std::vector<std::string> LeftCgroups(const std::string& parent) {
  const absl::StatusOr<CgroupTree> tree = CgroupTree::Open(parent);
  if (!tree.ok()) return {};
  std::map<std::string, std::vector<std::string>> hierarchies;
  for (const std::string& path : tree->Below()) {
    const std::size_t at = path.find(parent);
    const std::string name = path.substr(at + parent.size() + 1);
    hierarchies[name].push_back(std::filesystem::path(path.substr(0, at)).filename().string());
  }
  std::vector<std::string> left;
  for (const auto& [name, where] : hierarchies) {
    left.push_back(absl::StrCat("cgroup ", name, " in ", absl::StrJoin(where, ", ")));
  }
  return left;
}

// The entries of /tmp and /dev/shm below which the world made something visible again.
std::set<std::string> KeptEntries(const std::vector<MountEntry>& mounts) {
  std::set<std::string> kept;
  for (const MountEntry& mount : mounts) {
    for (const std::string root : {"/tmp/", "/dev/shm/"}) {
      if (!absl::StartsWith(mount.mount_point, root)) continue;
      kept.insert(mount.mount_point.substr(0, mount.mount_point.find('/', root.size())));
    }
  }
  return kept;
}

}  // namespace

absl::StatusOr<Audit> Audit::Begin(const WorldInfo& world) {
  ASSIGN_OR_RETURN(std::vector<MountEntry> mounts, ReadMountTable());
  return Audit(world, std::move(mounts));
}

std::vector<Remainder> Audit::Finish(boost::asio::io_context& loop,
                                     const std::map<pid_t, std::string>& known,
                                     std::chrono::milliseconds patience) const {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  loop.restart();
  loop.poll();  // orphans that have exited already are reaped first
  std::vector<ProcessInfo> processes = ListProcesses();
  for (bool news = true; news && !processes.empty();) {
    news = AwaitNews(loop, deadline);
    // At the deadline, too: a zombie that its own parent has reaped makes no news.
    processes = ListProcesses();
  }

  std::vector<std::string> alive;
  std::vector<std::string> zombies;
  for (const ProcessInfo& process : processes) {
    (process.state == 'Z' ? zombies : alive).push_back(Describe(process, world_, known));
  }
  const std::set<std::string> kept = KeptEntries(mounts_);

  std::vector<Remainder> left;
  Add(why::kLeftProcess, alive, left);
  Add(why::kZombie, zombies, left);
  Add(why::kLeftMount, NewMounts(mounts_), left);
  Add(why::kLeftCgroup, LeftCgroups(world_.cgroup_parent), left);
  Add(why::kLeftSocket, Entries(world_.sockets), left);
  Add(why::kLeftFile, EngineState(), left);
  Add(why::kLeftFile, Entries(world_.temp), left);
  Add(why::kLeftFile, Entries("/tmp", kept), left);
  Add(why::kLeftFile, Entries("/dev/shm", kept), left);
  return left;
}

}  // namespace conformance
