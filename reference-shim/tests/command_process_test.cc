// SPDX-License-Identifier: Apache-2.0
// `delete`, -info, -v and the helpers of the daemon, as processes.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "container/mount_table.h"
#include "container/mounts.h"
#include "reference-shim/shim/exit_record.h"
#include "reference-shim/shim/rootfs.h"
#include "reference-shim/tests/shim_process.h"
#include "types/runtime_info.pb.h"

namespace shim::testing {
namespace {

using base::testing::RunResult;
using base::testing::WriteFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v3::DeleteResponse Decode(const RunResult& result) {
  EXPECT_EQ(result.status.ShellStatus(), 0U) << result.err;
  v3::DeleteResponse response;
  EXPECT_TRUE(response.ParseFromString(result.out));
  return response;
}

// --- delete ---------------------------------------------------------------------------------

TEST_F(ShimProcessTest, DeleteReportsTheRecordedExit) {
  const std::string bundle = Bundle("c1");
  const auto at = std::chrono::system_clock::time_point(std::chrono::seconds(1700000000));
  ASSERT_TRUE(WriteExitRecord(bundle, {.pid = 42, .status = 7, .at = at}).ok());
  const v3::DeleteResponse response = Decode(Delete("c1"));
  EXPECT_EQ(response.pid(), 42U);
  EXPECT_EQ(response.exit_status(), 7U);
  EXPECT_EQ(response.exited_at().seconds(), 1700000000);
}

TEST_F(ShimProcessTest, DeleteOfAnUnseenEndIsAKillNow) {
  WriteFile(Bundle("c1") + "/init.pid", "4711");
  const v3::DeleteResponse response = Decode(Delete("c1"));
  EXPECT_EQ(response.pid(), 4711U);
  EXPECT_EQ(response.exit_status(), 137U);
  EXPECT_GT(response.exited_at().seconds(), 1700000000);
}

TEST_F(ShimProcessTest, DeleteOfNothingSucceedsEachTime) {
  Bundle("c1");
  for (int i = 0; i < 2; ++i) {
    const v3::DeleteResponse response = Decode(Delete("c1"));
    EXPECT_EQ(response.pid(), 0U);
    EXPECT_EQ(response.exit_status(), 137U);
  }
  EXPECT_EQ(Decode(Delete("no-such-bundle")).exit_status(), 137U);
}

TEST_F(ShimProcessTest, DeleteFindsTheBundleBesideTheWorkingDirectory) {
  WriteFile(Bundle("c1") + "/init.pid", "4711");
  const auto result = base::testing::RunToExit(
      Command({"-namespace", "tests", "-id", "c1", "delete"}, temp_.File("c1")));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(Decode(*result).pid(), 4711U);
}

TEST_F(ShimProcessTest, DeleteThatFailsSaysSoAndPrintsNothing) {
  Bundle("c1");
  base::SpawnSpec spec = Command(Flags("c1", "delete"), temp_.path());
  spec.env = std::vector<std::string>{"SCRIPTED_FAILURE=reclaim"};
  const auto result = base::testing::RunToExit(spec);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->status.ShellStatus(), 1U);
  EXPECT_EQ(result->out, "");
  EXPECT_THAT(result->err, HasSubstr("c1: scripted"));
}

TEST_F(ShimProcessTest, DeleteRemovesTheSocketOfADeadShimOnly) {
  Bundle("c1");
  const std::string path = StartOk("c1");
  const pid_t pid = ShimPid(path);
  Decode(Delete("c1"));
  EXPECT_EQ(ShimPid(path), pid) << "a live shim was disturbed";
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  Reap(pid);
  Decode(Delete("c1"));
  EXPECT_THAT(Sockets(), IsEmpty());
}

// --- -info and -v ---------------------------------------------------------------------------

TEST_F(ShimProcessTest, InfoNeedsNothingButItself) {
  base::SpawnSpec spec = Command({"-info"}, "/");
  spec.env = std::vector<std::string>();
  const auto result = base::testing::RunToExit(spec);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->status.ShellStatus(), 0U) << result->err;
  containerd::types::RuntimeInfo info;
  ASSERT_TRUE(info.ParseFromString(result->out));
  EXPECT_EQ(info.name(), "io.containerd.scripted.v1");
  EXPECT_NE(info.version().version(), "");
  EXPECT_FALSE(info.has_options());
  EXPECT_EQ(info.features().type_url(),
            "types.containerd.io/opencontainers/runtime-spec/1/features/Features");
  EXPECT_EQ(info.features().value(), "{}");
}

