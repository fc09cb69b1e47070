// SPDX-License-Identifier: Apache-2.0
#include "container/namespaces.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/single_threaded.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/kernel_file.h"
#include "base/pidfd.h"
#include "base/status_macros.h"

namespace container {
namespace {

struct NamespaceKind {
  const char* type;  // in config.json
  const char* file;  // in /proc/PID/ns
  int flag;
};

// The user namespace first: joining it gives the right to join the others. The mount namespace
// last, since the others' files are found in the one before.
constexpr NamespaceKind kKinds[] = {
    {"user", "user", CLONE_NEWUSER},       {"ipc", "ipc", CLONE_NEWIPC},
    {"uts", "uts", CLONE_NEWUTS},          {"network", "net", CLONE_NEWNET},
    {"cgroup", "cgroup", CLONE_NEWCGROUP}, {"pid", "pid", CLONE_NEWPID},
    {"mount", "mnt", CLONE_NEWNS},
};

constexpr int kForkFailed = 1;

bool IsOurs(const base::UniqueFd& fd, const char* file) {
  struct stat theirs {};
  struct stat ours {};
  return ::fstat(fd.get(), &theirs) == 0 &&
         ::stat(absl::StrCat("/proc/self/ns/", file).c_str(), &ours) == 0 &&
         theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

absl::Status AddJoin(const NamespaceKind& kind, const std::string& path, NamespacePlan& plan) {
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) {
    return base::ErrnoStatus(errno, absl::StrCat(kind.type, " namespace ", path));
  }
  if (IsOurs(fd, kind.file)) return absl::OkStatus();
  plan.joins.push_back({.flag = kind.flag, .type = kind.type, .fd = std::move(fd)});
  return absl::OkStatus();
}

absl::StatusOr<pid_t> PidBehind(const base::UniqueFd& pidfd) {
  ASSIGN_OR_RETURN(const std::string info,
                   base::ReadKernelFile(absl::StrCat("/proc/self/fdinfo/", pidfd.get())));
  for (absl::string_view line : absl::StrSplit(info, '\n')) {
    pid_t pid = 0;
    if (!absl::ConsumePrefix(&line, "Pid:")) continue;
    if (absl::SimpleAtoi(line, &pid) && pid > 0) return pid;
  }
  return absl::FailedPreconditionError("the container has stopped");
}

// What the process between us and one in joined namespaces reports.
struct ForkReport {
  pid_t pid = -1;
  int error_number = 0;
  int failed_join = -1;  // index, -1: the fork itself
};

// Behind the C library's back: in the child it still has its locks held and its threads running
// that only the parent has. Not for processes with threads, therefore.
pid_t RawFork(int flags) {
  return static_cast<pid_t>(::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, 0UL));
}

// In the process between: its child becomes our child, beside it.
ForkReport JoinAndFork(const NamespacePlan& plan, absl::FunctionRef<void()> body,
                       base::UniqueFd& report_to) {
  ForkReport report;
  for (std::size_t i = 0; i < plan.joins.size(); ++i) {
    if (::setns(plan.joins[i].fd.get(), plan.joins[i].flag) == 0) continue;
    report.error_number = errno;
    report.failed_join = static_cast<int>(i);
    return report;
  }
  report.pid = RawFork(CLONE_PARENT | plan.fresh);
  report.error_number = errno;
  if (report.pid == 0) {
    report_to.reset();
    body();
    ::_exit(kForkFailed);
  }
  return report;
}

absl::StatusOr<pid_t> ForkByJoining(const NamespacePlan& plan, absl::FunctionRef<void()> body) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe");
  const base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  // Were it a RawFork(), the change of ids in `body`, which the C library makes in all threads it
  // knows of, would try forever to signal a thread whose number is that of the child itself: small
  // numbers are the same in every pid namespace.
  const pid_t between = ::fork();
  if (between < 0) return base::ErrnoStatus(errno, "fork");
  if (between == 0) {
    const ForkReport report = JoinAndFork(plan, body, write_end);
    (void)!::write(write_end.get(), &report, sizeof(report));
    ::_exit(0);
  }
  write_end.reset();
  ForkReport report;
  ssize_t got = 0;
  while ((got = ::read(read_end.get(), &report, sizeof(report))) < 0 && errno == EINTR) {
  }
  while (::waitpid(between, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (got != static_cast<ssize_t>(sizeof(report))) {
    return absl::InternalError("the process that joins namespaces was killed");
  }
  if (report.failed_join >= 0) {
    const NamespacePlan::Join& join = plan.joins[static_cast<std::size_t>(report.failed_join)];
    return base::ErrnoStatus(report.error_number, absl::StrCat("join ", join.type, " namespace"));
  }
  if (report.pid < 0) return base::ErrnoStatus(report.error_number, "fork into namespaces");
  return report.pid;
}

std::string MapText(const std::vector<oci::IdMapping>& mappings) {
  std::string text;
  for (const oci::IdMapping& mapping : mappings) {
    absl::StrAppend(&text, mapping.container_id, " ", mapping.host_id, " ", mapping.size, "\n");
  }
  return text;
}

}  // namespace

absl::StatusOr<NamespacePlan> PlanNamespaces(const oci::Spec& spec) {
  NamespacePlan plan;
  for (const oci::Namespace& wanted : spec.linux.namespaces) {
    const auto same = [&wanted](const auto& other) { return other.type == wanted.type; };
    if (std::count_if(spec.linux.namespaces.begin(), spec.linux.namespaces.end(), same) > 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("linux.namespaces: \"", wanted.type, "\" occurs twice"));
    }
    if (std::none_of(std::begin(kKinds), std::end(kKinds),
                     [&wanted](const NamespaceKind& kind) { return wanted.type == kind.type; })) {
      return absl::InvalidArgumentError(
          absl::StrCat("linux.namespaces: namespace \"", wanted.type, "\" does not exist"));
    }
  }
  for (const NamespaceKind& kind : kKinds) {
    const oci::Namespace* wanted = oci::FindNamespace(spec, kind.type);
    if (wanted == nullptr) continue;
    if (!wanted->path.empty()) {
      RETURN_IF_ERROR(AddJoin(kind, wanted->path, plan));
    } else if (kind.flag != CLONE_NEWCGROUP) {
      plan.fresh |= kind.flag;
    }
  }
  return plan;
}

