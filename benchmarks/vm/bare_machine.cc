// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/vm/bare_machine.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status_macros.h"
#include "benchmarks/vm/agent_request.h"
#include "vm/hybrid_vsock.h"

namespace benchmarks::vm {
namespace {

using google::protobuf::Empty;

// What the reference shim asks for, with its defaults. Any file is a kernel and an image.
constexpr char kMachine[] =
    R"({"cpus":{"boot_vcpus":1,"max_vcpus":1},"memory":{"size":268435456,"shared":true},)"
    R"("payload":{"kernel":"%s","cmdline":""},"disks":[{"path":"%s","readonly":true}],)"
    R"("rng":{"src":"/dev/urandom"},"serial":{"mode":"Null"},"console":{"mode":"Off"},)"
    R"("vsock":{"cid":3,"socket":"%s"}})";
constexpr std::uint32_t kReadBytes = 32 * 1024;

absl::Status Reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0) {
    if (errno != EINTR) return base::ErrnoStatus(errno, "waitpid");
  }
  return absl::OkStatus();
}

// The answer of the hypervisor to CONNECT, and nothing behind it.
absl::Status ReadVsockOk(const base::UniqueFd& socket) {
  ::vm::VsockLine line;
  char byte = 0;
  while (!line.complete()) {
    const ssize_t got = ::read(socket.get(), &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::ErrnoStatus(errno, "read the answer to CONNECT");
    if (got == 0) return absl::UnavailableError("nobody listens in the guest");
    RETURN_IF_ERROR(line.Add({&byte, 1}).status());
  }
  return ::vm::ParseVsockOk(line.text()).status();
}

}  // namespace

BareMachine::BareMachine(boost::asio::io_context& loop, const tasks::Place& place,
                         std::string hypervisor, std::string id)
    : loop_(loop),
      place_(place),
      hypervisor_(std::move(hypervisor)),
      id_(std::move(id)),
      directory_(absl::StrCat(place.directory, "/", id_)),
      vsock_(absl::StrCat(directory_, "/vsock.sock")) {}

BareMachine::~BareMachine() {
  client_.reset();
  if (program_.pid <= 0) return;
  ::kill(program_.pid, SIGKILL);
  Reap(program_.pid).IgnoreError();
}

template <typename Response>
absl::Status BareMachine::Await(
    const std::function<void(std::function<void(absl::StatusOr<Response>)>)>& call) {
  bool answered = false;
  absl::Status result;
  call([&](const absl::StatusOr<Response>& response) {
    answered = true;
    result = response.status();
  });
  const absl::Status waited = tasks::RunUntil(loop_, [&] { return answered; });
  if (!waited.ok()) client_.reset();  // while there is something that its calls may end in
  return waited.ok() ? result : waited;
}

// --- the machine ----------------------------------------------------------------------------

// The guest sees the mounts that are made below it later.
absl::Status BareMachine::ShareDirectory() const {
  const std::string shared = directory_ + "/shared";
  std::error_code error;
  std::filesystem::create_directories(shared, error);
  if (error) return base::ErrnoStatus(error.value(), shared);
  if (::mount(shared.c_str(), shared.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
      ::mount(nullptr, shared.c_str(), nullptr, MS_SHARED, nullptr) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("shared mount ", shared));
  }
  return absl::OkStatus();
}

absl::Status BareMachine::Boot() {
  times_ = {};
  times_.create_sent = tasks::Clock::now();
  RETURN_IF_ERROR(ShareDirectory());
  const std::string api = directory_ + "/api.sock";
  ASSIGN_OR_RETURN(program_, base::Spawn({.path = hypervisor_,
                                          .argv = {hypervisor_, "--api-socket", api,
                                                   "--shared-directory", directory_ + "/shared"},
                                          .env = std::nullopt,
                                          .cwd = "/",
                                          .fds = {},  // its log is nobody's here
                                          .parent_death_signal = SIGKILL}));
  ASSIGN_OR_RETURN(api_, HypervisorApi::Await(api));
  RETURN_IF_ERROR(api_->Call("GET", "vmm.ping", ""));
  RETURN_IF_ERROR(
      api_->Call("PUT", "vm.create", absl::StrFormat(kMachine, hypervisor_, hypervisor_, vsock_)));
  RETURN_IF_ERROR(api_->Call("PUT", "vm.boot", ""));
  return ConnectAgent();
}

