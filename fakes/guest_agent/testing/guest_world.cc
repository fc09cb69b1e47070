// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/testing/guest_world.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <utility>

#include "container/cgroup.h"
#include "container/mount_table.h"

namespace fakes::testing {
namespace {

constexpr std::chrono::seconds kPatience{60};

}  // namespace

std::vector<std::string> GuestCgroups(pid_t pid) {
  const auto mounts = container::CgroupMounts::Read();
  if (!mounts.ok()) return {};
  const auto ours = mounts->Locate(::getpid());
  if (!ours.ok()) return {};
  const std::string prefix = absl::StrCat("guest-", pid, "-");
  std::set<std::string> found;  // one may be that of several controllers
  for (const std::string& directory : ours->Directories()) {
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      if (absl::StartsWith(entry.path().filename().string(), prefix)) found.insert(entry.path());
    }
  }
  return {found.begin(), found.end()};
}

void GuestTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::mkdir(RunDirectory().c_str(), 0755), 0);
  ASSERT_EQ(::mkdir(SharedDirectory().c_str(), 0755), 0);
}

void GuestTest::TearDown() {
  client_.reset();
  agent_.reset();
  loop_.poll();
  const auto mounts = container::ReadMountTable();
  ASSERT_TRUE(mounts.ok()) << mounts.status();
  for (const container::MountEntry& mount : *mounts) {
    EXPECT_FALSE(absl::StartsWith(mount.mount_point, temp_.path())) << mount.mount_point;
  }
  EXPECT_THAT(GuestCgroups(::getpid()), ::testing::IsEmpty());
}

void GuestTest::Boot(const std::function<void(GuestConfig&)>& edit) {
  GuestConfig config;
  config.run_directory = RunDirectory();
  config.shared_directory = SharedDirectory();
  config.power_off = [this] { ++power_offs_; };
  if (edit) edit(config);
  absl::StatusOr<std::unique_ptr<GuestAgent>> agent =
      GuestAgent::Create(loop_, std::move(config), log_);
  ASSERT_TRUE(agent.ok()) << agent.status();
  agent_ = *std::move(agent);
  client_ = Connect();
}

std::unique_ptr<ttrpc::Client> GuestTest::Connect() {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  agent_->Serve(base::UniqueFd(ends[0]));
  return std::make_unique<ttrpc::Client>(loop_, base::UniqueFd(ends[1]));
}

void GuestTest::BootSandbox() {
  Boot();
  grpc::CreateSandboxRequest request;
  request.set_hostname("guest-host");
  request.set_sandbox_id("s1");
  const auto made = Do(&grpc::AgentServiceClient::CreateSandbox, request);
  ASSERT_TRUE(made.ok()) << made.status();
}

bool GuestTest::RunUntil(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (loop_.stopped()) loop_.restart();
    if (loop_.run_one_until(deadline) == 0 && std::chrono::steady_clock::now() > deadline) {
      return false;
    }
  }
  return true;
}

void GuestTest::Settle() {
  grpc::HealthClient health(*client_);
  bool answered = false;
  health.Check({}, {}, [&answered](const absl::StatusOr<grpc::HealthCheckResponse>& result) {
    answered = true;
    EXPECT_TRUE(result.ok() && result->status() == grpc::HealthCheckResponse::SERVING);
  });
  EXPECT_TRUE(RunUntil([&answered] { return answered; }));
}

grpc::CreateContainerRequest MakeContainer(const std::string& shared, const std::string& id,
                                           std::vector<std::string> args) {
  std::filesystem::create_directories(absl::StrCat(shared, "/", id, "/rootfs"));
  grpc::CreateContainerRequest request;
  request.set_container_id(id);
  request.set_exec_id(id);
  grpc::Spec& spec = *request.mutable_oci();
  spec.set_version("1.0.2");
  spec.mutable_root()->set_path(absl::StrCat(kGuestShared, "/", id, "/rootfs"));
  grpc::Process& process = *spec.mutable_process();
  for (std::string& arg : args) process.add_args(std::move(arg));
  process.add_env("PATH=/usr/bin:/bin");
  process.set_cwd("/");
  for (const char* name : {"CAP_KILL", "CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_CHOWN"}) {
    process.mutable_capabilities()->add_bounding(name);
    process.mutable_capabilities()->add_effective(name);
    process.mutable_capabilities()->add_permitted(name);
  }
  const auto mount = [&spec](const char* type, const char* source, const char* destination,
                             std::vector<std::string> options) {
    grpc::Mount& made = *spec.add_mounts();
    made.set_type(type);
    made.set_source(source);
    made.set_destination(destination);
    for (std::string& option : options) made.add_options(std::move(option));
  };
  mount("proc", "proc", "/proc", {});
  mount("tmpfs", "tmpfs", "/dev", {"mode=755"});
  mount("devpts", "devpts", "/dev/pts", {"newinstance", "ptmxmode=0666", "mode=0620"});
  for (const char* directory : {"/usr", "/bin", "/lib", "/lib64"}) {
    mount("bind", directory, directory, {"rbind", "ro"});
  }
  for (const char* type : {"mount", "uts", "ipc"}) {
    spec.mutable_linux()->add_namespaces()->set_type(type);
  }
  return request;
}

