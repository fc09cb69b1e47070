// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/unique_fd.h"
#include "container/cgroup.h"
#include "container/cgroup_entry.h"
#include "container/init_program.h"
#include "container/sync_socket.h"
#include "oci/spec.h"

// What the processes of a container do before they are the user's program. Both functions run in a
// process made for it, end it, and report what goes wrong through `socket`. They begin once the
// maker says kGo, id mappings being written, and enter the cgroup first. A maker that goes away
// meanwhile takes the process with it.
namespace container {

// Everything borrowed.
struct InitPlan {
  const oci::Spec& spec;
  std::string id;
  std::string bundle;  // absolute
  Cgroup cgroup;       // the container's; empty: it has none
  const CgroupEntry& cgroup_entry;
  const base::UniqueFd& console_socket;  // used if the process has a terminal
  InitProgram& program;
  const base::UniqueFd& start_fifo;  // O_PATH; !ok(): start comes over the socket
  bool pauses_when_mounted = true;
  bool no_pivot = false;
  bool new_keyring = true;
  // Device files have no effect, wherever they lie, but those that we make in the container's /dev.
  bool only_own_devices = false;
};

// The first process. Makes the container; says kMounted and waits for kGo (hooks of the runtime run
// then), if the plan says so; runs createContainer hooks; enters the root; becomes the user; says
// kReady and waits for kGo. With a `start_fifo` it closes the socket and opens that for writing,
// which blocks until somebody opens it for reading; runs startContainer hooks; writes "0" and
// becomes the program, which closes the FIFO. Whatever else is in the FIFO is what went wrong.
// Without one that kGo is the start, and what goes wrong is said through the socket.
[[noreturn]] void RunContainerInit(const InitPlan& plan, SyncSocket socket);

// Everything borrowed.
struct ExecPlan {
  const oci::Process& process;
  std::string id;
  const CgroupEntry& cgroup_entry;
  std::string seccomp_json;  // of the container
  const base::UniqueFd& console_socket;
  InitProgram& program;            // open already
  bool in_user_namespace = false;  // another one than the maker's
  bool new_keyring = true;
};

// Another process, already in the container's namespaces and root. Becomes the program at once.
[[noreturn]] void RunContainerExec(const ExecPlan& plan, SyncSocket socket);

}  // namespace container
