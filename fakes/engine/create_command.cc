// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/fifo.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/console.h"
#include "container/container_cgroup.h"
#include "container/container_init.h"
#include "container/hooks.h"
#include "container/namespaces.h"
#include "container/program.h"
#include "container/rootfs.h"
#include "fakes/engine/commands.h"
#include "fakes/engine/container_processes.h"
#include "fakes/engine/container_store.h"
#include "oci/bundle.h"
#include "oci/spec_parser.h"

namespace fakes {
namespace {

using container::SyncKind;

constexpr mode_t kStartFifoMode = 0622;  // the init opens it as the container's user
constexpr char kFailedToStart[] = "unable to start container process";

absl::StatusOr<std::string> AbsoluteBundle(const Flags& flags) {
  const std::string bundle = flags.Has("bundle") ? flags.Last("bundle") : ".";
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::canonical(bundle, error);
  if (!error) return absolute.string();
  if (error.value() == ENOENT) {
    return absl::NotFoundError(absl::StrCat("chdir ", bundle, ": no such file or directory"));
  }
  return base::ErrnoStatus(error.value(), absl::StrCat("chdir ", bundle));
}

absl::Status CheckSpec(const oci::Spec& spec, const Flags& flags) {
  if (spec.process.args.empty()) return absl::InvalidArgumentError("args must not be empty");
  if (spec.process.cwd.empty() || spec.process.cwd[0] != '/') {
    return absl::InvalidArgumentError("Cwd must be an absolute path");
  }
  if (spec.root.path.empty()) return absl::InvalidArgumentError("root must be specified");
  const bool socket = flags.Has("console-socket");
  if (spec.process.terminal && !socket) {
    return absl::InvalidArgumentError(
        "cannot allocate tty if runc will detach without setting console socket");
  }
  if (!spec.process.terminal && socket) {
    return absl::InvalidArgumentError(
        "cannot use console socket if runc will not detach or allocate tty");
  }
  if (container::HasFreshNamespace(spec, "user") &&
      (spec.linux.uid_mappings.empty() || spec.linux.gid_mappings.empty())) {
    return absl::InvalidArgumentError("User namespaces enabled, but no id mappings found");
  }
  return absl::OkStatus();
}

// One container in the making. What it has made goes with it, unless it was completed.
class Creation {
 public:
  Creation(const Command& command, EngineFaults& faults, ContainerStore store)
      : command_(command), faults_(faults), store_(std::move(store)) {}
  ~Creation() {
    if (!completed_ && made_) Undo();
  }
  Creation(const Creation&) = delete;
  Creation& operator=(const Creation&) = delete;

  absl::Status Run() {
    ASSIGN_OR_RETURN(record_.bundle, AbsoluteBundle(command_.flags));
    const absl::StatusOr<std::string> config = oci::ReadConfig(record_.bundle);
    if (absl::IsNotFound(config.status())) {
      return absl::NotFoundError("JSON specification file config.json not found");
    }
    RETURN_IF_ERROR(config.status());
    ASSIGN_OR_RETURN(spec_, oci::ParseSpec(*config));
    RETURN_IF_ERROR(CheckSpec(spec_, command_.flags));
    RETURN_IF_ERROR(store_.Make());
    made_ = true;
    RETURN_IF_ERROR(store_.SaveConfig(*config));
    return Make();
  }

 private:
  absl::Status Make() {
    record_.id = command_.id;
    record_.created = Timestamp(/*nanoseconds=*/true);
    record_.private_pids = oci::HasPrivatePidNamespace(spec_);
    ASSIGN_OR_RETURN(record_.cgroup, MakeCgroup());
    ASSIGN_OR_RETURN(preserved_fds_, command_.flags.Count("preserve-fds"));
    RETURN_IF_ERROR(base::MakeFifo(store_.File(kStartFifo), kStartFifoMode));
    fifo_.reset(::open(store_.File(kStartFifo).c_str(), O_PATH | O_CLOEXEC));
    if (!fifo_.ok()) return base::ErrnoStatus(errno, "open the start FIFO");
    if (spec_.process.terminal) {
      ASSIGN_OR_RETURN(console_,
                       container::ConnectConsoleSocket(command_.flags.Last("console-socket")));
    }
    RETURN_IF_ERROR(base::Annotate(StartInit(), kFailedToStart));
    RETURN_IF_ERROR(store_.Save(record_));
    RETURN_IF_ERROR(socket_->Send(SyncKind::kGo));
    faults_.At(FaultPoint::kMiddle);
    RETURN_IF_ERROR(faults_.WritePidFile(command_.flags.Last("pid-file"), record_.init.pid));
    completed_ = true;
    return absl::OkStatus();
  }

