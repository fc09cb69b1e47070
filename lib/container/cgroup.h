// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace container {

enum class CgroupVersion { kV1, kV2 };

// The directories that make up one cgroup: with v1 one per controller, with v2 one in all; in
// hybrid mode both, and v1 is what counts. A value; the directories may go at any time.
struct Cgroup {
  CgroupVersion version = CgroupVersion::kV2;
  std::map<std::string, std::string> controllers;  // v1: "memory" or "name=systemd" -> directory
  std::string unified;                             // v2 directory; empty: none
  friend bool operator==(const Cgroup&, const Cgroup&) = default;

  // All of them.
  [[nodiscard]] std::vector<std::string> Directories() const;
  // Directory of a v1 controller, or the unified one with v2; empty if there is none.
  [[nodiscard]] std::string DirectoryOf(absl::string_view controller) const;
  // The directory in which members are listed and signalled; empty if the cgroup has none at all.
  [[nodiscard]] std::string MembersDirectory() const;
};

// Where the cgroup file systems of this machine are mounted.
class CgroupMounts {
 public:
  // `root` is put before every path that is opened, for tests with a tree of their own.
  static CgroupMounts Parse(absl::string_view mountinfo, const std::string& root = "");
  static absl::StatusOr<CgroupMounts> Read(const std::string& root = "");

  // V1 if one of v1's cpu, freezer, memory and pids is mounted (legacy and hybrid mode).
  [[nodiscard]] CgroupVersion version() const { return version_; }

  // The cgroup that the text of a /proc/PID/cgroup names; what is not mounted is left out.
  [[nodiscard]] Cgroup ParseMembership(absl::string_view proc_cgroup) const;

  // The cgroup of `pid`, without directories that also hold this process itself (or are above it):
  // those are not the container's own and must never be signalled or frozen in its name.
  // NOT_FOUND if there is no such process or nothing remains.
  [[nodiscard]] absl::StatusOr<Cgroup> LocateOwn(pid_t pid) const;

  // The cgroup that `pid` lives in, its own or not: for looking at, never for signals. NOT_FOUND if
  // there is no such process or no hierarchy.
  [[nodiscard]] absl::StatusOr<Cgroup> Locate(pid_t pid) const;

  // The cgroup `path` in every hierarchy, whether it exists or not: an absolute one counts from the
  // roots, another from the cgroup of this process, with v2 from the one above, as OCI engines read
  // linux.cgroupsPath.
  [[nodiscard]] absl::StatusOr<Cgroup> Resolve(absl::string_view path) const;

 private:
  struct Hierarchy {
    std::string directory;                 // where it is mounted, `root` included
    std::string mounted;                   // which cgroup of it: "/" normally
    std::vector<std::string> controllers;  // empty: v2
  };
  // Directory of cgroup `path` of this hierarchy; empty if it is not below what is mounted.
  static std::string DirectoryOf(const Hierarchy& hierarchy, absl::string_view path);
  // What relative paths count from in v2: a cgroup with processes, as our `own` is, hands no
  // controllers down. Without a slash at the end.
  [[nodiscard]] absl::string_view BesideOwn(absl::string_view own) const;

  std::string root_;
  CgroupVersion version_ = CgroupVersion::kV2;
  std::vector<Hierarchy> hierarchies_;
};

// Makes a cgroup and those above it. ALREADY_EXISTS if there is one; a failure leaves nothing of
// it.
absl::Status Make(const Cgroup& cgroup);

// Moves a process into a cgroup. NOT_FOUND if either does not exist.
absl::Status Join(const Cgroup& cgroup, pid_t pid);

// True while the cgroup exists (an empty one does until it is removed).
bool Exists(const Cgroup& cgroup);

// Processes of the cgroup and of all cgroups below, ascending, each once. Empty if it is gone.
absl::StatusOr<std::vector<pid_t>> ListProcesses(const Cgroup& cgroup);

// Sends `signo` once to every process of the cgroup and below, also to those forked while it is at
// it. NOT_FOUND if there was none. SIGKILL also lets frozen ones go on, so that they can die.
absl::Status SignalAll(const Cgroup& cgroup, int signo);

// Lets a frozen cgroup go on; no effect on others. NOT_FOUND if it is gone.
absl::Status Thaw(const Cgroup& cgroup);

// Removes the cgroup's directories and those below, as far as no process is left in them.
absl::Status Remove(const Cgroup& cgroup);

// The same, but leaves alone a cgroup that has further ones in it.
absl::Status RemoveLeaf(const Cgroup& cgroup);

// v2: lets the cgroups above `cgroup` hand every controller of the root down (RES-02), or those
// that can be had; a failure if cpu, memory or pids is not among them, or none is. No effect on v1,
// where all are always available.
absl::Status EnableControllers(const CgroupMounts& mounts, const Cgroup& cgroup);

}  // namespace container
