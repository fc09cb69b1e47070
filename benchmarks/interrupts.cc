// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/interrupts.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/status_macros.h"

namespace benchmarks {

absl::StatusOr<Interrupts> Interrupts::Take() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0)
    return base::ErrnoStatus(errno, "sigprocmask");
  base::UniqueFd fd(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.ok()) return base::ErrnoStatus(errno, "signalfd");
  return Interrupts(std::move(fd));
}

bool Interrupts::Seen() {
  signalfd_siginfo info;
  while (::read(fd_.get(), &info, sizeof info) == sizeof info) seen_ = true;
  return seen_;
}

}  // namespace benchmarks
