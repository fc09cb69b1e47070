// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/faulty_daemon.h"

#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <cstring>

#include "fakes/faulty_shim/fault_plan.h"
#include "fakes/faulty_shim/leak.h"
#include "reference-shim/shim/serve_command.h"

namespace fakes {

void BeginDaemon(int argc, char** argv) {
  // A failure is that of a fault that did not come about: its checks stay green.
  if (Fire("unshare", "daemon") != nullptr) (void)::unshare(CLONE_NEWNS);
  if (Fire("hide", "daemon") != nullptr) {
    for (int i = 0; i < argc; ++i) std::memset(argv[i], 0, std::strlen(argv[i]));
  }
  if (const Rule* rule = Fire("leak", "daemon")) {
    LeakMemory(static_cast<std::size_t>(rule->Number("bytes")));
  }
  if (const Rule* rule = Fire("defer", "listen")) {
    ::poll(nullptr, 0, static_cast<int>(rule->Number("ms")));
    (void)::listen(shim::kListenerFd, SOMAXCONN);
  }
}

}  // namespace fakes
