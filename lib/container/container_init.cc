// SPDX-License-Identifier: Apache-2.0
#include "container/container_init.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/loopback.h"
#include "base/status_macros.h"
#include "container/console.h"
#include "container/credentials.h"
#include "container/devices.h"
#include "container/hooks.h"
#include "container/namespaces.h"
#include "container/rootfs.h"
#include "container/seccomp.h"

namespace container {
namespace {

constexpr int kInitFailed = 1;
constexpr char kProcessName[] = "container:init";

absl::Status BecomeRootOfNamespace() {
  (void)!::setgroups(0, nullptr);  // denied where only one id is mapped
  if (::setresgid(0, 0, 0) != 0) return base::ErrnoStatus(errno, "setgid in the user namespace");
  if (::setresuid(0, 0, 0) != 0) return base::ErrnoStatus(errno, "setuid in the user namespace");
  return absl::OkStatus();
}

absl::Status BeginSession(const std::string& id, bool new_keyring) {
  ::prctl(PR_SET_NAME, kProcessName, 0, 0, 0);
  // The engine may have come with any of them ignored.
  ::signal(SIGPIPE, SIG_IGN);
  if (::setsid() < 0 && errno != EPERM) return base::ErrnoStatus(errno, "setsid");
  if (new_keyring) {
    // A quota that is used up, or a kernel without keys, is no reason not to run.
    (void)::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, absl::StrCat("_ses.", id).c_str());
  }
  return absl::OkStatus();
}

absl::Status Chdir(const std::string& cwd) {
  const std::string directory = cwd.empty() ? "/" : cwd;
  if (::chdir(directory.c_str()) == 0) return absl::OkStatus();
  const absl::string_view words = errno == ENOENT ? "no such file or directory" : "";
  if (words.empty()) {
    return base::ErrnoStatus(
        errno, absl::StrCat("chdir to cwd (\"", directory, "\") set in config.json failed"));
  }
  return absl::NotFoundError(
      absl::StrCat("chdir to cwd (\"", directory, "\") set in config.json failed: ", words));
}

// The proc file system of outside, which serves this process wherever its root is.
absl::StatusOr<base::UniqueFd> OpenOuterProc() {
  base::UniqueFd fd(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return base::ErrnoStatus(errno, "open /proc");
  return fd;
}

absl::Status WriteSysctls(const oci::StringMap& sysctls, const base::UniqueFd& proc) {
  for (const auto& [name, value] : sysctls) {
    const std::string path = absl::StrCat("sys/", absl::StrReplaceAll(name, {{".", "/"}}));
    const base::UniqueFd file(::openat(proc.get(), path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file.ok() || ::write(file.get(), value.data(), value.size()) < 0) {
      return base::ErrnoStatus(errno, absl::StrCat("sysctl ", name));
    }
  }
  return absl::OkStatus();
}

absl::Status NameHost(const oci::Spec& spec) {
  if (oci::FindNamespace(spec, "uts") == nullptr) {
    if (spec.hostname.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("unable to set hostname without a private UTS namespace");
  }
  if (!spec.hostname.empty() && ::sethostname(spec.hostname.data(), spec.hostname.size()) != 0) {
    return base::ErrnoStatus(errno, "sethostname");
  }
  if (!spec.domainname.empty() &&
      ::setdomainname(spec.domainname.data(), spec.domainname.size()) != 0) {
    return base::ErrnoStatus(errno, "setdomainname");
  }
  return absl::OkStatus();
}

absl::Status EnterNamespaces(const oci::Spec& spec) {
  if (HasFreshNamespace(spec, "user")) RETURN_IF_ERROR(BecomeRootOfNamespace());
  if (HasFreshNamespace(spec, "cgroup") && ::unshare(CLONE_NEWCGROUP) != 0) {
    return base::ErrnoStatus(errno, "unshare the cgroup namespace");
  }
  if (HasFreshNamespace(spec, "network")) RETURN_IF_ERROR(base::RaiseLoopback());
  return NameHost(spec);
}

HookState StateForHooks(const InitPlan& plan, const std::string& status) {
  return {.oci_version = plan.spec.oci_version,
          .id = plan.id,
          .status = status,
          .pid = ::getpid(),
          .bundle = plan.bundle,
          .annotations = plan.spec.annotations};
}

absl::Status OpenProgram(InitProgram& program, const Rootfs& rootfs) {
  const base::UniqueFd root(::open(rootfs.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", rootfs.path()));
  return program.Open(root);
}

absl::Status MakeContainer(const InitPlan& plan, const SyncSocket& socket,
                           const base::UniqueFd& proc) {
  const oci::Process& process = plan.spec.process;
  RETURN_IF_ERROR(plan.cgroup_entry.Enter());
  RETURN_IF_ERROR(BeginSession(plan.id, plan.new_keyring));
  RETURN_IF_ERROR(EnterNamespaces(plan.spec));
  RETURN_IF_ERROR(ApplyLimits(process));
  const Rootfs rootfs(plan.spec, plan.bundle, plan.cgroup);
  RETURN_IF_ERROR(rootfs.Prepare());
  if (plan.only_own_devices) RETURN_IF_ERROR(rootfs.DisableOtherDevices());
  RETURN_IF_ERROR(OpenProgram(plan.program, rootfs));
  if (plan.pauses_when_mounted) {
    RETURN_IF_ERROR(socket.Send(SyncKind::kMounted));
    RETURN_IF_ERROR(socket.Expect(SyncKind::kGo));
  }
  RETURN_IF_ERROR(RunHooks("createContainer", plan.spec.hooks.create_container,
                           StateForHooks(plan, "creating")));
  RETURN_IF_ERROR(rootfs.Enter(plan.no_pivot));
  RETURN_IF_ERROR(ReopenNull());
  if (process.terminal) {
    RETURN_IF_ERROR(BecomeConsole(plan.console_socket, process,
                                  oci::FindNamespace(plan.spec, "mount") != nullptr
                                      ? ConsoleDevice::kMount
                                      : ConsoleDevice::kNone));
  }
  RETURN_IF_ERROR(WriteSysctls(plan.spec.linux.sysctl, proc));
  return rootfs.Finish();
}

// Without no_new_privs only a privileged process may install a filter, so it comes first; with it
// last, so that it need not allow what we do.
absl::Status BecomeUserOf(const oci::Process& process, const SeccompFilter& filter) {
  if (!process.no_new_privileges) RETURN_IF_ERROR(filter.Install());
  RETURN_IF_ERROR(BecomeUser(process));
  return Chdir(process.cwd);
}

absl::Status Become(InitProgram& program, const oci::Process& process,
                    const SeccompFilter& filter) {
  if (process.no_new_privileges) RETURN_IF_ERROR(filter.Install());
  return program.Become();
}

absl::StatusOr<base::UniqueFd> AwaitStart(const InitPlan& plan, const base::UniqueFd& proc) {
  const std::string path = absl::StrCat("self/fd/", plan.start_fifo.get());
  for (;;) {
    base::UniqueFd fifo(::openat(proc.get(), path.c_str(), O_WRONLY | O_CLOEXEC));
    if (fifo.ok()) return fifo;
    if (errno != EINTR) return base::ErrnoStatus(errno, "open the start FIFO");
  }
}

absl::StatusOr<SeccompFilter> PrepareInit(const InitPlan& plan, const SyncSocket& socket,
                                          const base::UniqueFd& proc) {
  ASSIGN_OR_RETURN(SeccompFilter filter, SeccompFilter::Compile(plan.spec.linux.seccomp_json));
  RETURN_IF_ERROR(MakeContainer(plan, socket, proc));
  RETURN_IF_ERROR(BecomeUserOf(plan.spec.process, filter));
  RETURN_IF_ERROR(plan.program.Prepare());
  return filter;
}

absl::Status RunStartHooks(const InitPlan& plan) {
  return RunHooks("startContainer", plan.spec.hooks.start_container,
                  StateForHooks(plan, "created"));
}

[[noreturn]] void Fail(const SyncSocket& socket, const absl::Status& status) {
  (void)socket.Send(SyncKind::kFailed, status.message());
  ::_exit(kInitFailed);
}

}  // namespace

void RunContainerInit(const InitPlan& plan, SyncSocket socket) {
  if (!socket.Expect(SyncKind::kGo).ok()) ::_exit(kInitFailed);
  absl::StatusOr<base::UniqueFd> proc = OpenOuterProc();
  if (!proc.ok()) Fail(socket, proc.status());
  const absl::StatusOr<SeccompFilter> filter = PrepareInit(plan, socket, *proc);
  if (!filter.ok()) Fail(socket, filter.status());
  if (!socket.Send(SyncKind::kReady).ok() || !socket.Expect(SyncKind::kGo).ok()) {
    ::_exit(kInitFailed);
  }
  if (!plan.start_fifo.ok()) {
    proc->reset();  // nothing closes it later
    absl::Status status = RunStartHooks(plan);
    if (status.ok()) status = Become(plan.program, plan.spec.process, *filter);
    Fail(socket, status);
  }
  socket.Close();
  const absl::StatusOr<base::UniqueFd> fifo = AwaitStart(plan, *proc);
  if (!fifo.ok()) ::_exit(kInitFailed);
  absl::Status status = RunStartHooks(plan);
  if (status.ok()) {
    (void)!::write(fifo->get(), "0", 1);
    status = Become(plan.program, plan.spec.process, *filter);
  }
  const std::string why(status.message());
  (void)!::write(fifo->get(), why.data(), why.size());
  ::_exit(kInitFailed);
}

void RunContainerExec(const ExecPlan& plan, SyncSocket socket) {
  if (!socket.Expect(SyncKind::kGo).ok()) ::_exit(kInitFailed);
  const auto run = [&plan]() -> absl::Status {
    ASSIGN_OR_RETURN(const SeccompFilter filter, SeccompFilter::Compile(plan.seccomp_json));
    RETURN_IF_ERROR(plan.cgroup_entry.Enter());
    RETURN_IF_ERROR(BeginSession(plan.id, plan.new_keyring));
    if (plan.in_user_namespace) RETURN_IF_ERROR(BecomeRootOfNamespace());
    RETURN_IF_ERROR(ApplyLimits(plan.process));
    if (plan.process.terminal) {
      RETURN_IF_ERROR(BecomeConsole(plan.console_socket, plan.process, ConsoleDevice::kNone));
    }
    RETURN_IF_ERROR(BecomeUserOf(plan.process, filter));
    RETURN_IF_ERROR(plan.program.Prepare());
    return Become(plan.program, plan.process, filter);
  };
  Fail(socket, run());
}

}  // namespace container
