// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/exit_status.h"
#include "base/spawn.h"
#include "base/unique_fd.h"

namespace base {

// A copy of this process that does one thing and ends.
struct Fork {
  Child child;         // the caller owes a reap, as with Spawn()
  UniqueFd complaint;  // read end of what it says if it fails, non-blocking
};

// Runs `body` in a copy of this process: for work that may block in the kernel for as long as it
// likes and needs no program of its own (mount(2), umount(2)). Nothing is loaded and linked, so
// that it costs a fraction of a Spawn(). The copy has a process group of its own, dies with this
// process, holds none of its descriptors (0, 1, 2 are /dev/null), has default signal dispositions
// and an empty mask, and works in "/". Only for processes of one thread, where a copy may allocate.
absl::StatusOr<Fork> RunInFork(absl::FunctionRef<absl::Status()> body);

// What `body` returned, for the child that ended with `exit`; a message is cut at
// kForkComplaintBytesMax. INTERNAL if it was killed before it could say.
absl::Status ForkResult(const Fork& fork, const ExitStatus& exit);

// fork(2) whose child has what Spawn() would have given a program started by `spec`: descriptors
// (all others are closed), default signal dispositions, an empty mask, group and directory. Pid 0
// in the child, which then is this program with its memory, and whose descriptors of before are
// gone without their owners knowing: it must not return into them, but end by exit(3). A child that
// cannot be made so ends with 127. For a daemon that is the program it was made by: what executing
// and linking a program costs (0.6 ms on a virtual machine, where each CPUID of the C library's
// start is a trap) is saved. path, argv and env are not looked at; a death signal or namespaces are
// INVALID_ARGUMENT. Only for processes of one thread.
absl::StatusOr<Child> ForkAs(const SpawnSpec& spec);

}  // namespace base
