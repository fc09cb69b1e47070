// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "conformance/harness/check_run.h"

namespace conformance {

// CLONE_NEW* flags a worker is spawned with: fresh pid, mount, network, IPC and UTS namespaces.
int WorldNamespaces();

// What the runner decides about the world of one execution.
struct WorldSpec {
  std::string cgroup_parent;  // empty: worlds have no cgroups
  std::string fixtures;       // "" or an absolute path
  std::string shim;           // absolute, resolved
  // An engine that worlds find in PATH under this name, before any other; both may be empty.
  std::string engine;  // absolute
  std::string engine_name;
  std::string ns;
  std::uint64_t seed = 0;
  double deadline_scale = 1.0;
  // Files and directories (absolute, resolved) that must stay visible at their path although it is
  // below a directory the world replaces.
  std::vector<std::string> keep;
  friend bool operator==(const WorldSpec&, const WorldSpec&) = default;
};

// Whether a world hides `path`: it is /run, /tmp or /dev/shm, or below one of them.
bool HiddenInWorlds(const std::string& path);

// What WorldSpec::keep needs so that the file `path` can be used: nothing when it is not hidden,
// its directory, or itself when the directory is a hidden root.
std::vector<std::string> KeepVisible(const std::string& path);

// Turns the calling process, which must be pid 1 of WorldNamespaces(), into the owner of a world:
// mounts made private, fresh /proc, private /run, /tmp and /dev/shm, loopback up, the directories
// of WorldInfo made, no core dumps, no environment variables that point to what is hidden. Needs
// CAP_SYS_ADMIN. Errors name the step.
absl::StatusOr<WorldInfo> EnterWorld(const WorldSpec& spec);

}  // namespace conformance
