// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace conformance {

// One process of the check's pid namespace, read from /proc at the time of asking.
struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  char state = '?';  // R S D Z T ...
  std::string name;  // comm
  std::vector<std::string> argv;
};

// What the operating system says, independent of the shim.
class Processes {
 public:
  virtual ~Processes() = default;
  virtual std::vector<ProcessInfo> All() = 0;              // without the worker itself
  virtual std::optional<ProcessInfo> Find(pid_t pid) = 0;  // nullopt: no such process
  virtual std::vector<ProcessInfo> ChildrenOf(pid_t parent) = 0;
  virtual std::map<int, std::string> Fds(pid_t pid) = 0;                 // number -> link target
  virtual std::string ReadProc(pid_t pid, const std::string& file) = 0;  // "" when gone
  virtual std::size_t ThreadCount(pid_t pid) = 0;
  virtual std::string NamespaceLink(pid_t pid, const std::string& type) = 0;  // "mnt:[4026...]"
  virtual std::vector<std::string> MountsBelow(const std::string& path) = 0;  // mount points
  // Whether this world may make cgroups; if not, containers have none of their own.
  virtual bool HasCgroups() = 0;
  // Everything in the container of this process: in its cgroup, or, in a world without, in its
  // mount namespace.
  virtual std::vector<pid_t> CgroupPids(pid_t of) = 0;
  // Directories left below this check's cgroup parent, in any hierarchy.
  virtual std::vector<std::string> Cgroups() = 0;
};

}  // namespace conformance
