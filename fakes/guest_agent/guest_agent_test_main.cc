// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>

#include "base/testing/child_main.h"
#include "fakes/guest_agent/testing/guest_world.h"

namespace {

// An agent with a container and an exec in it, until it is killed. Says a byte when they run.
int RunAgent(const std::vector<std::string>& args) {
  boost::asio::io_context loop;
  base::Log log(STDERR_FILENO);
  const auto guest = fakes::GuestAgent::Create(
      loop, {.run_directory = args.at(0), .shared_directory = args.at(1)}, log);
  int ends[2];
  if (!guest.ok() || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return 1;
  (*guest)->Serve(base::UniqueFd(ends[0]));
  ttrpc::Client client(loop, base::UniqueFd(ends[1]));
  grpc::AgentServiceClient agent(client);
  using Empty = google::protobuf::Empty;
  const auto fail = [&loop](const absl::Status& status) {
    if (!status.ok()) loop.stop();
    return !status.ok();
  };
  grpc::ExecProcessRequest exec;
  exec.set_container_id("c");
  exec.set_exec_id("e");
  for (const char* arg : {"/bin/sleep", "1000"}) exec.mutable_process()->add_args(arg);
  exec.mutable_process()->set_cwd("/");
  grpc::StartContainerRequest start;
  start.set_container_id("c");
  const auto executed = [&](const absl::StatusOr<Empty>& result) {
    if (!fail(result.status())) (void)!::write(STDOUT_FILENO, "+", 1);
  };
  const auto started = [&](const absl::StatusOr<Empty>& result) {
    if (!fail(result.status())) agent.ExecProcess(exec, {}, executed);
  };
  const auto created = [&](const absl::StatusOr<Empty>& result) {
    if (!fail(result.status())) agent.StartContainer(start, {}, started);
  };
  agent.CreateSandbox({}, {}, [&](const absl::StatusOr<Empty>& result) {
    if (fail(result.status())) return;
    agent.CreateContainer(fakes::testing::MakeContainer(args.at(1), "c", {"/bin/sleep", "1000"}),
                          {}, created);
  });
  loop.run();
  return 1;
}

}  // namespace

// The guest's mounts reach nobody else: a mount namespace of our own, as the agent demands.
int main(int argc, char** argv) {
  if (::geteuid() == 0 && (::unshare(CLONE_NEWNS) != 0 ||
                           ::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) != 0)) {
    std::perror("mount namespace");
    return 1;
  }
  return base::testing::RunTestsOrChild(argc, argv, {{"agent", &RunAgent}});
}
