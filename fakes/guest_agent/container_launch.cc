// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/container_launch.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "container/cgroup_entry.h"
#include "container/container_init.h"
#include "container/namespaces.h"
#include "container/program.h"
#include "fakes/guest_agent/child_fds.h"
#include "fakes/guest_agent/nested_fork.h"

namespace fakes {
namespace {

constexpr int kChildFailed = 1;

// What a launch needs on both sides of the fork.
struct Preparation {
  container::SyncSocket ours;
  container::SyncSocket theirs;
  GuestStdio stdio;
  base::UniqueFd console;        // ours
  base::UniqueFd child_console;  // theirs
  container::CgroupEntry entry;
};

absl::StatusOr<Preparation> Prepare(bool terminal, const container::Cgroup& cgroup) {
  ASSIGN_OR_RETURN(auto sockets, container::SyncSocket::MakePair());
  ASSIGN_OR_RETURN(GuestStdio stdio, GuestStdio::Make(terminal));
  ASSIGN_OR_RETURN(container::CgroupEntry entry, container::CgroupEntry::Open(cgroup));
  Preparation made{.ours = std::move(sockets.first),
                   .theirs = std::move(sockets.second),
                   .stdio = std::move(stdio),
                   .console = {},
                   .child_console = {},
                   .entry = std::move(entry)};
  if (!terminal) return made;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return base::ErrnoStatus(errno, "socketpair for a terminal");
  }
  made.console.reset(ends[0]);
  made.child_console.reset(ends[1]);
  return made;
}

// In the fork: nothing of the agent stays open but what is meant for this process.
void Settle(const Preparation& made) {
  const absl::Status entered = made.entry.Enter();
  std::vector<int> keep = {made.theirs.fd().get()};
  if (made.child_console.ok()) keep.push_back(made.child_console.get());
  const auto& child = made.stdio.child;
  const bool arranged = ArrangeChildFds({child[0].get(), child[1].get(), child[2].get()}, keep);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (arranged && entered.ok()) return;
  if (!entered.ok()) {
    (void)made.theirs.Send(container::SyncKind::kFailed, entered.message());
  }
  ::_exit(kChildFailed);
}

absl::StatusOr<Launched> Finish(boost::asio::io_context& loop, pid_t pid, Preparation made) {
  Launched launched;
  launched.pid = pid;
  absl::StatusOr<std::unique_ptr<SyncTalk>> talk = SyncTalk::Open(loop, std::move(made.ours));
  if (!talk.ok()) {
    ::kill(pid, SIGKILL);  // the reaper's from here
    return talk.status();
  }
  launched.talk = *std::move(talk);
  launched.stdio = std::move(made.stdio);
  for (base::UniqueFd& end : launched.stdio.child) end.reset();
  launched.console = std::move(made.console);
  return launched;
}

}  // namespace

absl::StatusOr<Launched> LaunchInit(boost::asio::io_context& loop, const GuestKeeper& keeper,
                                    const oci::Spec& spec, const std::string& id,
                                    const std::string& bundle, const container::Cgroup& cgroup) {
  ASSIGN_OR_RETURN(container::NamespacePlan namespaces, container::PlanNamespaces(spec));
  RETURN_IF_ERROR(keeper.Confine(namespaces));
  ASSIGN_OR_RETURN(Preparation made, Prepare(spec.process.terminal, cgroup));
  container::ExecutedProgram program(spec.process, 0);
  const base::UniqueFd no_fifo;
  const container::CgroupEntry entered;
  const container::InitPlan plan{.spec = spec,
                                 .id = id,
                                 .bundle = bundle,
                                 .cgroup = cgroup,
                                 .cgroup_entry = entered,
                                 .console_socket = made.child_console,
                                 .program = program,
                                 .start_fifo = no_fifo};
  const auto become = [&] {
    Settle(made);
    container::RunContainerInit(plan, std::move(made.theirs));
  };
  const bool own_pids = (namespaces.fresh & CLONE_NEWPID) != 0;
  ASSIGN_OR_RETURN(const pid_t pid, own_pids ? ForkNested(std::move(namespaces), become)
                                             : container::ForkInto(namespaces, become));
  ASSIGN_OR_RETURN(Launched launched, Finish(loop, pid, std::move(made)));
  if (!container::HasFreshNamespace(spec, "user")) return launched;
  const absl::Status mapped = container::WriteIdMappings(pid, spec.linux);
  if (mapped.ok()) return launched;
  ::kill(pid, SIGKILL);
  return mapped;
}

absl::StatusOr<Launched> LaunchExec(boost::asio::io_context& loop, pid_t init,
                                    const oci::Process& process, const oci::Spec& spec,
                                    const std::string& id, const container::Cgroup& cgroup) {
  ASSIGN_OR_RETURN(const container::NamespacePlan namespaces, container::PlanToJoin(init));
  const bool in_user_namespace = std::any_of(namespaces.joins.begin(), namespaces.joins.end(),
                                             [](const auto& join) { return join.type == "user"; });
  ASSIGN_OR_RETURN(Preparation made, Prepare(process.terminal, cgroup));
  container::ExecutedProgram program(process, 0);
  const container::CgroupEntry entered;
  const container::ExecPlan plan{.process = process,
                                 .id = id,
                                 .cgroup_entry = entered,
                                 .seccomp_json = spec.linux.seccomp_json,
                                 .console_socket = made.child_console,
                                 .program = program,
                                 .in_user_namespace = in_user_namespace,
                                 .new_keyring = false};
  ASSIGN_OR_RETURN(const pid_t pid, container::ForkInto(namespaces, [&] {
                     Settle(made);
                     container::RunContainerExec(plan, std::move(made.theirs));
                   }));
  return Finish(loop, pid, std::move(made));
}

absl::StatusOr<base::UniqueFd> TakeTerminal(const base::UniqueFd& console) {
  char name[64];
  iovec data{.iov_base = name, .iov_len = sizeof(name)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  if (::recvmsg(console.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) < 0) {
    return base::ErrnoStatus(errno, "terminal of a process");
  }
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) {
    return absl::UnavailableError("the process has sent no terminal");
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
  return base::UniqueFd(fd);
}

}  // namespace fakes
