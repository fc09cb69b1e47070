// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/kill_and_reap.h"

#include <sys/wait.h>

#include <cerrno>
#include <csignal>

namespace fakes {

void KillAndReap(pid_t pid, base::ChildReaper::Watch& watch) {
  watch = base::ChildReaper::Watch();
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace fakes
