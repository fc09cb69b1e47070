// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/faulty_daemon.h"

#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

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

// Everything, or the word behind another one.
void HideCommandLine(const std::string& behind) {
  const CommandLine& line = CommandLineOfThis();
  for (int i = 0; i < line.argc; ++i) {
    if (!behind.empty() && (i == 0 || line.argv[i - 1] != behind)) continue;
    std::memset(line.argv[i], behind.empty() ? 0 : 'x', std::strlen(line.argv[i]));
  }
}

}  // namespace

void RememberCommandLine(int argc, char** argv) {
  CommandLineOfThis() = {.argc = argc, .argv = argv};
}

void BeginDaemon() {
  // A failure is that of a fault that did not come about: its checks stay green.
  if (Fire("unshare", "daemon") != nullptr) (void)::unshare(CLONE_NEWNS);
  if (const Rule* rule = Fire("hide", "daemon")) HideCommandLine(rule->Text("behind"));
  if (const Rule* rule = Fire("leak", "daemon")) {
    LeakMemory(static_cast<std::size_t>(rule->Number("bytes")));
  }
  if (const Rule* rule = Fire("defer", "listen")) {
    ::poll(nullptr, 0, static_cast<int>(rule->Number("ms")));
    (void)::listen(shim::kListenerFd, SOMAXCONN);
  }
}

}  // namespace fakes
