// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "base/child_reaper.h"
#include "base/spawn.h"
#include "base/testing/leak_guard.h"

namespace fakes {
namespace {

class GuestProcessTest : public base::testing::ProcessTest {};

TEST_F(GuestProcessTest, MayBeDestroyedByTheFirstWhoIsTold) {
  boost::asio::io_context loop;
  const auto reaper = base::ChildReaper::Create(loop);
  ASSERT_TRUE(reaper.ok()) << reaper.status();
  const base::SpawnSpec spec{
      .path = "/bin/sh", .argv = {"sh", "-c", "exit 7"}, .env = {}, .cwd = "", .fds = {}};
  const auto child = base::Spawn(spec);
  ASSERT_TRUE(child.ok()) << child.status();
  auto adopted = GuestProcess::Adopt(loop, **reaper, child->pid, GuestStdio(), [] {});
  ASSERT_TRUE(adopted.ok()) << adopted.status();
  std::unique_ptr<GuestProcess> process = *std::move(adopted);
  std::vector<int> told;
  const auto tell = [&process, &told](int status) {
    process.reset();
    told.push_back(status);
  };
  process->Wait(tell);
  process->Wait(tell);
  while (told.size() < 2 && loop.run_one() > 0) {
  }
  EXPECT_THAT(told, ::testing::ElementsAre(7, 7));
}

}  // namespace
}  // namespace fakes
