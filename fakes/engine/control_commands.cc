// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/pidfd.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/cgroup_limits.h"
#include "fakes/engine/commands.h"
#include "fakes/engine/container_processes.h"
#include "fakes/engine/container_store.h"
#include "fakes/fault/limits.h"
#include "fakes/fault/text_file.h"
#include "oci/json_text.h"
#include "oci/spec_parser.h"

namespace fakes {
namespace {

constexpr char kNotRunning[] = "container not running";

absl::StatusOr<int> ParseSignal(const std::string& text) {
  int number = 0;
  if (absl::SimpleAtoi(text, &number)) return number;
  const std::string upper = absl::AsciiStrToUpper(text);
  const std::string name(absl::StripPrefix(upper, "SIG"));
  for (int signo = 1; signo < SIGRTMIN; ++signo) {
    const char* known = ::sigabbrev_np(signo);
    if (known != nullptr && name == known) return signo;
  }
  return absl::InvalidArgumentError(absl::StrCat("unknown signal \"", text, "\""));
}

absl::Status SignalInit(const ContainerRecord& record, int signo) {
  const absl::StatusOr<base::UniqueFd> init = base::OpenPidfd(record.init.pid);
  // Asked again once the process cannot be exchanged any more.
  if (!init.ok() || !InitAlive(record)) return absl::FailedPreconditionError(kNotRunning);
  const absl::Status status = base::SendSignal(*init, signo);
  if (absl::IsInvalidArgument(status)) {
    return absl::InvalidArgumentError("unable to signal init: invalid argument");
  }
  return absl::IsNotFound(status) ? absl::FailedPreconditionError(kNotRunning) : status;
}

template <typename Number>
absl::Status ReadFlag(const Flags& flags, absl::string_view name, std::optional<Number>& out) {
  const std::string text = flags.Last(name);
  if (text.empty()) return absl::OkStatus();
  if (absl::SimpleAtoi(text, &out.emplace())) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("invalid value for ", name, ": \"", text, "\" is no number"));
}

absl::StatusOr<oci::Resources> ResourcesFromFlags(const Flags& flags) {
  oci::Resources resources;
  oci::MemoryResources memory;
  oci::CpuResources cpu;
  RETURN_IF_ERROR(ReadFlag(flags, "memory", memory.limit));
  RETURN_IF_ERROR(ReadFlag(flags, "memory-reservation", memory.reservation));
  RETURN_IF_ERROR(ReadFlag(flags, "memory-swap", memory.swap));
  RETURN_IF_ERROR(ReadFlag(flags, "cpu-share", cpu.shares));
  RETURN_IF_ERROR(ReadFlag(flags, "cpu-period", cpu.period));
  RETURN_IF_ERROR(ReadFlag(flags, "cpu-quota", cpu.quota));
  RETURN_IF_ERROR(ReadFlag(flags, "cpu-burst", cpu.burst));
  RETURN_IF_ERROR(ReadFlag(flags, "cpu-rt-period", cpu.realtime_period));
  RETURN_IF_ERROR(ReadFlag(flags, "cpu-rt-runtime", cpu.realtime_runtime));
  RETURN_IF_ERROR(ReadFlag(flags, "pids-limit", resources.pids_limit));
  cpu.cpus = flags.Last("cpuset-cpus");
  cpu.mems = flags.Last("cpuset-mems");
  if (memory != oci::MemoryResources()) resources.memory = memory;
  if (cpu != oci::CpuResources()) resources.cpu = cpu;
  return resources;
}

absl::StatusOr<std::string> ReadStdin() {
  std::string text;
  char chunk[4096];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, chunk, sizeof(chunk));
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::ErrnoStatus(errno, "read stdin");
    text.append(chunk, static_cast<std::size_t>(got));
    if (text.size() > kFaultFileBytesMax) {
      return absl::ResourceExhaustedError("read stdin: too long");
    }
  }
}

absl::StatusOr<oci::Resources> ReadResources(const Flags& flags) {
  const std::string source = flags.Last("resources");
  if (source.empty()) return ResourcesFromFlags(flags);
  const absl::StatusOr<std::string> text = source == "-" ? ReadStdin() : ReadTextFile(source);
  RETURN_IF_ERROR(text.status());
  return oci::ParseResources(*text);
}

}  // namespace