absl::StatusOr<NamespacePlan> PlanToJoin(pid_t pid) {
  NamespacePlan plan;
  for (const NamespaceKind& kind : kKinds) {
    RETURN_IF_ERROR(AddJoin(kind, absl::StrCat("/proc/", pid, "/ns/", kind.file), plan));
  }
  return plan;
}

absl::Status EnterJoins(const NamespacePlan& plan) {
  for (const NamespacePlan::Join& join : plan.joins) {
    if (join.flag == CLONE_NEWPID || ::setns(join.fd.get(), join.flag) == 0) continue;
    return base::ErrnoStatus(errno, absl::StrCat("join ", join.type, " namespace"));
  }
  return absl::OkStatus();
}

absl::Status EnterContainerOf(const base::UniqueFd& pidfd, const base::UniqueFd& root) {
  ASSIGN_OR_RETURN(const pid_t pid, PidBehind(pidfd));
  ASSIGN_OR_RETURN(NamespacePlan plan, PlanToJoin(pid));
  // As long as it lives the number is its own.
  if (base::HasExited(pidfd)) return absl::FailedPreconditionError("the container has stopped");
  plan.joins.erase(
      std::remove_if(plan.joins.begin(), plan.joins.end(),
                     [](const NamespacePlan::Join& join) { return join.flag == CLONE_NEWUSER; }),
      plan.joins.end());
  // Not those that are ours anyway: they may belong to a user namespace above our own.
  RETURN_IF_ERROR(EnterJoins(plan));
  // Its root need not be that of its mount namespace.
  if (::fchdir(root.get()) != 0 || ::chroot(".") != 0) {
    return base::ErrnoStatus(errno, "enter the container's root");
  }
  return absl::OkStatus();
}

bool HasFreshNamespace(const oci::Spec& spec, const std::string& type) {
  const oci::Namespace* wanted = oci::FindNamespace(spec, type);
  return wanted != nullptr && wanted->path.empty();
}

absl::StatusOr<pid_t> ForkInto(const NamespacePlan& plan, absl::FunctionRef<void()> body) {
  const bool needs_copy = plan.fresh != 0 && __libc_single_threaded == 0;
  if (!plan.joins.empty() || needs_copy) return ForkByJoining(plan, body);
  const pid_t pid = plan.fresh == 0 ? ::fork() : RawFork(plan.fresh);
  if (pid < 0) return base::ErrnoStatus(errno, "fork into namespaces");
  if (pid > 0) return pid;
  body();
  ::_exit(kForkFailed);
}

absl::Status WriteIdMappings(pid_t pid, const oci::Linux& linux) {
  const std::string directory = absl::StrCat("/proc/", pid, "/");
  RETURN_IF_ERROR(
      base::WriteKernelFile(absl::StrCat(directory, "uid_map"), MapText(linux.uid_mappings)));
  const std::string gids = MapText(linux.gid_mappings);
  const absl::Status written = base::WriteKernelFile(absl::StrCat(directory, "gid_map"), gids);
  if (!absl::IsPermissionDenied(written)) return written;
  RETURN_IF_ERROR(base::WriteKernelFile(absl::StrCat(directory, "setgroups"), "deny"));
  return base::WriteKernelFile(absl::StrCat(directory, "gid_map"), gids);
}

}  // namespace container
