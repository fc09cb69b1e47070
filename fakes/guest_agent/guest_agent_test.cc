// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest_agent.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "base/kernel_file.h"
#include "base/pidfd.h"
#include "base/testing/child_main.h"
#include "base/testing/run.h"
#include "base/testing/temp_dir.h"
#include "container/cgroup.h"
#include "fakes/guest_agent/testing/guest_world.h"

namespace fakes {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Agent = grpc::AgentServiceClient;

class GuestAgentTest : public testing::GuestTest {};

TEST_F(GuestAgentTest, IsHealthyAndSaysWhatItIs) {
  Boot();
  Settle();
  grpc::GuestDetailsRequest request;
  request.set_mem_block_size(true);
  const auto details = Do(&Agent::GetGuestDetails, request);
  ASSERT_TRUE(details.ok()) << details.status();
  EXPECT_GT(details->mem_block_size_bytes(), 0U);
  EXPECT_TRUE(details->agent_details().supports_seccomp());
  EXPECT_THAT(Do(&Agent::GetMetrics, grpc::GetMetricsRequest())->metrics(),
              HasSubstr("kata_agent_containers 0"));
}

TEST_F(GuestAgentTest, DestroyEndsEverythingAndPowersOff) {
  BootSandbox();
  RunScript("a", "sleep 1000 & exec sleep 1000");
  RunScript("b", "echo up; exec cat");
  ASSERT_EQ(Exec("b", "e", "exec sleep 1000"), absl::OkStatus());
  ASSERT_EQ(Create(Container("never-started", {"/bin/true"})), absl::OkStatus());
  const auto wait = BeginWait("a");
  const auto exec_wait = BeginWait("b", "e");
  EXPECT_TRUE(Do(&Agent::DestroySandbox, grpc::DestroySandboxRequest()).ok());
  EXPECT_EQ(Await(wait)->status(), 137);
  EXPECT_EQ(Await(exec_wait)->status(), 137);
  EXPECT_TRUE(RunUntil([this] { return power_offs_ == 1; }));
  EXPECT_EQ(Start("never-started").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Create(Container("late", {"/bin/true"})).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(GuestAgentTest, StopEndsEverythingAtAnyMoment) {
  BootSandbox();
  RunScript("a", "trap '' TERM INT; while :; do sleep 1000; done");
  const auto creating = Begin(&Agent::CreateContainer, Container("b", {"/bin/true"}));
  grpc::ExecProcessRequest exec;
  exec.set_container_id("a");
  exec.set_exec_id("e");
  exec.mutable_process()->add_args("/bin/true");
  exec.mutable_process()->set_cwd("/");
  const auto executing = Begin(&Agent::ExecProcess, exec);
  Settle();
  agent_->Stop();
  EXPECT_TRUE(RunUntil([&] { return creating->has_value() && executing->has_value(); }));
  EXPECT_FALSE(Await(creating).ok());
}

TEST_F(GuestAgentTest, AnotherSandboxCanFollow) {
  BootSandbox();
  grpc::CreateSandboxRequest request;
  EXPECT_EQ(Do(&Agent::CreateSandbox, request).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(Do(&Agent::DestroySandbox, grpc::DestroySandboxRequest()).ok());
  EXPECT_TRUE(Do(&Agent::CreateSandbox, request).ok());
}

TEST_F(GuestAgentTest, SeveralConnectionsSeeOneGuest) {
  BootSandbox();
  RunScript("c", "exec cat");
  const auto other = Connect();
  std::swap(*client_, *other);
  ASSERT_EQ(Write("c", "", "x"), absl::OkStatus());
  std::swap(*client_, *other);
  EXPECT_EQ(ReadAll("c", "", "x"), "x");
}

TEST_F(GuestAgentTest, HostileNamesAreRefused) {
  BootSandbox();
  for (const std::string& id :
       {std::string(), std::string("../c"), std::string("a/b"), std::string("."),
        std::string("a\0b", 3), std::string(300, 'a'), std::string("-a")}) {
    grpc::CreateContainerRequest request = Container("ok", {"/bin/true"});
    request.set_container_id(id);
    EXPECT_EQ(Create(request).code(), absl::StatusCode::kInvalidArgument) << id;
    EXPECT_EQ(Start(id).code(), absl::StatusCode::kInvalidArgument) << id;
    EXPECT_EQ(Remove(id).code(), absl::StatusCode::kInvalidArgument) << id;
    EXPECT_EQ(Signal(id, "", SIGKILL).code(), absl::StatusCode::kInvalidArgument) << id;
    EXPECT_EQ(Await(BeginWait(id)).status().code(), absl::StatusCode::kInvalidArgument) << id;
    EXPECT_EQ(Await(BeginRead(id)).status().code(), absl::StatusCode::kInvalidArgument) << id;
  }
  RunScript("c", "exec sleep 1000");
  EXPECT_EQ(Exec("c", "../e", "true").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Exec("c", "c", "true").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Signal("c", "e", SIGKILL).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Signal("c", "", 4000000000U).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Create(Container("c", {"/bin/true"})).code(), absl::StatusCode::kAlreadyExists);
  grpc::TtyWinResizeRequest resize;
  resize.set_container_id("c");
  resize.set_row(70000);
  EXPECT_EQ(Do(&Agent::TtyWinResize, resize).status().code(), absl::StatusCode::kInvalidArgument);
  Settle();
}

TEST_F(GuestAgentTest, IncompleteRequestsAreRefused) {
  BootSandbox();
  grpc::CreateContainerRequest request;
  request.set_container_id("c");
  EXPECT_EQ(Create(request).code(), absl::StatusCode::kInvalidArgument);
  request = Container("c", {});
  EXPECT_EQ(Create(request).code(), absl::StatusCode::kInvalidArgument);
  request = Container("c", {"/bin/true"});
  request.mutable_oci()->mutable_root()->set_path("/run/kata-containers/../../etc");
  EXPECT_EQ(Create(request).code(), absl::StatusCode::kInvalidArgument);
  request = Container("c", {"/bin/true"});
  grpc::Storage& storage = *request.add_storages();
  storage.set_driver("blk");
  storage.set_source("02/01");
  storage.set_mount_point("/run/kata-containers/c/rootfs");
  EXPECT_THAT(std::string(Create(request).message()), HasSubstr("blk"));
  EXPECT_EQ(Create(Container("c", {"/bin/true"})), absl::OkStatus());
}

TEST_F(GuestAgentTest, StoragesAreThereForTheirContainer) {
  Boot();
  grpc::CreateSandboxRequest sandbox;
  grpc::Storage& shm = *sandbox.add_storages();
  shm.set_driver("ephemeral");
  shm.set_fstype("tmpfs");
  shm.set_source("shm");
  shm.set_mount_point("/run/kata-containers/sandbox/shm");
  shm.add_options("size=1048576");
  grpc::Storage& shared = *sandbox.add_storages();
  shared.set_driver("virtio-fs");
  shared.set_source("kataShared");
  shared.set_mount_point(std::string(kGuestShared) + "/");
  ASSERT_TRUE(Do(&Agent::CreateSandbox, sandbox).ok());
  grpc::CreateContainerRequest request =
      Container("c", {"/bin/sh", "-c", "stat -f -c %b*%S /dev/shm; cat /note; ls -ld /local"});
  const auto bind = [&request](const char* source, const char* destination) {
    grpc::Mount& mount = *request.mutable_oci()->add_mounts();
    mount.set_type("bind");
    mount.set_source(source);
    mount.set_destination(destination);
    mount.add_options("rbind");
  };
  bind("/run/kata-containers/sandbox/shm", "/dev/shm");
  bind("/run/kata-containers/shared/containers/note", "/note");
  bind("/run/kata-containers/local/l", "/local");
  grpc::Storage& local = *request.add_storages();
  local.set_driver("local");
  local.set_mount_point("/run/kata-containers/local/l");
  local.add_options("mode=0751");
  base::testing::WriteFile(SharedDirectory() + "/note", "from the host\n");
  const absl::Status created = Create(request);
  ASSERT_TRUE(created.ok()) << created;
  ASSERT_EQ(Start("c"), absl::OkStatus());
  const std::string output = ReadAll("c");
  EXPECT_THAT(output, HasSubstr("256*4096"));
  EXPECT_THAT(output, HasSubstr("from the host"));
  EXPECT_THAT(output, HasSubstr("drwxr-x--x"));
}

TEST_F(GuestAgentTest, FilesAreCopiedInPiecesAndNowhereElse) {
  BootSandbox();
  grpc::CopyFileRequest request;
  request.set_path("/run/kata-containers/shared/containers/c-resolv.conf");
  request.set_file_size(8);
  request.set_file_mode(S_IFREG | 0640);
  request.set_data("abcd");
  ASSERT_TRUE(Do(&Agent::CopyFile, request).ok());
  const std::string path = RunDirectory() + "/shared/containers/c-resolv.conf";
  EXPECT_NE(::access(path.c_str(), F_OK), 0) << "it is not complete";
  request.set_offset(4);
  request.set_data("efgh");
  ASSERT_TRUE(Do(&Agent::CopyFile, request).ok());
  EXPECT_EQ(base::testing::ReadFile(path), "abcdefgh");
  request.set_offset(6);
  EXPECT_EQ(Do(&Agent::CopyFile, request).status().code(), absl::StatusCode::kInvalidArgument);
  request.set_path("/run/kata-containers/link");
  request.set_file_mode(S_IFLNK | 0777);
  request.set_data("/etc");
  ASSERT_TRUE(Do(&Agent::CopyFile, request).ok());
  request.set_offset(0);
  request.set_file_size(1);
  request.set_data("x");
  request.set_file_mode(S_IFREG | 0644);
  request.set_path("/run/kata-containers/link/shimgauge-guest-test");
  (void)Do(&Agent::CopyFile, request);
  EXPECT_NE(::access("/etc/shimgauge-guest-test", F_OK), 0) << "a link led out of the guest";
  for (const char* outside : {"/etc/x", "relative", "/run/kata-containers/../x",
                              "/run/kata-containersX/y", "/run/kata-containers"}) {
    request.set_path(outside);
    EXPECT_EQ(Do(&Agent::CopyFile, request).status().code(), absl::StatusCode::kInvalidArgument)
        << outside;
  }
}

TEST_F(GuestAgentTest, TheNetworkIsAsItWasTold) {
  BootSandbox();
  grpc::UpdateInterfaceRequest request;
  request.mutable_interface()->set_name("eth0");
  request.mutable_interface()->set_hw_addr("02:00:00:00:00:01");
  EXPECT_EQ(Do(&Agent::UpdateInterface, request)->name(), "eth0");
  EXPECT_EQ(Do(&Agent::ListInterfaces, grpc::ListInterfacesRequest())->interfaces_size(), 2);
  grpc::UpdateRoutesRequest routes;
  routes.mutable_routes()->add_routes()->set_dest("10.0.0.0/8");
  EXPECT_EQ(Do(&Agent::UpdateRoutes, routes)->routes_size(), 1);
  EXPECT_EQ(Do(&Agent::ListRoutes, grpc::ListRoutesRequest())->routes(0).dest(), "10.0.0.0/8");
  EXPECT_EQ(Do(&Agent::UpdateRoutes, grpc::UpdateRoutesRequest()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(GuestAgentTest, WhatItCannotItSays) {
  BootSandbox();
  EXPECT_EQ(Do(&Agent::ResizeVolume, grpc::ResizeVolumeRequest()).status().code(),
            absl::StatusCode::kUnimplemented);
  EXPECT_EQ(Do(&Agent::SetPolicy, grpc::SetPolicyRequest()).status().code(),
            absl::StatusCode::kUnimplemented);
  EXPECT_EQ(Do(&Agent::AddSwap, grpc::AddSwapRequest()).status().code(),
            absl::StatusCode::kInternal);
  EXPECT_TRUE(Do(&Agent::OnlineCPUMem, grpc::OnlineCPUMemRequest()).ok());
  grpc::VolumeStatsRequest stats;
  stats.set_volume_guest_path("/run/kata-containers");
  EXPECT_EQ(Do(&Agent::GetVolumeStats, stats)->usage_size(), 2);
}

// The pids of the children of `pid`.
std::vector<pid_t> ChildrenOf(pid_t pid) {
  const auto text = base::ReadKernelFile(absl::StrCat("/proc/", pid, "/task/", pid, "/children"));
  std::vector<pid_t> pids;
  for (const absl::string_view word : absl::StrSplit(text.value_or(""), ' ', absl::SkipEmpty())) {
    pid_t child = 0;
    if (absl::SimpleAtoi(word, &child)) pids.push_back(child);
  }
  return pids;
}

// As a machine that loses its power: whatever lives in it is gone, and nothing of it stays.
TEST_F(GuestAgentTest, NothingOutlivesAnAgentThatIsKilled) {
  auto out = base::testing::MakePipe();
  ASSERT_TRUE(out.ok());
  base::SpawnSpec spec = base::testing::ChildProcess("agent", {RunDirectory(), SharedDirectory()});
  spec.fds = {{.source = out->write.get(), .target = 1}};
  const absl::StatusOr<base::Child> child = base::Spawn(spec);
  ASSERT_TRUE(child.ok()) << child.status();
  out->write.reset();
  char byte = 0;
  ASSERT_EQ(::read(out->read.get(), &byte, 1), 1) << "the child has not come up";
  std::vector<base::UniqueFd> handles;
  for (const pid_t pid : ChildrenOf(child->pid)) {
    auto handle = base::OpenPidfd(pid);
    if (handle.ok()) handles.push_back(*std::move(handle));
  }
  ASSERT_EQ(handles.size(), 4U) << "the keeper, the cleaner, an init and an exec";
  const std::vector<std::string> cgroups = testing::GuestCgroups(child->pid);
  const auto mounts = container::CgroupMounts::Read();
  EXPECT_NE(cgroups.empty(), mounts.ok() && mounts->Locate(::getpid()).ok());
  ASSERT_EQ(::kill(child->pid, SIGKILL), 0);
  ASSERT_TRUE(base::testing::WaitForExit(child->pid).ok());
  for (const base::UniqueFd& handle : handles) {
    pollfd ready{.fd = handle.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&ready, 1, 60'000), 1) << "a process of the guest still lives";
  }
  EXPECT_THAT(testing::GuestCgroups(child->pid), IsEmpty());
}

// Another agent of the same pid lives in another pid namespace, but in the same tree of cgroups.
TEST_F(GuestAgentTest, CgroupsOfAgentsWithOnePidAreApart) {
  const auto own_cgroups = [this] {
    BootSandbox();
    RunScript("c", "exec sleep 1000");
    std::vector<std::string> cgroups = testing::GuestCgroups(::getpid());
    agent_->Stop();
    return cgroups;
  };
  const std::vector<std::string> first = own_cgroups();
  if (!container::CgroupMounts::Read()->Locate(::getpid()).ok()) GTEST_SKIP() << "no cgroups";
  EXPECT_THAT(first, Not(IsEmpty()));
  client_.reset();
  agent_.reset();
  for (const std::string& directory : own_cgroups()) {
    EXPECT_THAT(first, Not(Contains(directory)));
  }
}

TEST(GuestConfigTest, ErrorsNameTheMember) {
  boost::asio::io_context loop;
  base::Log log;
  const auto status = [&](GuestConfig config) {
    return std::string(GuestAgent::Create(loop, std::move(config), log).status().message());
  };
  EXPECT_THAT(status({.run_directory = "/nowhere/at/all"}), HasSubstr("run_directory"));
  EXPECT_THAT(status({.run_directory = "/tmp", .shared_directory = "relative"}),
              HasSubstr("shared_directory"));
}

}  // namespace
}  // namespace fakes
