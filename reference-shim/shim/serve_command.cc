// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/serve_command.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "base/child_reaper.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/subreaper.h"
#include "base/unique_fd.h"
#include "reference-shim/shim/command_io.h"
#include "reference-shim/shim/daemon.h"
#include "reference-shim/shim/program_name.h"
#include "reference-shim/shim/socket_claim.h"

#ifndef PR_SCHED_CORE  // since Linux 5.14; missing in older C library headers
#define PR_SCHED_CORE 62
#define PR_SCHED_CORE_CREATE 1
#endif

namespace shim {
namespace {

constexpr int kSchedCoreThreadGroup = 1;

std::string Environment(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? "" : value;
}

// START-15. A kernel or machine without core scheduling is no reason to have no shim.
void IsolateCore(base::Log& log) {
  if (Environment("SCHED_CORE").empty()) return;
  if (::prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0, kSchedCoreThreadGroup, 0) != 0) {
    log.Warning("SCHED_CORE has no effect: ", base::ErrnoStatus(errno, "PR_SCHED_CORE").message());
  }
}

// The listener becomes ours; what else a careless starter has passed on would stay open in every
// idle shim.
base::UniqueFd TakeListener() {
  base::UniqueFd listener(::fcntl(kListenerFd, F_DUPFD_CLOEXEC, kListenerFd + 1));
  if (!listener.ok()) return listener;
  ::close(kListenerFd);
  const auto next = static_cast<unsigned>(listener.get()) + 1;
  ::syscall(SYS_close_range, next, UINT_MAX, 0);
  return listener;
}

absl::Status Serve(const Options& options, const char* program, const BackendFactory& factory) {
  RETURN_IF_ERROR(RequireIdentity(options));
  ASSIGN_OR_RETURN(SocketFile socket_file, FindSocketFile(kListenerFd));
  base::UniqueFd listener = TakeListener();
  if (!listener.ok()) return base::ErrnoStatus(errno, "take the listener over");

  base::Log log(STDERR_FILENO, options.debug ? base::LogLevel::kDebug : base::LogLevel::kInfo);
  log.SetField("runtime", RuntimeName(program));
  log.SetField("namespace", options.namespace_name);
  log.SetField("id", options.id);
  log.SetField("pid", absl::StrCat(::getpid()));
  RETURN_IF_ERROR(base::BecomeSubreaper());
  IsolateCore(log);

  boost::asio::io_context loop(1);
  ASSIGN_OR_RETURN(const std::unique_ptr<base::ChildReaper> reaper,
                   base::ChildReaper::Create(loop));
  Daemon daemon(
      loop, *reaper, log,
      {.namespace_name = options.namespace_name, .event_address = Environment("TTRPC_ADDRESS")},
      factory);
  RETURN_IF_ERROR(daemon.Serve(std::move(listener), std::move(socket_file)));
  if (!daemon.Run()) ::_exit(0);
  return absl::OkStatus();
}

}  // namespace

int ServeCommand(const Options& options, const char* program, const BackendFactory& factory) {
  ::signal(SIGPIPE, SIG_IGN);  // SIG-01
  const absl::Status status = Serve(options, program, factory);
  if (status.ok()) return 0;
  WriteStderr(absl::StrCat(program, ": ", status.message(), "\n"));
  return 1;
}

}  // namespace shim