absl::Status GuestTest::Create(const grpc::CreateContainerRequest& request) {
  return Do(&grpc::AgentServiceClient::CreateContainer, request).status();
}

absl::Status GuestTest::Start(const std::string& id) {
  grpc::StartContainerRequest request;
  request.set_container_id(id);
  return Do(&grpc::AgentServiceClient::StartContainer, request).status();
}

void GuestTest::RunScript(const std::string& id, const std::string& script) {
  const absl::Status created = Create(Container(id, {"/bin/sh", "-c", script}));
  ASSERT_TRUE(created.ok()) << created;
  const absl::Status started = Start(id);
  ASSERT_TRUE(started.ok()) << started;
}

absl::Status GuestTest::Exec(const std::string& id, const std::string& exec_id,
                             const std::string& script, bool terminal) {
  grpc::ExecProcessRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  grpc::Process& process = *request.mutable_process();
  process.set_terminal(terminal);
  for (const std::string& arg : {std::string("/bin/sh"), std::string("-c"), script}) {
    process.add_args(arg);
  }
  process.add_env("PATH=/usr/bin:/bin");
  process.set_cwd("/");
  return Do(&grpc::AgentServiceClient::ExecProcess, request).status();
}

absl::Status GuestTest::Signal(const std::string& id, const std::string& exec_id, unsigned signo) {
  grpc::SignalProcessRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  request.set_signal(signo);
  return Do(&grpc::AgentServiceClient::SignalProcess, request).status();
}

absl::Status GuestTest::Remove(const std::string& id) {
  grpc::RemoveContainerRequest request;
  request.set_container_id(id);
  return Do(&grpc::AgentServiceClient::RemoveContainer, request).status();
}

Pending<grpc::WaitProcessResponse> GuestTest::BeginWait(const std::string& id,
                                                        const std::string& exec_id) {
  grpc::WaitProcessRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  return Begin(&grpc::AgentServiceClient::WaitProcess, request);
}

int GuestTest::Wait(const std::string& id, const std::string& exec_id) {
  const auto result = Await(BeginWait(id, exec_id));
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? result->status() : -1;
}

Pending<grpc::ReadStreamResponse> GuestTest::BeginRead(const std::string& id,
                                                       const std::string& exec_id,
                                                       std::uint32_t max) {
  grpc::ReadStreamRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  request.set_len(max);
  return Begin(&grpc::AgentServiceClient::ReadStdout, request);
}

std::string GuestTest::ReadAll(const std::string& id, const std::string& exec_id,
                               const std::string& text, bool errors) {
  grpc::ReadStreamRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  request.set_len(32 * 1024);
  std::string all;
  while (text.empty() || !absl::StrContains(all, text)) {
    const auto read =
        Do(errors ? &grpc::AgentServiceClient::ReadStderr : &grpc::AgentServiceClient::ReadStdout,
           request);
    EXPECT_TRUE(read.ok()) << read.status();
    if (!read.ok() || read->data().empty()) break;
    all += read->data();
  }
  return all;
}

absl::Status GuestTest::Write(const std::string& id, const std::string& exec_id,
                              const std::string& data) {
  grpc::WriteStreamRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  request.set_data(data);
  const auto written = Do(&grpc::AgentServiceClient::WriteStdin, request);
  if (written.ok()) {
    EXPECT_EQ(written->len(), data.size());
  }
  return written.status();
}

}  // namespace fakes::testing
