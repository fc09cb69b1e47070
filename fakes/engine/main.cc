// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "fakes/engine/verbs.h"

int main(int argc, char** argv) {
  // A reader of our output that has gone must not end a command half-way.
  ::signal(SIGPIPE, SIG_IGN);
  const int code = fakes::RunEngine(std::vector<std::string>(argv + 1, argv + argc));
  // Nothing here is worth taking apart: the process is about to be gone.
  ::_exit(code);
}
