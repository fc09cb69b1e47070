// SPDX-License-Identifier: Apache-2.0
#include "container/cgroup.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <map>

#include "base/kernel_file.h"
#include "base/spawn.h"
#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/testing/temp_dir.h"
#include "container/bundle_cgroup.h"
#include "container/testing/host_cgroup.h"
#include "oci/bundle.h"
#include "oci/minimal_spec.h"

namespace container {
namespace {

using ::base::testing::ReadFile;
using ::base::testing::WriteFile;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr char kHybrid[] =
    "30 23 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "31 30 0:27 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
    "32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "33 30 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "34 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
constexpr char kUnified[] = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr char kUnifiedBesideSystemd[] =
    "31 30 0:27 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
    "34 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

TEST(CgroupMounts, HybridCountsAsVersionOne) {
  EXPECT_EQ(CgroupMounts::Parse(kHybrid).version(), CgroupVersion::kV1);
  EXPECT_EQ(CgroupMounts::Parse(kUnified).version(), CgroupVersion::kV2);
  EXPECT_EQ(CgroupMounts::Parse(kUnifiedBesideSystemd).version(), CgroupVersion::kV2);
  const std::string with_stray = absl::StrCat(
      kUnified, "31 30 0:27 / /sys/fs/cgroup/net_cls rw - cgroup cgroup rw,net_cls,net_prio\n");
  EXPECT_EQ(CgroupMounts::Parse(with_stray).version(), CgroupVersion::kV2);
}

TEST(CgroupMounts, MembershipOnHybrid) {
  const Cgroup cgroup = CgroupMounts::Parse(kHybrid).ParseMembership(
      "5:name=systemd:/s.slice\n4:cpu,cpuacct:/a:b\n3:memory:/\n2:not_mounted:/x\n0::/u\n");
  EXPECT_THAT(cgroup.controllers,
              UnorderedElementsAre(Pair("name=systemd", "/sys/fs/cgroup/systemd/s.slice"),
                                   Pair("cpu", "/sys/fs/cgroup/cpu,cpuacct/a:b"),
                                   Pair("cpuacct", "/sys/fs/cgroup/cpu,cpuacct/a:b"),
                                   Pair("memory", "/sys/fs/cgroup/memory")));
  EXPECT_EQ(cgroup.unified, "/sys/fs/cgroup/unified/u");
  EXPECT_EQ(cgroup.DirectoryOf("cpu"), "/sys/fs/cgroup/cpu,cpuacct/a:b");
  EXPECT_EQ(cgroup.DirectoryOf("blkio"), "");
}

TEST(CgroupMounts, MembershipOnUnified) {
  const Cgroup cgroup = CgroupMounts::Parse(kUnified).ParseMembership("0::/a.slice/b\n");
  EXPECT_EQ(cgroup.version, CgroupVersion::kV2);
  EXPECT_EQ(cgroup.unified, "/sys/fs/cgroup/a.slice/b");
  EXPECT_EQ(cgroup.DirectoryOf("memory"), "/sys/fs/cgroup/a.slice/b");
  EXPECT_EQ(cgroup.MembersDirectory(), "/sys/fs/cgroup/a.slice/b");
}

TEST(CgroupMounts, APartOfAHierarchyIsMounted) {
  const CgroupMounts mounts = CgroupMounts::Parse("1 1 0:2 /box /cg rw - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(mounts.ParseMembership("0::/box/in\n").unified, "/cg/in");
  EXPECT_EQ(mounts.ParseMembership("0::/box\n").unified, "/cg");
  EXPECT_EQ(mounts.ParseMembership("0::/boxes\n").unified, "");
}

// A tree that looks like /proc and /sys/fs/cgroup of a host with cgroup v2, which this machine need
// not have.
class CgroupV2Tree : public base::testing::ProcessTest {
 protected:
  void SetUp() override {
    for (const char* dir : {"/proc/self", "/proc/7", "/proc/8", "/proc/9",
                            "/sys/fs/cgroup/shims/one", "/sys/fs/cgroup/box/c/inner"}) {
      std::filesystem::create_directories(temp_.path() + dir);
    }
    WriteFile(temp_.File("proc/self/mountinfo"), kUnified);
    WriteFile(temp_.File("proc/self/cgroup"), "0::/shims/one\n");
    WriteFile(temp_.File("proc/7/cgroup"), "0::/box/c\n");
    WriteFile(temp_.File("proc/8/cgroup"), "0::/shims\n");
    WriteFile(temp_.File("proc/9/cgroup"), "0::/shims/one\n");
    auto mounts = CgroupMounts::Read(temp_.path());
    ASSERT_TRUE(mounts.ok()) << mounts.status();
    mounts_ = *std::move(mounts);
  }
  [[nodiscard]] std::string Dir(const std::string& path) const {
    return temp_.path() + "/sys/fs/cgroup" + path;
  }

  CgroupMounts mounts_;
};

TEST_F(CgroupV2Tree, OwnIsOnlyWhatDoesNotHoldUs) {
  const auto own = mounts_.LocateOwn(7);
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_EQ(own->unified, Dir("/box/c"));
  EXPECT_EQ(mounts_.LocateOwn(8).status().code(), absl::StatusCode::kNotFound) << "above ours";
  EXPECT_EQ(mounts_.LocateOwn(9).status().code(), absl::StatusCode::kNotFound) << "ours";
  EXPECT_EQ(mounts_.LocateOwn(10).status().code(), absl::StatusCode::kNotFound) << "no process";
}

TEST_F(CgroupV2Tree, LooksAtSharedOnesToo) {
  for (const auto& [pid, path] :
       std::map<pid_t, std::string>{{7, "/box/c"}, {8, "/shims"}, {9, "/shims/one"}}) {
    const auto cgroup = mounts_.Locate(pid);
    ASSERT_TRUE(cgroup.ok()) << cgroup.status();
    EXPECT_EQ(cgroup->unified, Dir(path));
  }
  EXPECT_EQ(mounts_.Locate(10).status().code(), absl::StatusCode::kNotFound) << "no process";
}

TEST_F(CgroupV2Tree, ListsAllLevelsOnceInOrder) {
  WriteFile(Dir("/box/c/cgroup.procs"), "12\n3\n0\n");
  WriteFile(Dir("/box/c/inner/cgroup.procs"), "4\n3\n");
  const auto own = mounts_.LocateOwn(7);
  ASSERT_TRUE(own.ok());
  const auto pids = ListProcesses(*own);
  ASSERT_TRUE(pids.ok()) << pids.status();
  EXPECT_THAT(*pids, ElementsAre(3, 4, 12)) << "0 is a process outside our pid namespace";
}

TEST_F(CgroupV2Tree, AGoneCgroupHasNoProcesses) {
  const auto own = mounts_.LocateOwn(7);
  ASSERT_TRUE(own.ok());
  EXPECT_TRUE(Exists(*own));
  std::filesystem::remove_all(Dir("/box"));
  EXPECT_FALSE(Exists(*own));
  EXPECT_THAT(ListProcesses(*own).value(), IsEmpty());
  EXPECT_EQ(SignalAll(*own, SIGKILL).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Thaw(*own).code(), absl::StatusCode::kNotFound);
}

TEST_F(CgroupV2Tree, SigkillIsLeftToTheKernelWhereItCan) {
  const auto child = base::Spawn(base::testing::ChildProcess("wait"));
  ASSERT_TRUE(child.ok()) << child.status();
  WriteFile(Dir("/box/c/cgroup.procs"), absl::StrCat(child->pid, "\n"));
  WriteFile(Dir("/box/c/cgroup.freeze"), "1");
  std::filesystem::create_directories(Dir("/box/c/deep"));
  WriteFile(Dir("/box/c/deep/cgroup.freeze"), "1");
  const auto own = mounts_.LocateOwn(7);
  ASSERT_TRUE(own.ok());

  WriteFile(Dir("/box/c/cgroup.kill"), "");
  EXPECT_TRUE(SignalAll(*own, SIGKILL).ok());
  EXPECT_EQ(ReadFile(Dir("/box/c/cgroup.kill")), "1");

  std::filesystem::remove(Dir("/box/c/cgroup.kill"));
  EXPECT_TRUE(SignalAll(*own, SIGKILL).ok());
  EXPECT_EQ(base::testing::WaitForExit(child->pid)->signal, SIGKILL);
  for (const char* level : {"/box/c", "/box/c/deep"}) {
    EXPECT_EQ(ReadFile(Dir(absl::StrCat(level, "/cgroup.freeze"))), "0")
        << "it must be able to die";
  }
}

TEST_F(CgroupV2Tree, ControllersAreEnabledFromTheRootToTheParent) {
  std::filesystem::create_directories(Dir("/box/c/deep"));
  WriteFile(temp_.File("proc/7/cgroup"), "0::/box/c/deep\n");
  WriteFile(Dir("/cgroup.controllers"), "cpu memory pids\n");
  for (const char* level : {"", "/box", "/box/c", "/box/c/deep"}) {
    WriteFile(Dir(absl::StrCat(level, "/cgroup.subtree_control")), "");
  }
  const auto own = mounts_.LocateOwn(7);
  ASSERT_TRUE(own.ok());
  EXPECT_TRUE(EnableControllers(mounts_, *own).ok());
  for (const char* level : {"", "/box", "/box/c"}) {
    EXPECT_EQ(ReadFile(Dir(absl::StrCat(level, "/cgroup.subtree_control"))), "+cpu +memory +pids");
  }
  EXPECT_EQ(ReadFile(Dir("/box/c/deep/cgroup.subtree_control")), "") << "the container's own";
}

// A file of the kernel's that takes single numbers, of which it takes one word and refuses two,
// stands in for a cgroup.subtree_control that cannot have all at once.
TEST_F(CgroupV2Tree, ControllersThatCannotBeHadTogetherAreEnabledOneByOne) {
  constexpr char kOneWord[] = "/proc/self/coredump_filter";
  const std::string before = ReadFile(kOneWord);
  std::filesystem::create_symlink(kOneWord, Dir("/cgroup.subtree_control"));
  const Cgroup box{.version = CgroupVersion::kV2, .controllers = {}, .unified = Dir("/box")};
  for (const char* available : {"49 33\n", "misc 33\n"}) {
    ASSERT_EQ(base::WriteKernelFile(kOneWord, "0x31"), absl::OkStatus());
    WriteFile(Dir("/cgroup.controllers"), available);
    EXPECT_EQ(EnableControllers(mounts_, box), absl::OkStatus()) << available;
    EXPECT_EQ(ReadFile(kOneWord), "00000021\n") << available;
  }
  WriteFile(Dir("/cgroup.controllers"), "memory 33\n");
  EXPECT_FALSE(EnableControllers(mounts_, box).ok()) << "an essential one";
  WriteFile(Dir("/cgroup.controllers"), "misc rdma\n");
  EXPECT_FALSE(EnableControllers(mounts_, box).ok()) << "none at all";
  EXPECT_EQ(base::WriteKernelFile(kOneWord, absl::StrCat("0x", before)), absl::OkStatus());
}

TEST_F(CgroupV2Tree, PathsCountFromTheRootOrFromAboveUs) {
  EXPECT_EQ(mounts_.Resolve("/box/new")->unified, Dir("/box/new"));
  EXPECT_EQ(mounts_.Resolve("new")->unified, Dir("/shims/new"));
  WriteFile(temp_.File("proc/self/cgroup"), "0::/\n");
  EXPECT_EQ(mounts_.Resolve("new")->unified, Dir("/new"));
  WriteFile(temp_.File("proc/self/cgroup"), "0::/shims/one\n");
  const CgroupMounts part = CgroupMounts::Parse(
      "30 23 0:26 /shims/one /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", temp_.path());
  EXPECT_EQ(part.Resolve("new")->unified, Dir("/new")) << "nothing above is mounted";
}

TEST_F(CgroupV2Tree, AMadeOneIsJoinedAndNotMadeTwice) {
  const Cgroup made = mounts_.Resolve("new").value();
  EXPECT_EQ(Join(made, 7).code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(Make(made).ok());
  EXPECT_EQ(Make(made).code(), absl::StatusCode::kAlreadyExists);
  WriteFile(Dir("/shims/new/cgroup.procs"), "");
  EXPECT_TRUE(Join(made, 7).ok());
  EXPECT_EQ(ReadFile(Dir("/shims/new/cgroup.procs")), "7");
  const Cgroup nowhere{.version = CgroupVersion::kV2, .controllers = {}, .unified = ""};
  EXPECT_EQ(Make(nowhere).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(CgroupV2Tree, OnHybridEachHierarchyHasItsOwnPath) {
  WriteFile(temp_.File("proc/self/mountinfo"), kHybrid);
  WriteFile(temp_.File("proc/self/cgroup"),
            "3:memory:/m\n2:cpu,cpuacct:/\n1:name=systemd:/s\n0::/u\n");
  const Cgroup resolved = CgroupMounts::Read(temp_.path())->Resolve("n").value();
  EXPECT_THAT(
      resolved.controllers,
      UnorderedElementsAre(Pair("memory", Dir("/memory/m/n")), Pair("cpu", Dir("/cpu,cpuacct/n")),
                           Pair("cpuacct", Dir("/cpu,cpuacct/n")),
                           Pair("name=systemd", Dir("/systemd/s/n"))));
  EXPECT_EQ(resolved.unified, Dir("/unified/u/n"));
}

TEST_F(CgroupV2Tree, OfABundleIsWhereItsConfigSays) {
  const auto cgroup_of = [this](const std::string& bundle, CgroupControllers controllers) {
    return BundleCgroup(temp_.File(bundle), "id", controllers, temp_.path());
  };
  oci::Spec spec = oci::MinimalLinuxSpec({"/x"});
  ASSERT_TRUE(oci::WriteBundle(temp_.File("without"), spec).ok());
  spec.linux.cgroups_path = "/box/said";
  ASSERT_TRUE(oci::WriteBundle(temp_.File("with"), spec).ok());
  EXPECT_EQ(cgroup_of("without", CgroupControllers::kEssential)->unified, Dir("/shims/id"));
  EXPECT_EQ(cgroup_of("with", CgroupControllers::kAll)->unified, Dir("/box/said"));
  EXPECT_FALSE(cgroup_of("no-such-bundle", CgroupControllers::kAll).ok());

  WriteFile(temp_.File("proc/self/mountinfo"), kHybrid);
  WriteFile(temp_.File("proc/self/cgroup"), "3:memory:/\n2:cpu,cpuacct:/\n0::/\n");
  const Cgroup essential = cgroup_of("with", CgroupControllers::kEssential).value();
  EXPECT_THAT(essential.controllers,
              UnorderedElementsAre(Pair("memory", Dir("/memory/box/said")),
                                   Pair("cpuacct", Dir("/cpu,cpuacct/box/said"))));
  EXPECT_EQ(essential.unified, "");
  const Cgroup all = cgroup_of("with", CgroupControllers::kAll).value();
  EXPECT_THAT(all.controllers, ::testing::SizeIs(3));
  EXPECT_EQ(all.unified, Dir("/unified/box/said"));
}

class CgroupOnHost : public base::testing::ProcessTest {
 protected:
  void SetUp() override {
    if (!host_.ok()) GTEST_SKIP() << host_.status();
  }
  absl::StatusOr<testing::HostCgroup> host_ =
      testing::HostCgroup::Create({"freezer", "memory", "pids"});
};

TEST_F(CgroupOnHost, MembersAreLocatedListedFrozenAndKilled) {
  const auto first = base::Spawn(base::testing::ChildProcess("wait"));
  const auto second = base::Spawn(base::testing::ChildProcess("wait"));
  ASSERT_TRUE(first.ok() && second.ok());
  host_->Add(first->pid);
  host_->Add(second->pid);
  const auto mounts = CgroupMounts::Read();
  ASSERT_TRUE(mounts.ok()) << mounts.status();
  const auto own = mounts->LocateOwn(first->pid);
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_THAT(own->controllers, ::testing::SizeIs(3)) << "without those where it sits with us";
  EXPECT_THAT(ListProcesses(*own).value(),
              ElementsAre(std::min(first->pid, second->pid), std::max(first->pid, second->pid)));

  EXPECT_TRUE(SignalAll(*own, 0).ok());
  host_->Freeze();
  EXPECT_TRUE(SignalAll(*own, SIGKILL).ok());
  EXPECT_EQ(base::testing::WaitForExit(first->pid)->signal, SIGKILL);
  EXPECT_EQ(base::testing::WaitForExit(second->pid)->signal, SIGKILL);
  EXPECT_EQ(SignalAll(*own, SIGKILL).code(), absl::StatusCode::kNotFound);

  std::filesystem::create_directory(own->DirectoryOf("pids") + "/inner");
  EXPECT_TRUE(Remove(*own).ok());
  EXPECT_FALSE(Exists(*own));
  EXPECT_TRUE(Remove(*own).ok()) << "gone is fine";
}

TEST_F(CgroupOnHost, ProcessesThatKeepForkingAreAllReached) {
  auto go = base::testing::MakePipe();
  ASSERT_TRUE(go.ok());
  base::SpawnSpec spec = base::testing::ChildProcess("fork-chain");
  spec.fds = {{.source = go->read.get(), .target = 0}};
  const auto child = base::Spawn(spec);
  ASSERT_TRUE(child.ok());
  host_->Add(child->pid);
  const auto mounts = CgroupMounts::Read();
  const auto own = mounts->LocateOwn(child->pid);
  ASSERT_TRUE(own.ok()) << own.status();
  go->write.reset();
  EXPECT_TRUE(SignalAll(*own, SIGKILL).ok());
  EXPECT_EQ(base::testing::WaitForExit(child->pid)->signal, SIGKILL);
  // The rest is not ours to reap; that the kernel lets the cgroup go proves that it is empty.
  host_->AwaitEmpty();
}

}  // namespace
}  // namespace container