  // A machine without cgroups, or without the right to make one, runs containers all the same.
  [[nodiscard]] absl::StatusOr<container::Cgroup> MakeCgroup() const {
    const absl::StatusOr<container::CgroupMounts> mounts = container::CgroupMounts::Read();
    if (!mounts.ok()) return container::Cgroup();
    return container::MakeContainerCgroup(*mounts, spec_, command_.id,
                                          command_.systemd_cgroup ? container::CgroupsPath::kSystemd
                                                                  : container::CgroupsPath::kPlain);
  }

  absl::Status StartInit() {
    ASSIGN_OR_RETURN(const container::NamespacePlan namespaces, container::PlanNamespaces(spec_));
    ASSIGN_OR_RETURN(auto sockets, container::SyncSocket::MakePair());
    ASSIGN_OR_RETURN(const container::CgroupEntry cgroup_entry,
                     container::CgroupEntry::Open(record_.cgroup));
    container::ExecutedProgram program(spec_.process, preserved_fds_);
    const container::InitPlan plan{.spec = spec_,
                                   .id = command_.id,
                                   .bundle = record_.bundle,
                                   .cgroup = record_.cgroup,
                                   .cgroup_entry = cgroup_entry,
                                   .console_socket = console_,
                                   .program = program,
                                   .start_fifo = fifo_,
                                   .no_pivot = command_.flags.Has("no-pivot"),
                                   .new_keyring = !command_.flags.Has("no-new-keyring")};
    ASSIGN_OR_RETURN(const pid_t pid, container::ForkInto(namespaces, [&] {
                       sockets.first.Close();
                       container::RunContainerInit(plan, std::move(sockets.second));
                     }));
    record_.init.pid = pid;
    record_.rootfs = container::Rootfs(spec_, record_.bundle, {}).path();
    sockets.second.Close();
    socket_ = std::move(sockets.first);
    ASSIGN_OR_RETURN(const container::ProcessInfo info, container::ReadProcessInfo(pid));
    record_.init.start_ticks = info.start_ticks;
    if (container::HasFreshNamespace(spec_, "user")) {
      RETURN_IF_ERROR(container::WriteIdMappings(pid, spec_.linux));
    }
    RETURN_IF_ERROR(socket_->Send(SyncKind::kGo));
    RETURN_IF_ERROR(Await(SyncKind::kMounted));
    const container::HookState state = StateForHooks("creating", pid);
    RETURN_IF_ERROR(container::RunHooks("prestart", spec_.hooks.prestart, state));
    RETURN_IF_ERROR(container::RunHooks("createRuntime", spec_.hooks.create_runtime, state));
    RETURN_IF_ERROR(socket_->Send(SyncKind::kGo));
    return Await(SyncKind::kReady);
  }

  absl::Status Await(SyncKind kind) const {
    const absl::Status status = socket_->Expect(kind);
    return absl::IsUnavailable(status) ? absl::UnavailableError("container init was killed")
                                       : status;
  }

  [[nodiscard]] container::HookState StateForHooks(const std::string& status, pid_t pid) const {
    return {.oci_version = spec_.oci_version,
            .id = command_.id,
            .status = status,
            .pid = pid,
            .bundle = record_.bundle,
            .annotations = spec_.annotations};
  }

  // HOOK-07: what was made is removed, and the poststop hooks run.
  void Undo() {
    const bool had_init = record_.init.pid > 0;
    if (had_init) {
      (void)EndAllOf(store_, record_);
      while (::waitpid(record_.init.pid, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    (void)container::Remove(record_.cgroup);
    (void)store_.Remove();
    if (!had_init) return;
    const absl::Status hooks =
        container::RunHooks("poststop", spec_.hooks.poststop, StateForHooks("stopped", 0),
                            container::HookFailure::kLogged);
    if (!hooks.ok()) command_.log.Warning(hooks.message());
  }

  const Command& command_;
  EngineFaults& faults_;
  ContainerStore store_;
  ContainerRecord record_;
  oci::Spec spec_;
  unsigned preserved_fds_ = 0;
  base::UniqueFd fifo_;
  base::UniqueFd console_;
  std::optional<container::SyncSocket> socket_;
  bool made_ = false;
  bool completed_ = false;
};

}  // namespace

absl::StatusOr<int> RunCreate(const Command& command, EngineFaults& faults) {
  ASSIGN_OR_RETURN(ContainerStore store, ContainerStore::For(command.root, command.id));
  RETURN_IF_ERROR(Creation(command, faults, std::move(store)).Run());
  return 0;
}

}  // namespace fakes
