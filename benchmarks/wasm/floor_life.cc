// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/wasm/floor_life.h"

#include <absl/strings/str_cat.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/status_macros.h"
#include "container/container_cgroup.h"

namespace benchmarks::wasm {
namespace {

absl::StatusOr<int> Reap(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return base::ErrnoStatus(errno, "waitpid");
  }
  return status;
}

}  // namespace

FloorLife::FloorLife(const tasks::Place& place, const container::CgroupMounts& mounts, Order order)
    : place_(place), mounts_(mounts), order_(std::move(order)) {}

FloorLife::~FloorLife() {
  if (child_.pid > 0) {
    ::kill(child_.pid, SIGKILL);
    (void)Reap(child_.pid);
  }
  if (!cgroup_.MembersDirectory().empty()) (void)container::Remove(cgroup_);
}

absl::Status FloorLife::BeginCreate() {
  times_.create_sent = tasks::Clock::now();
  ASSIGN_OR_RETURN(cgroup_,
                   container::MakeContainerCgroup(
                       mounts_, tasks::ContainerSpec(place_, order_.id, {"/floor"}), order_.id));
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return base::ErrnoStatus(errno, "socketpair");
  }
  control_.reset(ends[0]);
  const base::UniqueFd theirs(ends[1]);
  base::SpawnSpec spec{
      .path = order_.program,
      .argv = {order_.program, order_.mounts ? "mounts" : "bare", place_.rootfs()},
      .env = std::vector<std::string>{},
      .cwd = "/",
      .fds = {{.source = theirs.get(), .target = 3}, {.source = STDERR_FILENO, .target = 2}},
      .group = base::SpawnSpec::Group::kSession,
      .namespaces = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS};
  for (const std::string& directory : cgroup_.Directories()) {
    spec.argv.push_back(directory + "/cgroup.procs");
  }
  ASSIGN_OR_RETURN(child_, base::Spawn(spec));
  return absl::OkStatus();
}

absl::Status FloorLife::AwaitCreated() {
  char byte = 0;
  if (::recv(control_.get(), &byte, 1, 0) != 1) {
    return absl::InternalError("the floor program has ended early");
  }
  times_.created = tasks::Clock::now();
  return absl::OkStatus();
}

absl::Status FloorLife::Start() {
  times_.start_sent = tasks::Clock::now();
  if (::send(control_.get(), "g", 1, MSG_NOSIGNAL) != 1) return base::ErrnoStatus(errno, "send");
  times_.started = tasks::Clock::now();
  return absl::OkStatus();
}

absl::Status FloorLife::AwaitExit() {
  ASSIGN_OR_RETURN(const int status, Reap(std::exchange(child_.pid, -1)));
  times_.exited = tasks::Clock::now();
  if (status == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the floor program ended with wait status ", status));
}

absl::Status FloorLife::Delete() {
  times_.delete_sent = tasks::Clock::now();
  RETURN_IF_ERROR(container::Remove(std::exchange(cgroup_, {})));
  times_.deleted = tasks::Clock::now();
  return absl::OkStatus();
}

absl::Status FloorLife::Run() {
  RETURN_IF_ERROR(BeginCreate());
  RETURN_IF_ERROR(AwaitCreated());
  RETURN_IF_ERROR(Start());
  RETURN_IF_ERROR(AwaitExit());
  return Delete();
}

}  // namespace benchmarks::wasm