TEST_F(ShimProcessTest, InfoEchoesTheOptions) {
  containerd::runc::v1::Options options;
  options.set_binary_name("crun");
  const auto any = containerd::RuncOptionsAny(options);
  const auto result = base::testing::RunToExit(Command({"-info"}, "/"), any.SerializeAsString());
  ASSERT_TRUE(result.ok());
  containerd::types::RuntimeInfo info;
  ASSERT_TRUE(info.ParseFromString(result->out));
  EXPECT_EQ(info.options().SerializeAsString(), any.SerializeAsString());
}

TEST_F(ShimProcessTest, InfoFailsForUnreadableInputAndMissingEngine) {
  const auto unreadable = base::testing::RunToExit(Command({"-info"}, "/"), "\xff\xff");
  ASSERT_TRUE(unreadable.ok());
  EXPECT_EQ(unreadable->status.ShellStatus(), 1U);
  EXPECT_EQ(unreadable->out, "");
  EXPECT_THAT(unreadable->err, HasSubstr("stdin"));

  base::SpawnSpec spec = Command({"-info"}, "/");
  spec.env = std::vector<std::string>{"SCRIPTED_FAILURE=features"};
  const auto missing = base::testing::RunToExit(spec);
  ASSERT_TRUE(missing.ok());
  EXPECT_EQ(missing->status.ShellStatus(), 1U);
  EXPECT_EQ(missing->out, "");
}

TEST_F(ShimProcessTest, VersionIsText) {
  for (const char* flag : {"-v", "-version"}) {
    base::SpawnSpec spec = Command({flag}, "/");
    spec.env = std::vector<std::string>();
    const auto result = base::testing::RunToExit(spec);
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->status.ShellStatus(), 0U);
    EXPECT_THAT(result->out, HasSubstr("io.containerd.scripted.v1"));
    EXPECT_EQ(result->err, "");
  }
}

// --- mounts ---------------------------------------------------------------------------------

class ForkedRootfsTest : public ShimProcessTest {
 protected:
  ForkedRootfsTest() : reaper_(base::ChildReaper::Create(loop_).value()), rootfs_(loop_, *reaper_) {
    EXPECT_EQ(::mkdir(bundle_.c_str(), 0700), 0);
  }
  ~ForkedRootfsTest() override { container::UnmountAll(bundle_).IgnoreError(); }

  absl::Status Mount(const MountList& mounts) {
    std::optional<absl::Status> result;
    rootfs_.Mount(bundle_, FromMountList(mounts),
                  [&](absl::Status status) { result = std::move(status); });
    RunUntil([&] { return result.has_value(); });
    return *result;
  }
  absl::Status Unmount() {
    std::optional<absl::Status> result;
    rootfs_.Unmount(bundle_, [&](absl::Status status) { result = std::move(status); });
    RunUntil([&] { return result.has_value(); });
    return *result;
  }
  std::vector<std::string> Mounted() {
    std::vector<std::string> points;
    const auto table = container::ReadMountTable();
    EXPECT_TRUE(table.ok());
    for (const auto& entry : *table) {
      if (entry.mount_point.rfind(bundle_, 0) == 0) points.push_back(entry.mount_point);
    }
    return points;
  }

  std::string bundle_ = temp_.File("bundle");
  std::unique_ptr<base::ChildReaper> reaper_;
  ForkedRootfs rootfs_;
};

TEST_F(ForkedRootfsTest, MountsInOrderAndUnmounts) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  MountList mounts;
  auto& root = *mounts.Add();
  root.set_type("tmpfs");
  root.set_source("tmpfs");
  auto& below = *mounts.Add();
  below.set_type("tmpfs");
  below.set_source("tmpfs");
  below.set_target("work");
  // The target has to be there: the second mount fails, is named, and the first one is undone.
  const absl::Status failed = Mount(mounts);
  EXPECT_FALSE(failed.ok());
  EXPECT_THAT(std::string(failed.message()), HasSubstr("work"));
  EXPECT_THAT(Mounted(), IsEmpty());

  mounts.RemoveLast();
  ASSERT_EQ(Mount(mounts), absl::OkStatus());
  EXPECT_THAT(Mounted(), ElementsAre(bundle_ + "/rootfs"));
  struct stat info {};
  ASSERT_EQ(::stat(bundle_.c_str(), &info), 0);
  EXPECT_EQ(Unmount(), absl::OkStatus());
  EXPECT_THAT(Mounted(), IsEmpty());
  EXPECT_EQ(Unmount(), absl::OkStatus()) << "nothing is mounted, nothing is wrong";
}

TEST_F(ForkedRootfsTest, UnknownFileSystemIsNamed) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  MountList mounts;
  mounts.Add()->set_type("nosuchfs");
  const absl::Status failed = Mount(mounts);
  EXPECT_FALSE(failed.ok());
  EXPECT_THAT(std::string(failed.message()), HasSubstr("nosuchfs"));
}

}  // namespace
}  // namespace shim::testing
