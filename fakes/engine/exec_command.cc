// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/exit_status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/console.h"
#include "container/container_init.h"
#include "container/namespaces.h"
#include "container/program.h"
#include "fakes/engine/commands.h"
#include "fakes/engine/container_processes.h"
#include "fakes/engine/container_store.h"
#include "fakes/fault/text_file.h"
#include "oci/spec_parser.h"

namespace fakes {
namespace {

absl::Status ApplyUserFlag(const std::string& text, oci::User& user) {
  const std::vector<absl::string_view> ids = absl::StrSplit(text, absl::MaxSplits(':', 1));
  if (!absl::SimpleAtoi(ids[0], &user.uid) ||
      (ids.size() == 2 && !absl::SimpleAtoi(ids[1], &user.gid))) {
    return absl::InvalidArgumentError(absl::StrCat("user \"", text, "\": expected <uid>[:<gid>]"));
  }
  return absl::OkStatus();
}

// What the flags say, on top of the container's own process.
absl::StatusOr<oci::Process> ProcessFromFlags(const Command& command, const oci::Spec& spec) {
  const Flags& flags = command.flags;
  oci::Process process = spec.process;
  process.args.assign(command.arguments.begin() + 1, command.arguments.end());
  process.terminal = flags.Has("tty");
  process.console_size.reset();
  if (flags.Has("cwd")) process.cwd = flags.Last("cwd");
  for (const std::string& entry : flags.All("env")) process.env.push_back(entry);
  if (flags.Has("user")) RETURN_IF_ERROR(ApplyUserFlag(flags.Last("user"), process.user));
  for (const std::string& gid : flags.All("additional-gids")) {
    if (!absl::SimpleAtoi(gid, &process.user.additional_gids.emplace_back())) {
      return absl::InvalidArgumentError(absl::StrCat("additional gid \"", gid, "\""));
    }
  }
  process.no_new_privileges |= flags.Has("no-new-privs");
  if (!flags.All("cap").empty()) {
    oci::Capabilities& capabilities =
        process.capabilities ? *process.capabilities : process.capabilities.emplace();
    for (const std::string& name : flags.All("cap")) {
      for (oci::Strings* set :
           {&capabilities.bounding, &capabilities.effective, &capabilities.permitted}) {
        set->push_back(name);
      }
    }
  }
  return process;
}

absl::StatusOr<oci::Process> ReadProcess(const Command& command, const oci::Spec& spec) {
  const std::string file = command.flags.Last("process");
  if (file.empty()) return ProcessFromFlags(command, spec);
  const absl::StatusOr<std::string> text = ReadTextFile(file);
  if (absl::IsNotFound(text.status())) {
    return absl::NotFoundError(absl::StrCat("open ", file, ": no such file or directory"));
  }
  RETURN_IF_ERROR(text.status());
  absl::StatusOr<oci::Process> process = oci::ParseProcess(*text);
  RETURN_IF_ERROR(base::Annotate(process.status(), file));
  return process;
}

absl::Status CheckProcess(const oci::Process& process, const Flags& flags) {
  if (process.args.empty()) return absl::InvalidArgumentError("process args cannot be empty");
  if (process.cwd.empty() || process.cwd[0] != '/') {
    return absl::InvalidArgumentError("Cwd must be an absolute path");
  }
  if (process.terminal && (!flags.Has("detach") || !flags.Has("console-socket"))) {
    return absl::InvalidArgumentError("a terminal needs --detach and --console-socket");
  }
  if (!process.terminal && flags.Has("console-socket")) {
    return absl::InvalidArgumentError(
        "cannot use console socket if runc will not detach or allocate tty");
  }
  return absl::OkStatus();
}

absl::Status CheckStatus(ContainerStatus status, const Flags& flags) {
  if (status == ContainerStatus::kStopped) {
    return absl::FailedPreconditionError("cannot exec in a stopped container");
  }
  if (status == ContainerStatus::kPaused && !flags.Has("ignore-paused")) {
    return absl::FailedPreconditionError(
        "cannot exec in a paused container (use --ignore-paused to override)");
  }
  return absl::OkStatus();
}

absl::StatusOr<base::ExitStatus> Reap(pid_t pid) {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) != 0) {
    if (errno != EINTR) return base::ErrnoStatus(errno, "waitid");
  }
  return base::ExitStatusOf(info);
}