absl::Status BareMachine::ConnectAgent() {
  ASSIGN_OR_RETURN(base::UniqueFd socket, ConnectBlocking(vsock_));
  const std::string line = ::vm::FormatVsockConnect(::vm::kAgentPort);
  if (::send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(line.size())) {
    return base::ErrnoStatus(errno, "CONNECT");
  }
  RETURN_IF_ERROR(ReadVsockOk(socket));
  client_ = std::make_unique<ttrpc::Client>(loop_, std::move(socket));
  agent_ = std::make_unique<grpc::AgentServiceClient>(*client_);
  grpc::HealthClient health(*client_);
  RETURN_IF_ERROR(
      Await<grpc::HealthCheckResponse>([&](auto done) { health.Check({}, {}, std::move(done)); }));
  RETURN_IF_ERROR(Await<Empty>(
      [&](auto done) { agent_->CreateSandbox(SandboxRequest(id_), {}, std::move(done)); }));
  // Pending as long as the machine runs.
  agent_->GetOOMEvent({}, {}, [](const absl::StatusOr<grpc::OOMEvent>&) {});
  return absl::OkStatus();
}

absl::Status BareMachine::End() {
  RETURN_IF_ERROR(api_->Call("PUT", "vmm.shutdown", ""));
  RETURN_IF_ERROR(Reap(std::exchange(program_.pid, -1)));
  client_.reset();
  const std::string shared = directory_ + "/shared";
  if (::umount2(shared.c_str(), MNT_DETACH) != 0) return base::ErrnoStatus(errno, shared);
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
  if (error) return base::ErrnoStatus(error.value(), directory_);
  times_.deleted = tasks::Clock::now();
  return absl::OkStatus();
}

// --- a container ----------------------------------------------------------------------------

std::string BareMachine::RootOf(const std::string& container) const {
  return absl::StrCat(directory_, "/shared/", container, "/rootfs");
}

absl::Status BareMachine::Create(const std::string& container, std::vector<std::string> args) {
  container_ = container;
  const std::string root = RootOf(container);
  std::error_code error;
  std::filesystem::create_directories(root, error);
  if (error) return base::ErrnoStatus(error.value(), root);
  if (::mount(place_.rootfs().c_str(), root.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("share ", root));
  }
  const grpc::CreateContainerRequest request =
      ContainerRequest(container, tasks::ContainerSpec(place_, container, std::move(args)));
  RETURN_IF_ERROR(
      Await<Empty>([&](auto done) { agent_->CreateContainer(request, {}, std::move(done)); }));
  times_.created = tasks::Clock::now();
  return absl::OkStatus();
}

// To the end of the stream.
void BareMachine::ReadOutput(bool errors) {
  grpc::ReadStreamRequest request;
  request.set_container_id(container_);
  request.set_exec_id(container_);
  request.set_len(kReadBytes);
  auto done = [this, errors](const absl::StatusOr<grpc::ReadStreamResponse>& response) {
    if (response.ok() && !response->data().empty()) return ReadOutput(errors);
    failure_.Update(response.status());
    --pending_;
  };
  errors ? agent_->ReadStderr(request, {}, std::move(done))
         : agent_->ReadStdout(request, {}, std::move(done));
}

absl::Status BareMachine::RunToExit() {
  failure_ = absl::OkStatus();
  pending_ = 3;
  times_.start_sent = tasks::Clock::now();
  grpc::WaitProcessRequest wait;
  wait.set_container_id(container_);
  wait.set_exec_id(container_);
  agent_->WaitProcess(wait, {}, [this](const absl::StatusOr<grpc::WaitProcessResponse>& response) {
    if (response.ok() && response->status() != 0) {
      failure_.Update(absl::InternalError(
          absl::StrCat("the container ended with exit status ", response->status())));
    }
    failure_.Update(response.status());
    --pending_;
  });
  ReadOutput(/*errors=*/false);
  ReadOutput(/*errors=*/true);
  grpc::StartContainerRequest start;
  start.set_container_id(container_);
  RETURN_IF_ERROR(
      Await<Empty>([&](auto done) { agent_->StartContainer(start, {}, std::move(done)); }));
  times_.started = tasks::Clock::now();
  RETURN_IF_ERROR(tasks::RunUntil(loop_, [this] { return pending_ == 0; }));
  times_.exited = tasks::Clock::now();
  return failure_;
}

absl::Status BareMachine::Remove() {
  times_.delete_sent = tasks::Clock::now();
  grpc::RemoveContainerRequest request;
  request.set_container_id(container_);
  RETURN_IF_ERROR(
      Await<Empty>([&](auto done) { agent_->RemoveContainer(request, {}, std::move(done)); }));
  const std::string root = RootOf(container_);
  if (::umount2(root.c_str(), MNT_DETACH) != 0) return base::ErrnoStatus(errno, root);
  ::rmdir(root.c_str());
  ::rmdir(root.substr(0, root.rfind('/')).c_str());
  times_.deleted = tasks::Clock::now();
  return absl::OkStatus();
}

absl::StatusOr<tasks::TaskTimes> BareMachine::Run(const std::string& container,
                                                  std::vector<std::string> args) {
  times_ = {};
  times_.create_sent = tasks::Clock::now();
  RETURN_IF_ERROR(Create(container, std::move(args)));
  RETURN_IF_ERROR(RunToExit());
  RETURN_IF_ERROR(Remove());
  return times_;
}

}  // namespace benchmarks::vm
