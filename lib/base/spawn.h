// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace base {

// What a child gets to see as descriptor `target`. `source` is borrowed and stays open in the
// parent. Sources and targets may overlap in any way.
struct FdMapping {
  int source = -1;
  int target = -1;
};

// A reusable description of a process to start. Everything not named here is closed or default in
// the child: descriptors other than 0, 1, 2 and `fds` are closed on exec (all of ours are CLOEXEC;
// since Linux 5.11 also those somebody leaked to us), signal dispositions are default, the signal
// mask is empty. Credentials, umask and limits are the parent's.
struct SpawnSpec {
  std::string path;  // absolute, or without '/': searched in our PATH's absolute entries
  std::vector<std::string> argv;                // argv[0] included
  std::optional<std::vector<std::string>> env;  // "K=V"; nullopt inherits the parent's
  std::string cwd;                              // empty: inherit
  std::vector<FdMapping> fds;                   // 0, 1, 2 not mapped here become /dev/null
  enum class Group { kInherit, kOwn, kSession };
  Group group = Group::kOwn;  // kOwn: setpgid(0, 0); kSession: setsid()
  // PR_SET_PDEATHSIG, 0: none. Sent when the *thread* that called Spawn() ends.
  int parent_death_signal = 0;
  // CLONE_NEW* flags: the child is the first process of these fresh namespaces. Mounts stay shared
  // with the parent's until the child says otherwise; the ids of a user namespace are unmapped (and
  // the program it executes has no capabilities) until somebody outside maps them.
  int namespaces = 0;
  // Descriptor of an existing pid namespace that is ours or below it, borrowed: the child is in it,
  // and still a child of ours. Not together with CLONE_NEWPID. -1: that of our other children.
  int pid_namespace = -1;
  // Descriptor of an existing network namespace, borrowed: the child is in it. Not together with
  // CLONE_NEWNET. -1: ours.
  int network_namespace = -1;
};

// A started process. `pidfd` is CLOEXEC and valid until closed, also after the reap.
struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;
};

// Starts `spec` at vfork-class cost (the parent's memory is not copied, whatever its size) and
// returns once the child has executed the image (the kernel may still be closing what is closed on
// exec, and setting its name and command line, for a moment). A failure up to and including execve
// is reported here with its errno and the step's name ("execve /usr/bin/runc: No such file or
// directory" -> NOT_FOUND) and leaves no child behind; a malformed spec is INVALID_ARGUMENT. No
// handler of ours ever runs in the child. The caller owes a reap: by ChildReaper, or waitpid.
absl::StatusOr<Child> Spawn(const SpawnSpec& spec);

}  // namespace base
