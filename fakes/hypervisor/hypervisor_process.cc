// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/hypervisor_process.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstring>
#include <iostream>
#include <utility>

#include "base/pidfd.h"
#include "fakes/hypervisor/hypervisor.h"
#include "fakes/hypervisor/limits.h"

namespace fakes {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

void RaiseFileLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min<rlim_t>(limit.rlim_max, kFilesWanted));
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

// What the host mounts later is seen here; what the guest mounts is seen nowhere else.
void LeaveMountNamespace(base::Log& log) {
  if (::unshare(CLONE_NEWNS) == 0 &&
      ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0) {
    return;
  }
  log.Warning("no mount namespace of our own: ", std::strerror(errno));
}

// Calls `gone`, now or later, when our parent is. The watch lasts as long as what is returned.
std::unique_ptr<Descriptor> WatchParent(boost::asio::io_context& loop, std::function<void()> gone) {
  const pid_t parent = ::getppid();
  absl::StatusOr<base::UniqueFd> pidfd = base::OpenPidfd(parent);
  // Whoever is our parent now has adopted us meanwhile.
  if (!pidfd.ok() || ::getppid() != parent) {
    gone();
    return nullptr;
  }
  auto watch = std::make_unique<Descriptor>(loop, pidfd->release());
  watch->async_wait(Descriptor::wait_read,
                    [gone = std::move(gone)](const boost::system::error_code& error) {
                      if (!error) gone();
                    });
  return watch;
}

}  // namespace

int RunHypervisor(const std::vector<std::string>& args, const MakeGuests& guests) {
  const absl::StatusOr<HypervisorOptions> options = ParseHypervisorOptions(args);
  if (!options.ok()) {
    std::cerr << "shimgauge-hypervisor: " << options.status().message() << '\n';
    return 1;
  }
  if (!options->message.empty()) {
    std::cout << options->message << std::flush;
    return 0;
  }
  // Readers of our output, or of a connection, that have gone must not end us.
  ::signal(SIGPIPE, SIG_IGN);
  base::Log log(STDERR_FILENO,
                options->verbosity > 0 ? base::LogLevel::kInfo : base::LogLevel::kWarning);
  RaiseFileLimit();
  LeaveMountNamespace(log);

  boost::asio::io_context loop(1);
  int code = 1;
  Hypervisor hypervisor(loop, *options, guests(loop, *options, log), log, [&](int exit_code) {
    code = exit_code;
    loop.stop();
  });
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) hypervisor.Stop();
  });
  std::unique_ptr<Descriptor> watch;
  if (options->die_with_parent) watch = WatchParent(loop, [&] { hypervisor.Stop(); });
  hypervisor.Start();
  loop.run();
  return code;
}

}  // namespace fakes
