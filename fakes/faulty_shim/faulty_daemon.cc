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

namespace {

struct CommandLine {
  int argc = 0;
  char** argv = nullptr;
};

CommandLine& CommandLineOfThis() {
  static CommandLine line;
  return line;
}

}  // namespace

void RememberCommandLine(int argc, char** argv) {
  CommandLineOfThis() = {.argc = argc, .argv = argv};
}

void BeginDaemon() {
  // A failure is that of a fault that did not come about: its checks stay green.
  if (Fire("unshare", "daemon") != nullptr) (void)::unshare(CLONE_NEWNS);
  if (Fire("hide", "daemon") != nullptr) {
    const CommandLine& line = CommandLineOfThis();
    for (int i = 0; i < line.argc; ++i) std::memset(line.argv[i], 0, std::strlen(line.argv[i]));
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
