// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/sink_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "base/fork.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "fakes/containerd/event_sink.h"

namespace benchmarks {
namespace {

constexpr int kReady = 3;

[[noreturn]] void Serve(const std::string& path, pid_t parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || ::getppid() != parent) ::_exit(1);
  boost::asio::io_context loop(1);
  fakes::EventSink sink(loop, path, [](const fakes::ForwardedEvent&) {});
  if (!sink.Start().ok() || ::write(kReady, "x", 1) != 1) ::_exit(1);
  ::close(kReady);
  loop.run();
  ::_exit(0);
}

}  // namespace

SinkProcess::~SinkProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

absl::Status SinkProcess::Start(const std::string& path) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe2");
  const base::UniqueFd ready(ends[0]);
  base::UniqueFd tell(ends[1]);
  const pid_t parent = ::getpid();
  ASSIGN_OR_RETURN(const base::Child child,
                   base::ForkAs({.fds = {{.source = tell.get(), .target = kReady}}}));
  if (child.pid == 0) Serve(path, parent);
  pid_ = child.pid;
  tell.reset();
  char byte = 0;
  if (::read(ready.get(), &byte, 1) == 1) return absl::OkStatus();
  return absl::UnavailableError("the event sink at " + path + " did not start");
}

}  // namespace benchmarks
