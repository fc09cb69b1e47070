// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/qemu.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>

#include "base/pidfd.h"
#include "base/testing/leak_guard.h"
#include "reference-shim/backends/testing/backend_world.h"
#include "reference-shim/backends/vm/qemu_command.h"
#include "reference-shim/backends/vm/vm_backend.h"
#include "runtimeoptions/v1/options.pb.h"

namespace backends {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::AllOf;
using testing::Answer;
using testing::BackendWorld;
using testing::Container;
using testing::ExecInContainer;
using ::testing::HasSubstr;
using testing::ProcessJson;

std::string Self() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

// The child that `word` is an argument of; 0: there is none.
pid_t ChildWith(const std::string& word) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string directory = entry.path().string();
    if (!std::filesystem::exists(directory + "/cmdline")) continue;
    const std::string words = base::testing::ReadFile(directory + "/cmdline");
    const std::string status = base::testing::ReadFile(directory + "/status");
    if (words.find(word) != std::string::npos &&
        status.find(absl::StrCat("\nPPid:\t", ::getpid(), "\n")) != std::string::npos) {
      return std::stoi(pid);
    }
  }
  return 0;
}

VmFiles FilesIn(const std::string& directory) {
  VmFiles files("test", "qemu");
  files.directory = files.shared = directory;
  return files;
}

// --- the command line -----------------------------------------------------------------------

TEST(QemuCommand, IsWhatTheConfigurationSays) {
  VmConfig config;
  config.kind = HypervisorKind::kQemu;
  config.path = "/q";
  config.kernel = "/k";
  config.initrd = "/r";
  config.accelerator = "tcg";
  config.command_line = "debug";
  config.vcpus = 2;
  config.memory_mib = 64;
  config.arguments = {"-x", "${shared}/y"};
  const std::string line = absl::StrJoin(QemuCommand(config, FilesIn("/s"), {}), " ");
  EXPECT_THAT(line, ::testing::StartsWith("/q -nodefaults "));
  EXPECT_THAT(line, ::testing::EndsWith(" -x /s/y"));
  for (const char* part :
       {" -machine pc,accel=tcg,memory-backend=ram ", " -m 64M ", " -smp 2 ",
        " -object memory-backend-memfd,id=ram,share=on,size=64M ", " -kernel /k ", " -initrd /r ",
        " -append console=ttyS0 quiet panic=-1 debug ", " -chardev socket,id=monitor,fd=3 ",
        " -chardev socket,id=agent,fd=4 ", " -chardev socket,id=shared,fd=5 ",
        " -device virtserialport,chardev=agent,name=agent.channel.0 ",
        " -chardev socket,id=visitor,server=on,wait=off,path=/s/vsock.sock ", ",tag=kataShared,",
        " -S "}) {
    EXPECT_THAT(line, HasSubstr(part));
  }
  EXPECT_THAT(line, ::testing::Not(HasSubstr("-blockdev")));
}

TEST(QemuCommand, AnImageIsAReadOnlyDiskWhateverItsName) {
  VmConfig config;
  config.kind = HypervisorKind::kQemu;
  config.image = "/i,readonly=off";
  EXPECT_THAT(
      QemuCommand(config, FilesIn("/s"), {}),
      ::testing::Contains("{\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":"
                          "\"/i,readonly=off\"},\"node-name\":\"image\",\"read-only\":true}"));
}

TEST(QemuCommand, EveryLinkOfThePodIsANicOfItsMac) {
  PodNetwork network;
  network.nics.resize(2);
  for (int i = 0; i < 2; ++i) {
    network.nics[i].tap = absl::StrCat("tap", i, "_vm");
    network.nics[i].link.mac = absl::StrCat("02:00:00:00:00:0", i);
  }
  VmConfig config;
  config.kind = HypervisorKind::kQemu;
  config.arguments = {"-last"};
  const std::string line = absl::StrJoin(QemuCommand(config, FilesIn("/s"), network), " ");
  EXPECT_THAT(
      line, ::testing::EndsWith(" -netdev tap,id=nic0,ifname=tap0_vm,script=no,downscript=no"
                                " -device virtio-net-pci,netdev=nic0,mac=02:00:00:00:00:00,romfile="
                                " -netdev tap,id=nic1,ifname=tap1_vm,script=no,downscript=no"
                                " -device virtio-net-pci,netdev=nic1,mac=02:00:00:00:00:01,romfile="
                                " -last"));
}

// --- the backend with it --------------------------------------------------------------------

