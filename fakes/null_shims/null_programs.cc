// SPDX-License-Identifier: Apache-2.0
#include "fakes/null_shims/null_programs.h"

#include <unistd.h>

#include <csignal>

namespace fakes {
namespace {

// 2 to this power processes: enough to be noticed when they are left, too few to hurt.
constexpr int kForkBombDepth = 6;

bool WriteAll(const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(STDOUT_FILENO, data, size);
    if (written <= 0) return false;
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

}  // namespace

int RunTrue() { return 0; }

int RunFalse() { return 1; }

int RunCat() {
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got <= 0) return got == 0 ? 0 : 1;
    if (!WriteAll(buffer, static_cast<std::size_t>(got))) return 1;
  }
}

int RunYes() {
  constexpr char kLines[] = "y\ny\ny\ny\ny\ny\ny\ny\n";
  while (WriteAll(kLines, sizeof kLines - 1)) {
  }
  return 1;
}

int RunSleeper() {
  for (;;) ::pause();
}

int RunForkBomb() {
  // It also wants to stay, and keeps its standard output open in every process.
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  for (int level = 0; level < kForkBombDepth; ++level) {
    if (::fork() == 0) ::setsid();
  }
  return RunSleeper();
}

}  // namespace fakes
