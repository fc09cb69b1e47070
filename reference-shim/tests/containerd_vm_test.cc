// SPDX-License-Identifier: Apache-2.0
// Containers in a virtual machine, chosen by runtime options, under a real containerd.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "base/kernel_file.h"
#include "base/pidfd.h"
#include "reference-shim/tests/containerd_fixture.h"

namespace shim {
namespace {

using ::testing::HasSubstr;

constexpr char kHypervisor[] = SHIMGAUGE_BIN_DIR "/shimgauge-hypervisor";

class ContainerdVmTest : public ContainerdTest {
 protected:
  void SetUp() override {
    if (::access(kHypervisor, X_OK) != 0) GTEST_SKIP() << kHypervisor << " was not built";
    ContainerdTest::SetUp();
    if (!running()) return;
    // The stand-in boots nothing: any file is a kernel and an image.
    base::testing::WriteFile(
        temp_.File("vm.toml"),
        absl::StrCat("[hypervisor]\npath = \"", kHypervisor, "\"\nkernel = \"", kHypervisor,
                     "\"\nimage = \"", kHypervisor,
                     "\"\narguments = [\"--shared-directory\", \"${shared}\"]\n"));
  }

  RunResult RunInVm(const std::string& id, const std::string& how,
                    const std::vector<std::string>& command) {
    return Run(id, {how, "--runtime-config-path", temp_.File("vm.toml")}, command);
  }

  // Of its VM, the one process that containerd knows; its name says which.
  pid_t VmmOf(const std::string& id) {
    pid_t pid = 0;
    EXPECT_EQ(StatusOf(id, &pid), "RUNNING");
    const absl::StatusOr<std::string> program =
        base::ReadKernelFile(absl::StrCat("/proc/", pid, "/cmdline"));
    EXPECT_TRUE(program.ok() && absl::StartsWith(*program, kHypervisor)) << pid;
    return pid;
  }
};

TEST_F(ContainerdVmTest, RunsInTheForeground) {
  const RunResult result = RunInVm("fg", "--rm", {"/bin/print_args", "one", "two"});
  EXPECT_EQ(result.status.ShellStatus(), 0u) << result.err;
  EXPECT_THAT(result.out, HasSubstr("one\ntwo\n"));
  const RunResult failing = RunInVm("fg7", "--rm", {"/bin/exit_code", "7"});
  EXPECT_EQ(failing.status.ShellStatus(), 7u) << failing.err;
  const RunResult absent = RunInVm("absent", "--rm", {"/bin/no-such-program"});
  EXPECT_NE(absent.status.ShellStatus(), 0u);
  EXPECT_THAT(absent.err, HasSubstr("no-such-program"));
  (void)Ctr({"container", "rm", "absent"});
}

TEST_F(ContainerdVmTest, LivesDetached) {
  const std::unique_ptr<LineSource> events = Events();
  const RunResult started = RunInVm("bg", "--detach", {"/bin/pause"});
  ASSERT_EQ(started.status.ShellStatus(), 0u) << started.err;
  const pid_t vmm = VmmOf("bg");
  const absl::StatusOr<base::UniqueFd> vmm_fd = base::OpenPidfd(vmm);
  ASSERT_TRUE(vmm_fd.ok());

  const RunResult exec = Ctr({"task", "exec", "--exec-id", "e1", "bg", "/bin/exit_code", "5"});
  EXPECT_EQ(exec.status.ShellStatus(), 5u) << exec.err;
  const RunResult said = Ctr({"task", "exec", "--exec-id", "e2", "bg", "/bin/print_args", "hi"});
  EXPECT_THAT(said.out, HasSubstr("hi\n"));
  EXPECT_EQ(Ctr({"task", "metrics", "bg"}).status.ShellStatus(), 0u);
  EXPECT_EQ(Ctr({"task", "pause", "bg"}).status.ShellStatus(), 0u);
  EXPECT_EQ(StatusOf("bg"), "PAUSED");
  EXPECT_EQ(Ctr({"task", "resume", "bg"}).status.ShellStatus(), 0u);

  EXPECT_EQ(Ctr({"task", "kill", "--signal", "SIGKILL", "bg"}).status.ShellStatus(), 0u);
  ASSERT_NE(AwaitExitOf(*events, "bg"), "");
  EXPECT_EQ(StatusOf("bg"), "STOPPED");
  ExpectDeleted(Ctr({"task", "delete", "bg"}));
  EXPECT_TRUE(base::HasExited(*vmm_fd)) << "the VM ended with its last container";
  EXPECT_EQ(Ctr({"container", "rm", "bg"}).status.ShellStatus(), 0u);
}

TEST_F(ContainerdVmTest, CleansUpAfterAKilledShim) {
  const std::unique_ptr<LineSource> events = Events();
  ASSERT_EQ(RunInVm("orphaned", "--detach", {"/bin/pause"}).status.ShellStatus(), 0u);
  ExpectCleanUpOfAKilledShim("orphaned", *events, VmmOf("orphaned"));  // a VM ends with its shim
}

// What kata's users see as a pod that is never gone.
TEST_F(ContainerdVmTest, TellsTheEndOfAKilledVm) {
  const std::unique_ptr<LineSource> events = Events();
  ASSERT_EQ(RunInVm("struck", "--detach", {"/bin/pause"}).status.ShellStatus(), 0u);
  ASSERT_EQ(::kill(VmmOf("struck"), SIGKILL), 0);
  EXPECT_THAT(events->Await("/tasks/exit"), HasSubstr("\"exit_status\":137"));
  EXPECT_EQ(StatusOf("struck"), "STOPPED");
  ExpectDeleted(Ctr({"task", "delete", "struck"}));
  EXPECT_EQ(Ctr({"container", "rm", "struck"}).status.ShellStatus(), 0u);
}

}  // namespace
}  // namespace shim