// The backend with a QEMU that does what its arguments say (testing/scripted_qemu.h).
class QemuBackendTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    world_.emplace(BackendEntry{"vm", &MakeVmBackend});
  }

  std::unique_ptr<Container> Make(const std::string& id, const std::vector<std::string>& words) {
    auto made = std::make_unique<Container>(*world_, id, "exit_code");
    runtimeoptions::v1::Options options;
    options.set_config_body(absl::StrCat(
        "[hypervisor]\nkind = \"qemu\"\npath = \"", Self(), "\"\nvirtiofsd = \"", Self(),
        "\"\nkernel = \"", Self(), "\"\ninitrd = \"", Self(), "\"\narguments = [\"",
        absl::StrJoin(words, "\", \""), "\"]\n[timeouts]\nlaunch = 400\nboot = 400\n",
        "agent = 4000\nstop = 400\napi = 300\ncall = 4000\n"));
    made->options = {.type_url = "runtimeoptions.v1.Options", .value = options.SerializeAsString()};
    return made;
  }

  std::string WhyNot(const std::string& word) {
    const auto container = Make("failing-" + word, {word});
    const steady_clock::time_point begun = steady_clock::now();
    const absl::Status status = container->Create();
    EXPECT_FALSE(status.ok());
    EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(10));
    return std::string(status.message());
  }

  base::testing::LeakGuard leak_guard_;
  std::optional<BackendWorld> world_;
};

TEST_F(QemuBackendTest, AContainerRunsToItsEnd) {
  const auto container = Make("one", {"run"});
  ASSERT_TRUE(container->Create().ok());
  const pid_t pid = container->workload().pid();
  EXPECT_EQ(pid, ChildWith("-nodefaults"));
  const pid_t daemon = ChildWith("--fd=");
  EXPECT_GT(daemon, 0);
  EXPECT_TRUE(container->Start().ok());
  ExecInContainer exec(*world_, *container, "e1", ProcessJson({"/x"}));
  ASSERT_TRUE(exec.Start().ok());
  EXPECT_TRUE(exec.Signal(SIGKILL).ok());
  EXPECT_EQ(exec.AwaitExit(), 128U + SIGKILL);
  EXPECT_EQ(exec.Output(), "e1\n");
  exec.Drop();
  EXPECT_TRUE(container->Signal(SIGTERM).ok());
  EXPECT_EQ(container->AwaitExit(), 128U + SIGTERM);
  EXPECT_TRUE(container->Delete().ok());
  EXPECT_FALSE(base::OpenPidfd(pid).ok()) << "QEMU runs on";
  EXPECT_FALSE(base::OpenPidfd(daemon).ok()) << "virtiofsd runs on";
}

TEST_F(QemuBackendTest, WhatFailsInCreateIsNamed) {
  EXPECT_THAT(WhyNot("die"), AllOf(HasSubstr("status 3: no such machine"), HasSubstr(Self())));
  EXPECT_THAT(WhyNot("no-greeting"), HasSubstr("its monitor did not answer within 400 ms"));
  EXPECT_THAT(WhyNot("babble"), HasSubstr("not: HTTP/1.1 200 OK"));
  EXPECT_THAT(WhyNot("refuse-cont"), HasSubstr("cont: no memory left"));
}

TEST_F(QemuBackendTest, OneThatDoesNotQuitIsKilled) {
  const auto container = Make("stubborn", {"refuse-quit"});
  ASSERT_TRUE(container->Create().ok());
  const pid_t pid = container->workload().pid();
  EXPECT_TRUE(container->Delete().ok());
  EXPECT_FALSE(base::OpenPidfd(pid).ok());
}

// Either of the programs.
TEST_F(QemuBackendTest, AKilledProgramEndsAllProcesses) {
  for (const char* program : {"-nodefaults", "--fd="}) {
    const auto container = Make(absl::StrCat("killed", program), {"run"});
    ASSERT_TRUE(container->Create().ok());
    ASSERT_TRUE(container->Start().ok());
    const pid_t killed = ChildWith(program);
    ASSERT_GT(killed, 0) << program;
    const steady_clock::time_point begun = steady_clock::now();
    ASSERT_EQ(::kill(killed, SIGKILL), 0);
    EXPECT_THAT(container->AwaitExit(), ::testing::AnyOf(255U, 128U + SIGKILL)) << program;
    EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(5));
    EXPECT_TRUE(container->Delete().ok());
    EXPECT_EQ(ChildWith("-nodefaults"), 0);
    EXPECT_EQ(ChildWith("--fd="), 0);
  }
}

// --- what no container asks for -------------------------------------------------------------

class QemuTest : public ::testing::Test {
 protected:
  QemuTest() : reaper_(*base::ChildReaper::Create(loop_)), files_(FilesIn(temp_.path())) {
    config_.kind = HypervisorKind::kQemu;
    config_.path = config_.virtiofsd = config_.kernel = config_.initrd = Self();
    config_.api_timeout = milliseconds(2000);
  }

  void Boot(const std::vector<std::string>& words) {
    config_.arguments = words;
    qemu_.emplace(context_, config_, files_, network_);
    Answer<absl::Status> started;
    qemu_->Start(started.Expect());
    ASSERT_TRUE(Await(started).ok());
  }

