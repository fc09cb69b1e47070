// SPDX-License-Identifier: Apache-2.0
#include "container/cgroup_removal.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/child_reaper.h"
#include "base/spawn.h"
#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/testing/temp_dir.h"
#include "container/testing/host_cgroup.h"

namespace container {
namespace {

constexpr std::chrono::seconds kPatience{60};

class CgroupRemovalTest : public base::testing::ProcessTest {
 protected:
  absl::Status Remove(const Cgroup& cgroup, CgroupEnd end = CgroupEnd::kKill,
                      std::chrono::milliseconds timeout = kPatience) {
    std::optional<absl::Status> result;
    const CgroupRemoval removal(loop_, cgroup, end, timeout,
                                [&result](absl::Status status) { result = std::move(status); });
    EXPECT_FALSE(result.has_value()) << "it comes from the loop";
    while (!result.has_value() && loop_.run_one() > 0) {
    }
    return result.value_or(absl::UnknownError("no answer"));
  }

  boost::asio::io_context loop_;
};

TEST_F(CgroupRemovalTest, EndsAllProcessesAndThenRemoves) {
  auto host = testing::HostCgroup::Create({"freezer", "pids"});
  if (!host.ok()) GTEST_SKIP() << host.status();
  auto reaper = base::ChildReaper::Create(loop_);
  ASSERT_TRUE(reaper.ok());
  std::size_t ended = 0;
  std::vector<base::ChildReaper::Watch> watches;
  constexpr std::size_t kProcesses = 5;
  for (std::size_t i = 0; i < kProcesses; ++i) {
    const auto child = base::Spawn(base::testing::ChildProcess("wait"));
    ASSERT_TRUE(child.ok());
    host->Add(child->pid);
    watches.push_back((*reaper)->OnExit(child->pid, [&ended](const auto&) { ++ended; }));
  }
  host->Freeze();
  const absl::Status status = Remove(host->cgroup());
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_FALSE(Exists(host->cgroup()));
  while (ended < kProcesses && loop_.run_one() > 0) {
  }
  EXPECT_TRUE(Remove(host->cgroup()).ok()) << "gone is fine";
}

TEST_F(CgroupRemovalTest, AwaitingSignalsNobodyAndRemovesOnlyTheLeaf) {
  auto host = testing::HostCgroup::Create({"pids"});
  if (!host.ok()) GTEST_SKIP() << host.status();
  auto go = base::testing::MakePipe();
  ASSERT_TRUE(go.ok());
  auto reaper = base::ChildReaper::Create(loop_);
  ASSERT_TRUE(reaper.ok());
  base::SpawnSpec spec = base::testing::ChildProcess("exit-when-told");
  spec.fds = {{.source = go->read.get(), .target = 0}};
  const auto child = base::Spawn(spec);
  ASSERT_TRUE(child.ok());
  host->Add(child->pid);
  std::optional<base::ExitStatus> exit;
  const auto watch =
      (*reaper)->OnExit(child->pid, [&exit](const base::ExitStatus& status) { exit = status; });
  boost::asio::post(loop_, [&go] { go->write.reset(); });
  const std::string inner = host->cgroup().DirectoryOf("pids") + "/inner";
  std::filesystem::create_directory(inner);
  EXPECT_FALSE(Remove(host->cgroup(), CgroupEnd::kAwait).ok()) << "there is one below";
  while (!exit.has_value() && loop_.run_one() > 0) {
  }
  EXPECT_EQ(exit->signal, 0);
  EXPECT_TRUE(std::filesystem::exists(inner));
  std::filesystem::remove(inner);
  EXPECT_TRUE(Remove(host->cgroup(), CgroupEnd::kAwait).ok());
  EXPECT_FALSE(Exists(host->cgroup()));
}

// A tree of files in which a process stays, whatever happens to it.
TEST_F(CgroupRemovalTest, GivesUpOnASurvivor) {
  const auto self = std::to_string(::getpid());
  const Cgroup cgroup{.version = CgroupVersion::kV2, .controllers = {}, .unified = temp_.path()};
  base::testing::WriteFile(temp_.File("cgroup.kill"), "");
  base::testing::WriteFile(temp_.File("cgroup.procs"), self);
  for (const CgroupEnd end : {CgroupEnd::kKill, CgroupEnd::kAwait}) {
    EXPECT_EQ(Remove(cgroup, end, std::chrono::milliseconds(20)).code(),
              absl::StatusCode::kDeadlineExceeded);
  }
}

TEST_F(CgroupRemovalTest, LettingGoEndsTheStory) {
  const Cgroup cgroup{.version = CgroupVersion::kV2, .controllers = {}, .unified = "/no/such"};
  std::make_unique<CgroupRemoval>(loop_, cgroup, CgroupEnd::kKill, kPatience,
                                  [](const absl::Status&) { ADD_FAILURE() << "after destruction"; })
      .reset();
  loop_.run();
}

}  // namespace
}  // namespace container
