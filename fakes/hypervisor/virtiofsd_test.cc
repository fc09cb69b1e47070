// SPDX-License-Identifier: Apache-2.0
// What both of kata's runtimes wait for in a virtiofsd, and what becomes of it with the VM.
#include "fakes/hypervisor/virtiofsd.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/testing/run.h"
#include "fakes/hypervisor/testing/vmm_test.h"

namespace fakes {
namespace {

using ::testing::HasSubstr;

class VirtiofsdTest : public testing::VmmTest {
 protected:
  void TearDown() override {
    VmmTest::TearDown();
    if (daemon_.pid > 0) EXPECT_TRUE(base::testing::WaitForExit(daemon_.pid).ok());
  }

  void StartDaemon(const std::vector<std::string>& args, int listener = -1) {
    absl::StatusOr<base::testing::Pipe> pipe = base::testing::MakePipe();
    ASSERT_TRUE(pipe.ok()) << pipe.status();
    err_ = std::move(pipe->read);
    base::SpawnSpec spec;
    spec.path = SHIMGAUGE_HYPERVISOR;
    spec.argv = {"virtiofsd"};
    spec.argv.insert(spec.argv.end(), args.begin(), args.end());
    spec.fds.push_back({.source = pipe->write.get(), .target = STDERR_FILENO});
    if (listener >= 0) spec.fds.push_back({.source = listener, .target = 3});
    absl::StatusOr<base::Child> child = base::Spawn(spec);
    ASSERT_TRUE(child.ok()) << child.status();
    daemon_ = *std::move(child);
  }
  [[nodiscard]] std::string Socket() const { return temp_.File("virtiofsd.sock"); }
  // The VM of Config() with a shared directory.
  void BootWithFs() {
    std::string config = Config();
    config.pop_back();
    absl::StrAppend(&config, R"(,"fs":[{"tag":"kataShared","socket":")", Socket(), R"("}]})");
    ASSERT_TRUE(Put("vm.create", config).ok());
    ASSERT_TRUE(Put("vm.boot").ok());
  }

  base::UniqueFd err_;
  base::Child daemon_;
};

TEST_F(VirtiofsdTest, EndsWithTheMachineThatConnected) {
  StartDaemon({"--socket-path", Socket(), "--shared-dir", temp_.path(), "--cache", "never"});
  EXPECT_THAT(base::testing::ReadLine(err_), HasSubstr("Waiting for vhost-user socket connection"));
  StartVmm();
  BootWithFs();
  EXPECT_THAT(base::testing::ReadLine(err_), HasSubstr("Client connected"));
  EXPECT_TRUE(Put("vm.shutdown").ok());
  EXPECT_THAT(base::testing::ReadToEof(err_), HasSubstr("Client disconnected"));
  EXPECT_FALSE(std::filesystem::exists(Socket()));
}

TEST_F(VirtiofsdTest, TakesTheListenerOfTheRuntimeInGo) {
  // --fd=3 is what that runtime listens on; the VMM connects by the path.
  const std::string path = Socket();
  StartVmm();
  base::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  StartDaemon({"--syslog", "--cache=auto", absl::StrCat("--shared-dir=", temp_.path()), "--fd=3"},
              listener.get());
  listener.reset();
  EXPECT_THAT(base::testing::ReadLine(err_), HasSubstr("Waiting for vhost-user"));
  BootWithFs();
  EXPECT_THAT(base::testing::ReadLine(err_), HasSubstr("Client connected"));
  Kill(SIGKILL);
  EXPECT_THAT(base::testing::ReadToEof(err_), HasSubstr("Client disconnected"));
}

TEST_F(VirtiofsdTest, WhatItCannotUseIsNamed) {
  const auto error_of = [this](const std::vector<std::string>& args) {
    StartDaemon(args);
    std::string text = base::testing::ReadToEof(err_);
    EXPECT_EQ(base::testing::WaitForExit(daemon_.pid)->ShellStatus(), 1U);
    daemon_ = {};
    return text;
  };
  EXPECT_THAT(error_of({"--socket-path", Socket(), "--shared-dir", "/none"}),
              HasSubstr("--shared-dir /none: no such directory"));
  EXPECT_THAT(error_of({"--fd=0", "-o", "sandbox=none", "-o", "source=/none"}),
              HasSubstr("/none: no such directory"));
  EXPECT_THAT(error_of({"--shared-dir", temp_.path()}), HasSubstr("--socket-path and --fd"));
  EXPECT_THAT(error_of({"--shared-dir", temp_.path(), "--fd=x"}), HasSubstr("--fd"));
  EXPECT_THAT(error_of({"--shared-dir", temp_.path(), "--fd=0"}), HasSubstr("accept"));
}

TEST(VirtiofsdOptionsTest, IsToldFromAHypervisor) {
  EXPECT_TRUE(IsVirtiofsd({"--fd=3", "--shared-dir=/x"}));
  EXPECT_TRUE(IsVirtiofsd({"--fd=3", "-o", "sandbox=namespace", "-o", "source=/x"}));
  EXPECT_TRUE(IsVirtiofsd({"--socket-path", "/s", "--shared-dir", "/x"}));
  EXPECT_FALSE(IsVirtiofsd({"--api-socket", "/a", "--shared-directory", "/x"}));
}

}  // namespace
}  // namespace fakes
