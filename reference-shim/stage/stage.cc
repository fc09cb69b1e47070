// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/stage.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "base/pidfd.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/container_init.h"
#include "container/namespaces.h"
#include "oci/bundle.h"
#include "oci/limits.h"
#include "oci/spec_parser.h"
#include "reference-shim/stage/guest_signals.h"
#include "reference-shim/stage/spec_check.h"
#include "reference-shim/stage/stage_plan.h"
#include "reference-shim/stage/wasm_program.h"

namespace stage {
namespace {

constexpr int kStageFailed = 1;

// One of the descriptors the shim gave us; not for the programs that hooks are.
base::UniqueFd Take(int fd) {
  base::UniqueFd taken;
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) taken.reset(fd);
  return taken;
}

absl::StatusOr<StagePlan> ReadPlan(base::UniqueFd file, const container::SyncSocket& control) {
  if (!file.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat(kStageProgram, " is run by the shim, with a plan as descriptor ", kPlanFd));
  }
  // While this program was loaded the shim has made the cgroup. Without it there is nobody to tell.
  if (!control.Expect(container::SyncKind::kGo).ok()) ::_exit(kStageFailed);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return base::ErrnoStatus(errno, "plan of the stage");
  if (info.st_size < 0 || static_cast<std::size_t>(info.st_size) > 2 * oci::kJsonBytesMax) {
    return absl::InvalidArgumentError("plan of the stage: too long");
  }
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  if (::pread(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return base::ErrnoStatus(errno, "read the plan of the stage");
  }
  return ParseStagePlan(text);
}

absl::StatusOr<oci::Spec> ReadCheckedSpec(const std::string& bundle) {
  ASSIGN_OR_RETURN(const std::string json, oci::ReadConfig(bundle));
  ASSIGN_OR_RETURN(oci::Spec spec, oci::ParseSpec(json));
  RETURN_IF_ERROR(CheckSpec(spec, json));
  return spec;
}

// Everything that comes from the shim, and the engine with the code loaded.
struct Stage {
  base::UniqueFd console = Take(kConsoleFd);
  base::UniqueFd container = Take(kContainerFd);
  StagePlan plan;
  oci::Spec spec;
  std::unique_ptr<WasmEngine> engine;
  std::unique_ptr<WasmGuest> guest;  // borrows `engine`
};

// ABORTED for code that has to be compiled anew, and for nothing else.
absl::Status LoadGuest(Stage& stage, base::UniqueFd code) {
  if (!code.ok()) return absl::FailedPreconditionError("the shim gave no code");
  const absl::Span<const EngineEntry> engines = AllEngines();
  if (engines.empty()) return absl::UnimplementedError("built without an engine for Wasm");
  ASSIGN_OR_RETURN(stage.engine, engines.front().make(stage.plan.config));
  absl::StatusOr<std::unique_ptr<WasmGuest>> guest =
      stage.engine->Load(absl::StrCat("/proc/self/fd/", code.get()), stage.plan.entry);
  if (absl::IsFailedPrecondition(guest.status())) {
    return absl::AbortedError(guest.status().message());
  }
  RETURN_IF_ERROR(guest.status());
  stage.guest = *std::move(guest);
  return absl::OkStatus();
}

absl::Status BecomeFirstProcess(Stage& stage, base::UniqueFd code, container::SyncSocket control,
                                container::SyncSocket report) {
  RETURN_IF_ERROR(LoadGuest(stage, std::move(code)));
  ASSIGN_OR_RETURN(const container::NamespacePlan namespaces,
                   container::PlanNamespaces(stage.spec));
  RETURN_IF_ERROR(container::EnterJoins(namespaces));
  WasmProgram program(std::move(stage.guest), stage.plan, stage.spec, stage.spec.process,
                      std::move(report));
  const base::UniqueFd no_fifo;
  const container::CgroupEntry entered;
  const container::InitPlan plan{.spec = stage.spec,
                                 .id = stage.plan.id,
                                 .bundle = stage.plan.bundle,
                                 .cgroup = stage.plan.cgroup,
                                 .cgroup_entry = entered,
                                 .console_socket = stage.console,
                                 .program = program,
                                 .start_fifo = no_fifo,
                                 .pauses_when_mounted = PausesWhenMounted(stage.spec),
                                 .no_pivot = stage.plan.no_pivot,
                                 .new_keyring = stage.plan.new_keyring,
                                 .only_own_devices = true};
  container::RunContainerInit(plan, std::move(control));
}

// The root of the process that `stage.container` names, which lives until this has returned.
absl::StatusOr<base::UniqueFd> OpenContainerRoot(const Stage& stage) {
  const std::string path = absl::StrCat("/proc/", stage.plan.container_pid, "/root");
  base::UniqueFd root(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const int error_number = errno;
  if (!stage.container.ok() || base::HasExited(stage.container)) {
    return absl::FailedPreconditionError("cannot exec in a stopped container");
  }
  if (!root.ok()) return base::ErrnoStatus(error_number, "open the container's root");
  return root;
}

absl::Status BecomeFurtherProcess(Stage& stage, base::UniqueFd code, container::SyncSocket control,
                                  container::SyncSocket report) {
  ASSIGN_OR_RETURN(const oci::Process process, oci::ParseProcess(stage.plan.process_json));
  RETURN_IF_ERROR(CheckProcess(process, "process"));
  RETURN_IF_ERROR(LoadGuest(stage, std::move(code)));
  ASSIGN_OR_RETURN(base::UniqueFd root, OpenContainerRoot(stage));
  WasmProgram program(std::move(stage.guest), stage.plan, stage.spec, process, std::move(report));
  RETURN_IF_ERROR(program.Open(root));
  RETURN_IF_ERROR(container::EnterContainerOf(stage.container, root));
  stage.container.reset();
  root.reset();
  const container::CgroupEntry entered;
  const container::ExecPlan plan{.process = process,
                                 .id = stage.plan.id,
                                 .cgroup_entry = entered,
                                 .seccomp_json = stage.spec.linux.seccomp_json,
                                 .console_socket = stage.console,
                                 .program = program,
                                 .in_user_namespace = false,
                                 .new_keyring = stage.plan.new_keyring};
  container::RunContainerExec(plan, std::move(control));
}

// Leaves nothing open: a guest's process holds nothing of outside.
absl::Status EnterCgroup(const container::Cgroup& cgroup) {
  ASSIGN_OR_RETURN(const container::CgroupEntry entry, container::CgroupEntry::Open(cgroup));
  return entry.Enter();
}

absl::Status Run(container::SyncSocket control, container::SyncSocket report) {
  base::UniqueFd code = Take(kArtefactFd);
  base::UniqueFd plan_file = Take(kPlanFd);
  RETURN_IF_ERROR(EndOnSignals());
  Stage stage;
  ASSIGN_OR_RETURN(stage.plan, ReadPlan(std::move(plan_file), control));
  // First of all, so that what the engine takes is the container's.
  RETURN_IF_ERROR(EnterCgroup(stage.plan.cgroup));
  ASSIGN_OR_RETURN(stage.spec, ReadCheckedSpec(stage.plan.bundle));
  return stage.plan.process_json.empty()
             ? BecomeFirstProcess(stage, std::move(code), std::move(control), std::move(report))
             : BecomeFurtherProcess(stage, std::move(code), std::move(control), std::move(report));
}

}  // namespace

void RunStage() {
  const container::SyncSocket control(Take(kControlFd));
  const auto copy = [&control] {
    return container::SyncSocket(
        base::UniqueFd(::fcntl(control.fd().get(), F_DUPFD_CLOEXEC, kContainerFd + 1)));
  };
  const absl::Status status = Run(copy(), copy());
  if (!control.Send(container::SyncKind::kFailed, status.message()).ok()) {
    const std::string line = absl::StrCat(kStageProgram, ": ", status.message(), "\n");
    (void)!::write(STDERR_FILENO, line.data(), line.size());
  }
  ::_exit(absl::IsAborted(status) ? kCodeRefusedExitCode : kStageFailed);
}

}  // namespace stage
