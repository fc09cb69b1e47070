// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "oci/spec.h"

namespace container {

// Which namespaces a process shall be in.
struct NamespacePlan {
  struct Join {
    int flag = 0;  // CLONE_NEW*
    std::string type;
    base::UniqueFd fd;
  };
  int fresh = 0;            // or-ed CLONE_NEW* flags: made for the process
  std::vector<Join> joins;  // existing ones that are not ours; a user namespace comes first
};

// What linux.namespaces asks for. An entry whose path names the namespace we are in asks for
// nothing. A fresh cgroup namespace is left to the process itself (unshare), since it shows the
// cgroup that the process is in at that moment. INVALID_ARGUMENT for types this kernel interface
// does not have and for a type that occurs twice.
absl::StatusOr<NamespacePlan> PlanNamespaces(const oci::Spec& spec);

// The namespaces of process `pid`, as far as they are not ours.
absl::StatusOr<NamespacePlan> PlanToJoin(pid_t pid);

// Moves this process, which must have one thread, into the namespaces that `plan` joins. It stays
// in its own pid namespace: for that a child is made (base::SpawnSpec).
absl::Status EnterJoins(const NamespacePlan& plan);

// The same with all that the process behind `pidfd` is in, but its user and its pid namespace; and
// takes its root for our own, given as a descriptor that was opened before.
absl::Status EnterContainerOf(const base::UniqueFd& pidfd, const base::UniqueFd& root);

// Whether linux.namespaces has an entry of `type` without a path.
bool HasFreshNamespace(const oci::Spec& spec, const std::string& type);

// Forks into the namespaces of `plan` and runs `body` in the child, which ends with it (exit code
// 1, should it return). The child is a child of ours, also when it is in another pid namespace. The
// pid is the one we know it by. Unlike base::Spawn() this copies the caller's memory: it is for
// small programs, whose child goes on with what the parent has read. The child has one thread, the
// copy of the caller's; what it uses must not be changed by others meanwhile.
absl::StatusOr<pid_t> ForkInto(const NamespacePlan& plan, absl::FunctionRef<void()> body);

// Writes uid_map and gid_map of `pid`, the first process of a fresh user namespace. Without the
// privilege for it only a single id can be mapped, and setgroups is given up, as the kernel asks.
absl::Status WriteIdMappings(pid_t pid, const oci::Linux& linux);

}  // namespace container