// The new process executes its program by the time this returns, or it is gone.
absl::StatusOr<pid_t> StartProcess(const container::ExecPlan& exec_plan,
                                   const container::NamespacePlan& namespaces) {
  ASSIGN_OR_RETURN(auto sockets, container::SyncSocket::MakePair());
  ASSIGN_OR_RETURN(const pid_t pid, container::ForkInto(namespaces, [&] {
                     sockets.first.Close();
                     container::RunContainerExec(exec_plan, std::move(sockets.second));
                   }));
  sockets.second.Close();
  absl::Status status = sockets.first.Send(container::SyncKind::kGo);
  if (status.ok()) {
    const absl::StatusOr<container::SyncMessage> answer = sockets.first.Receive();
    if (absl::IsUnavailable(answer.status())) return pid;
    status = answer.ok() ? absl::UnknownError(answer->text) : answer.status();
  }
  ::kill(pid, SIGKILL);
  (void)Reap(pid);
  return status;
}

}  // namespace

absl::StatusOr<int> RunExec(const Command& command, EngineFaults& faults) {
  const Flags& flags = command.flags;
  ASSIGN_OR_RETURN(const ContainerStore store, ContainerStore::For(command.root, command.id));
  ASSIGN_OR_RETURN(const ContainerRecord record, store.Load());
  RETURN_IF_ERROR(CheckStatus(StatusOf(store, record), flags));
  ASSIGN_OR_RETURN(const oci::Spec spec, store.LoadConfig());
  ASSIGN_OR_RETURN(const oci::Process process, ReadProcess(command, spec));
  RETURN_IF_ERROR(CheckProcess(process, flags));
  base::UniqueFd console;
  if (process.terminal) {
    ASSIGN_OR_RETURN(console, container::ConnectConsoleSocket(flags.Last("console-socket")));
  }
  ASSIGN_OR_RETURN(const unsigned preserved_fds, flags.Count("preserve-fds"));
  ASSIGN_OR_RETURN(const container::NamespacePlan namespaces,
                   container::PlanToJoin(record.init.pid));
  const bool in_user_namespace = std::any_of(namespaces.joins.begin(), namespaces.joins.end(),
                                             [](const auto& join) { return join.type == "user"; });
  ASSIGN_OR_RETURN(const container::CgroupEntry cgroup_entry,
                   container::CgroupEntry::Open(record.cgroup));
  container::ExecutedProgram program(process, preserved_fds);
  const container::ExecPlan plan{.process = process,
                                 .id = command.id,
                                 .cgroup_entry = cgroup_entry,
                                 .seccomp_json = spec.linux.seccomp_json,
                                 .console_socket = console,
                                 .program = program,
                                 .in_user_namespace = in_user_namespace,
                                 .new_keyring = false};
  ASSIGN_OR_RETURN(const pid_t pid, StartProcess(plan, namespaces));
  const absl::StatusOr<container::ProcessInfo> info = container::ReadProcessInfo(pid);
  if (info.ok() && !container::Exists(record.cgroup)) {
    RETURN_IF_ERROR(store.AddProcess({.pid = pid, .start_ticks = info->start_ticks}));
  }
  faults.At(FaultPoint::kMiddle);
  RETURN_IF_ERROR(faults.WritePidFile(flags.Last("pid-file"), pid));
  if (flags.Has("detach")) return 0;
  ASSIGN_OR_RETURN(const base::ExitStatus exit, Reap(pid));
  return static_cast<int>(exit.ShellStatus());
}

}  // namespace fakes
