// SPDX-License-Identifier: Apache-2.0
#include "container/cgroup_removal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/child_reaper.h"
#include "base/spawn.h"
#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "base/testing/temp_dir.h"
#include "container/testing/host_cgroup.h"

namespace container {
namespace {

constexpr std::chrono::seconds kPatience{60};

class CgroupRemovalTest : public base::testing::ProcessTest {
 protected:
  absl::Status Remove(const Cgroup& cgroup, std::chrono::milliseconds timeout = kPatience) {
    std::optional<absl::Status> result;
    const CgroupRemoval removal(loop_, cgroup, timeout,
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

// A tree of files in which a process stays, whatever happens to it.
TEST_F(CgroupRemovalTest, GivesUpOnASurvivor) {
  const auto self = std::to_string(::getpid());
  const Cgroup cgroup{.version = CgroupVersion::kV2, .controllers = {}, .unified = temp_.path()};
  base::testing::WriteFile(temp_.File("cgroup.kill"), "");
  base::testing::WriteFile(temp_.File("cgroup.procs"), self);
  EXPECT_EQ(Remove(cgroup, std::chrono::milliseconds(20)).code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(CgroupRemovalTest, LettingGoEndsTheStory) {
  const Cgroup cgroup{.version = CgroupVersion::kV2, .controllers = {}, .unified = "/no/such"};
  std::make_unique<CgroupRemoval>(loop_, cgroup, kPatience, [](const absl::Status&) {
    ADD_FAILURE() << "after destruction";
  }).reset();
  loop_.run();
}

}  // namespace
}  // namespace container