  template <typename Result>
  Result& Await(Answer<Result>& answer) {
    while (!answer.come()) {
      loop_.restart();
      loop_.run_one();
    }
    return *answer;
  }

  void TearDown() override {
    if (!qemu_.has_value()) return;
    Answer<absl::Status> stopped;
    qemu_->Stop(stopped.Expect());
    EXPECT_TRUE(Await(stopped).ok());
  }

  base::testing::LeakGuard leak_guard_;
  base::testing::TempDir temp_;
  boost::asio::io_context loop_;
  base::Log log_;
  std::unique_ptr<base::ChildReaper> reaper_;
  shim::BackendContext context_{
      .loop = loop_, .reaper = *reaper_, .log = log_, .namespace_name = "test"};
  VmFiles files_;
  PodNetwork network_;
  VmConfig config_;
  std::optional<Qemu> qemu_;
};

TEST_F(QemuTest, ADiskComesAndGoes) {
  Boot({});
  Answer<absl::StatusOr<std::string>> added;
  qemu_->AddDevice({.id = "d1", .path = "/i"}, added.Expect());
  EXPECT_EQ(Await(added).value_or(""), "0000:00:05.0");
  Answer<absl::Status> removed;
  qemu_->RemoveDevice("d1", removed.Expect());
  EXPECT_TRUE(Await(removed).ok());
  const std::string said = qemu_->DescribeEnd();
  EXPECT_THAT(said, HasSubstr("blockdev-add {\"driver\":\"raw\",\"file\":{\"driver\":\"file\","
                              "\"filename\":\"/i\"},\"node-name\":\"disk-d1\","
                              "\"read-only\":false}\n"
                              "device_add {\"drive\":\"disk-d1\",\"driver\":\"virtio-blk-pci\","
                              "\"id\":\"d1\"}"));
  EXPECT_THAT(said, ::testing::EndsWith("device_del {\"id\":\"d1\"}\n"
                                        "blockdev-del {\"node-name\":\"disk-d1\"}"));
}

TEST_F(QemuTest, ADiskThatFindsNoSlotIsTakenBack) {
  Boot({"refuse-plug"});
  Answer<absl::StatusOr<std::string>> added;
  qemu_->AddDevice({.id = "d1", .path = "/i"}, added.Expect());
  EXPECT_EQ(Await(added).status().message(), "device_add: no slot is free");
  EXPECT_THAT(qemu_->DescribeEnd(),
              ::testing::EndsWith("blockdev-del {\"node-name\":\"disk-d1\"}"));
}

TEST_F(QemuTest, AGuestThatKeepsADeviceIsNotWaitedForForEver) {
  config_.api_timeout = milliseconds(200);
  Boot({"keep-device"});
  Answer<absl::Status> removed;
  qemu_->RemoveDevice("d1", removed.Expect());
  EXPECT_THAT(std::string(Await(removed).message()), HasSubstr("does not let go of device d1"));
}

TEST_F(QemuTest, TheAgentIsConnectedOnce) {
  Boot({});
  Answer<absl::StatusOr<base::UniqueFd>> other, first, second;
  qemu_->Connect(config_.agent_port + 1, other.Expect());
  EXPECT_TRUE(absl::IsUnimplemented(Await(other).status()));
  qemu_->Connect(config_.agent_port, first.Expect());
  EXPECT_TRUE(Await(first).ok());
  qemu_->Connect(config_.agent_port, second.Expect());
  EXPECT_TRUE(absl::IsFailedPrecondition(Await(second).status()));
}

TEST_F(QemuTest, TheMachineStopsAndGoesOn) {
  Boot({});
  for (void (Qemu::*verb)(shim::Done<>) : {&Qemu::Pause, &Qemu::Check, &Qemu::Resume}) {
    Answer<absl::Status> answer;
    ((*qemu_).*verb)(answer.Expect());
    EXPECT_TRUE(Await(answer).ok());
  }
  EXPECT_THAT(qemu_->DescribeEnd(), ::testing::EndsWith("stop\nquery-status\ncont"));
  Answer<absl::Status> resized;
  qemu_->Resize(2, 1 << 30, resized.Expect());
  EXPECT_TRUE(absl::IsUnimplemented(Await(resized)));
}

TEST_F(QemuTest, AGuestThatTurnsItselfOffIsNotedWithTheReason) {
  Boot({"off-at-stop"});
  Answer<absl::Status> ended;
  qemu_->OnExit([tell = std::make_shared<shim::Done<>>(ended.Expect())] { (*tell)({}); });
  qemu_->Pause([](const absl::Status&) {});
  Await(ended);
  EXPECT_THAT(qemu_->DescribeEnd(), ::testing::StartsWith("(guest-shutdown) ended with status 0"));
}

}  // namespace
}  // namespace backends
