// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/pidfd.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/hooks.h"
#include "fakes/engine/commands.h"
#include "fakes/engine/container_processes.h"
#include "fakes/engine/container_store.h"
#include "fakes/engine/limits.h"

namespace fakes {
namespace {

constexpr char kInitIsDead[] = "container process is already dead";

// Lets the init go on: it waits for a reader of the FIFO. What it writes until its program runs,
// which closes the FIFO, says how that went (container_init.h).
absl::StatusOr<std::string> ReadStart(const std::string& fifo, const base::UniqueFd& init) {
  // Non-blocking: an init that is gone must not be waited for.
  const base::UniqueFd fd(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd.ok()) return base::ErrnoStatus(errno, "open the start FIFO");
  std::string said;
  for (;;) {
    pollfd ready[2] = {{.fd = fd.get(), .events = POLLIN, .revents = 0},
                       {.fd = init.get(), .events = POLLIN, .revents = 0}};
    if (::poll(ready, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return base::ErrnoStatus(errno, "poll");
    }
    char chunk[4096];
    const ssize_t got = ::read(fd.get(), chunk, sizeof(chunk));
    if (got > 0 && said.size() < kStartErrorBytesMax) {
      said.append(chunk, static_cast<std::size_t>(got));
    }
    // No writer yet also reads as the end.
    if (got == 0 && (ready[0].revents != 0 || ready[1].revents != 0)) return said;
    if (got < 0 && errno != EAGAIN && errno != EINTR) return base::ErrnoStatus(errno, "read");
  }
}

absl::Status CheckStartable(ContainerStatus status) {
  switch (status) {
    case ContainerStatus::kCreated:
      return absl::OkStatus();
    case ContainerStatus::kStopped:
      return absl::FailedPreconditionError("cannot start a container that has stopped");
    case ContainerStatus::kRunning:
      return absl::FailedPreconditionError("cannot start an already running container");
    case ContainerStatus::kPaused:
      return absl::FailedPreconditionError("cannot start a container in the paused state");
  }
  return absl::InternalError("no such status");
}

// HOOK-09 as runc has it: a failure is one of start, and ends the container.
absl::Status RunPoststart(const ContainerStore& store, const ContainerRecord& record) {
  ASSIGN_OR_RETURN(const oci::Spec spec, store.LoadConfig());
  const absl::Status status = container::RunHooks("poststart", spec.hooks.poststart,
                                                  {.oci_version = spec.oci_version,
                                                   .id = record.id,
                                                   .status = "running",
                                                   .pid = record.init.pid,
                                                   .bundle = record.bundle,
                                                   .annotations = spec.annotations});
  if (!status.ok()) (void)EndAllOf(store, record);
  return status;
}

}  // namespace

absl::StatusOr<int> RunStart(const Command& command, EngineFaults& faults) {
  ASSIGN_OR_RETURN(const ContainerStore store, ContainerStore::For(command.root, command.id));
  ASSIGN_OR_RETURN(const ContainerRecord record, store.Load());
  RETURN_IF_ERROR(CheckStartable(StatusOf(store, record)));
  const absl::StatusOr<base::UniqueFd> init = base::OpenPidfd(record.init.pid);
  if (!init.ok()) return absl::FailedPreconditionError(kInitIsDead);
  ASSIGN_OR_RETURN(const std::string said, ReadStart(store.File(kStartFifo), *init));
  ::unlink(store.File(kStartFifo).c_str());
  if (said.empty()) return absl::FailedPreconditionError(kInitIsDead);
  if (said != "0") {
    return absl::UnknownError(
        absl::StrCat("unable to start container process: ", said.substr(said[0] == '0' ? 1 : 0)));
  }
  faults.At(FaultPoint::kMiddle);
  RETURN_IF_ERROR(RunPoststart(store, record));
  return 0;
}

}  // namespace fakes
