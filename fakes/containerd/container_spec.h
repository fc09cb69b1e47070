// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "oci/spec.h"

namespace fakes {

// A process as containerd's clients describe it: PATH and a usual set of capabilities added.
struct ProcessRequest {
  std::vector<std::string> arguments;  // argv, [0] is a path as the guest sees it
  std::vector<std::string> env;
  std::string cwd = "/";
  bool terminal = false;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};
oci::Process MakeProcess(const ProcessRequest& request);

// A directory of the host that shows up in the guest.
struct BindMount {
  std::string source;
  std::string destination;
  bool readonly = false;
};

// What the spec of a container with a rootfs of its own depends on.
struct GuestRequest {
  ProcessRequest process;
  std::string root_path = "rootfs";  // absolute, or relative to the bundle
  std::string cgroups_path;
  std::vector<BindMount> binds;
  oci::StringMap annotations;
  bool private_pid_namespace = true;
  std::optional<std::int64_t> memory_limit_bytes;
  std::optional<int> oom_score_adj;
};

// A container with proc, a small /dev, and namespaces for pids (unless shared), mounts, IPC and
// host name. The network is that of the world: making network namespaces costs the kernel more than
// all the rest, and no requirement of a task needs one.
oci::Spec MakeGuestSpec(const GuestRequest& request);

// A container that is a process of the host: no mounts, no namespaces.
oci::Spec MakeHostSpec(const GuestRequest& request);

}  // namespace fakes