absl::StatusOr<int> RunKill(const Command& command, EngineFaults&) {
  ASSIGN_OR_RETURN(const ContainerStore store, ContainerStore::For(command.root, command.id));
  ASSIGN_OR_RETURN(const ContainerRecord record, store.Load());
  ASSIGN_OR_RETURN(const int signo,
                   ParseSignal(command.arguments.size() > 1 ? command.arguments[1] : "SIGTERM"));
  const bool paused = StatusOf(store, record) == ContainerStatus::kPaused;
  if (command.flags.Has("all")) {
    const absl::Status status = SignalAllOf(store, record, signo);
    // All of nothing is a success too.
    if (!status.ok() && !absl::IsNotFound(status)) return status;
  } else {
    RETURN_IF_ERROR(SignalInit(record, signo));
  }
  // In a frozen cgroup of version 1 nobody dies.
  if (paused && signo == SIGKILL) (void)ResumeAllOf(store, record);
  return 0;
}

absl::StatusOr<int> RunPause(const Command& command, EngineFaults&) {
  ASSIGN_OR_RETURN(const ContainerStore store, ContainerStore::For(command.root, command.id));
  ASSIGN_OR_RETURN(const ContainerRecord record, store.Load());
  const ContainerStatus status = StatusOf(store, record);
  if (status != ContainerStatus::kRunning && status != ContainerStatus::kCreated) {
    return absl::FailedPreconditionError(kNotRunning);
  }
  RETURN_IF_ERROR(PauseAllOf(store, record));
  return 0;
}

absl::StatusOr<int> RunResume(const Command& command, EngineFaults&) {
  ASSIGN_OR_RETURN(const ContainerStore store, ContainerStore::For(command.root, command.id));
  ASSIGN_OR_RETURN(const ContainerRecord record, store.Load());
  if (StatusOf(store, record) != ContainerStatus::kPaused) {
    return absl::FailedPreconditionError("container not paused");
  }
  RETURN_IF_ERROR(ResumeAllOf(store, record));
  return 0;
}

absl::StatusOr<int> RunUpdate(const Command& command, EngineFaults&) {
  ASSIGN_OR_RETURN(const ContainerStore store, ContainerStore::For(command.root, command.id));
  ASSIGN_OR_RETURN(const ContainerRecord record, store.Load());
  ASSIGN_OR_RETURN(const oci::Resources resources, ReadResources(command.flags));
  if (StatusOf(store, record) == ContainerStatus::kStopped) {
    return absl::FailedPreconditionError(kNotRunning);
  }
  // Who may make no cgroup has nothing to limit, and shims are judged all the same.
  if (!container::Exists(record.cgroup)) return 0;
  RETURN_IF_ERROR(container::ApplyResources(record.cgroup, resources));
  return 0;
}

// The image says whose it is, and holds nothing that a process could be made from again.
absl::StatusOr<int> RunCheckpoint(const Command& command, EngineFaults&) {
  ASSIGN_OR_RETURN(const ContainerStore store, ContainerStore::For(command.root, command.id));
  ASSIGN_OR_RETURN(const ContainerRecord record, store.Load());
  const ContainerStatus status = StatusOf(store, record);
  if (status != ContainerStatus::kRunning && status != ContainerStatus::kPaused) {
    return absl::FailedPreconditionError(kNotRunning);
  }
  std::string image = command.flags.Last("image-path");
  if (image.empty()) image = "checkpoint";
  std::error_code error;
  std::filesystem::create_directories(image, error);
  if (error) return base::ErrnoStatus(error.value(), absl::StrCat("mkdir ", image));
  RETURN_IF_ERROR(ReplaceTextFile(absl::StrCat(image, "/inventory.img"),
                                  absl::StrCat("{\"id\":", oci::JsonQuote(command.id), "}\n")));
  if (command.flags.Has("leave-running")) return 0;
  if (status == ContainerStatus::kPaused) RETURN_IF_ERROR(ResumeAllOf(store, record));
  RETURN_IF_ERROR(SignalInit(record, SIGKILL));
  return 0;
}

absl::StatusOr<int> RunRestore(const Command&, EngineFaults&) {
  return absl::UnimplementedError("criu is not supported: this engine restores nothing");
}

}  // namespace fakes
