// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/delete_command.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <utility>

#include "base/child_reaper.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/subreaper.h"
#include "container/mounts.h"
#include "containerd/shim_address.h"
#include "containerd/timestamps.h"
#include "oci/bundle.h"
#include "reference-shim/shim/command_io.h"
#include "reference-shim/shim/deadline.h"
#include "reference-shim/shim/exit_record.h"
#include "reference-shim/shim/limits.h"
#include "reference-shim/shim/small_file.h"
#include "reference-shim/shim/socket_claim.h"
#include "task/v3/task.pb.h"

namespace shim {
namespace {

constexpr unsigned kKilledStatus = 128 + SIGKILL;

// -bundle, else the sibling of the working directory that the id names (FILE-08).
absl::StatusOr<std::string> FindBundle(const Options& options) {
  char directory[PATH_MAX];
  if (!options.bundle.empty() && options.bundle[0] == '/') return options.bundle;
  if (::getcwd(directory, sizeof(directory)) == nullptr) {
    return base::ErrnoStatus(errno, "working directory");
  }
  const std::string here = directory;
  if (!options.bundle.empty()) return absl::StrCat(here, "/", options.bundle);
  return absl::StrCat(here.substr(0, here.rfind('/')), "/", options.id);
}

// The recorded end of the init if its shim has lived to see it, else that it is killed now (DEL-06,
// V24-05).
ProcessExit FindExit(const std::string& bundle, base::Log& log) {
  const absl::StatusOr<ProcessExit> recorded = ReadExitRecord(bundle);
  if (recorded.ok()) return *recorded;
  if (!absl::IsNotFound(recorded.status())) log.Warning(recorded.status().message());
  return {.pid = ReadInitPid(bundle).value_or(0),
          .status = kKilledStatus,
          .at = std::chrono::system_clock::now()};
}

absl::Status Reclaim(const Options& options, const std::string& bundle, base::Log& log,
                     const BackendFactory& factory) {
  RETURN_IF_ERROR(base::BecomeSubreaper());
  boost::asio::io_context loop(1);
  ASSIGN_OR_RETURN(const std::unique_ptr<base::ChildReaper> reaper,
                   base::ChildReaper::Create(loop));
  const std::unique_ptr<Backend> backend = factory(
      {.loop = loop, .reaper = *reaper, .log = log, .namespace_name = options.namespace_name});
  absl::Status result = absl::DeadlineExceededError("the engine did not answer in time");
  Deadline limit(loop);
  limit.Set(kReclaimTimeout, [&loop] { loop.stop(); });
  backend->Reclaim({.id = options.id, .bundle = bundle}, [&](absl::Status status) {
    result = std::move(status);
    loop.stop();
  });
  loop.run();
  return base::Annotate(result, absl::StrCat("container ", options.id));
}

// Of a shim that was killed; one that serves other containers of a group is alive and keeps it.
void RemoveSocket(const std::string& bundle, base::Log& log) {
  const absl::StatusOr<std::string> text = ReadSmallFile(absl::StrCat(bundle, "/address"));
  if (!text.ok()) return;
  const absl::StatusOr<containerd::Address> address = containerd::ParseAddress(*text);
  if (!address.ok() || address->transport != containerd::Address::Transport::kUnix) return;
  const absl::Status removed = RemoveDeadSocket(address->path);
  if (!removed.ok()) log.Warning(removed.message());
}

absl::Status Delete(const Options& options, base::Log& log, const BackendFactory& factory) {
  RETURN_IF_ERROR(RequireIdentity(options));
  ASSIGN_OR_RETURN(const std::string bundle, FindBundle(options));
  const ProcessExit exit = FindExit(bundle, log);
  const absl::Status reclaimed = Reclaim(options, bundle, log, factory);
  // Whatever the engine says: what can be cleaned is cleaned.
  const absl::Status unmounted =
      container::UnmountAll(absl::StrCat(bundle, "/", oci::kRootfsDirectory));
  RemoveSocket(bundle, log);
  RETURN_IF_ERROR(reclaimed);
  RETURN_IF_ERROR(unmounted);
  containerd::task::v3::DeleteResponse response;
  response.set_pid(static_cast<std::uint32_t>(exit.pid));
  response.set_exit_status(exit.status);
  *response.mutable_exited_at() = containerd::ToTimestamp(exit.at);
  return WriteStdout(response.SerializeAsString());
}

}  // namespace

int DeleteCommand(const Options& options, const char* program, const BackendFactory& factory) {
  base::Log log(STDERR_FILENO, options.debug ? base::LogLevel::kDebug : base::LogLevel::kInfo);
  const absl::Status status = Delete(options, log, factory);
  if (status.ok()) return 0;
  WriteStderr(absl::StrCat(program, ": ", status.message(), "\n"));
  return 1;
}

}  // namespace shim
