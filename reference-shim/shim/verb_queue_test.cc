// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/verb_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "reference-shim/shim/limits.h"

namespace shim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class VerbQueueTest : public ::testing::Test {
 protected:
  // Turns given back would start those still in line.
  ~VerbQueueTest() override { queue_.reset(); }

  // A verb that notes its start and runs until Finish.
  void Enter(const std::string& lane, const std::string& name) {
    queue_->Enter(lane, [this, name](absl::StatusOr<VerbQueue::Turn> turn) {
      if (!turn.ok()) return cancelled_.push_back(name);
      started_.push_back(name);
      turns_.emplace(name, *std::move(turn));
    });
  }
  void Finish(const std::string& name) {
    // Taken out first: the next verb may come into the map meanwhile.
    const auto node = turns_.extract(name);
    ASSERT_FALSE(node.empty()) << name << " does not run";
  }

  std::unique_ptr<VerbQueue> queue_ = std::make_unique<VerbQueue>();
  std::map<std::string, VerbQueue::Turn> turns_;
  std::vector<std::string> started_;
  std::vector<std::string> cancelled_;
};

TEST_F(VerbQueueTest, OneLaneIsSerial) {
  Enter("e1", "start");
  Enter("e1", "delete");
  EXPECT_THAT(started_, ElementsAre("start"));
  Finish("start");
  EXPECT_THAT(started_, ElementsAre("start", "delete"));
  Finish("delete");
  EXPECT_TRUE(queue_->idle());
}

TEST_F(VerbQueueTest, ExecsRunSideBySide) {
  Enter("e1", "start e1");
  Enter("e2", "start e2");
  EXPECT_THAT(started_, ElementsAre("start e1", "start e2"));
}

TEST_F(VerbQueueTest, WholeTaskRunsAlone) {
  Enter("e1", "start e1");
  Enter(VerbQueue::kWholeTask, "pause");
  EXPECT_THAT(started_, ElementsAre("start e1"));
  Finish("start e1");
  EXPECT_THAT(started_, ElementsAre("start e1", "pause"));
  Enter("e2", "start e2");
  EXPECT_THAT(started_, ElementsAre("start e1", "pause"));
  Finish("pause");
  EXPECT_THAT(started_, ElementsAre("start e1", "pause", "start e2"));
}

TEST_F(VerbQueueTest, NobodyOvertakesAWaitingWholeTaskVerb) {
  Enter("e1", "start e1");
  Enter(VerbQueue::kWholeTask, "delete");
  Enter("e2", "start e2");
  Enter("e1", "delete e1");
  EXPECT_THAT(started_, ElementsAre("start e1"));
  Finish("start e1");
  EXPECT_THAT(started_, ElementsAre("start e1", "delete"));
  Finish("delete");
  EXPECT_THAT(started_, ElementsAre("start e1", "delete", "start e2", "delete e1"));
}

TEST_F(VerbQueueTest, VerbThatEndsAtOnceLetsTheNextRun) {
  std::vector<int> order;
  Enter("e1", "first");
  for (int i = 0; i < 1000; ++i) {
    queue_->Enter("e1", [&order, i](absl::StatusOr<VerbQueue::Turn>) { order.push_back(i); });
  }
  EXPECT_THAT(order, IsEmpty());
  Finish("first");
  ASSERT_EQ(order.size(), 1000U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_TRUE(queue_->idle());
}

TEST_F(VerbQueueTest, CancelReachesOnlyThoseInLine) {
  Enter(VerbQueue::kWholeTask, "delete");
  Enter(VerbQueue::kWholeTask, "start");
  Enter("e1", "start e1");
  queue_->CancelWaiting(absl::NotFoundError("gone"));
  EXPECT_THAT(cancelled_, ElementsAre("start", "start e1"));
  Finish("delete");
  EXPECT_TRUE(queue_->idle());
}

TEST_F(VerbQueueTest, LineHasALimit) {
  Enter("e1", "running");
  for (std::size_t i = 0; i < kVerbsWaitingMax; ++i) Enter("e1", "waiting");
  EXPECT_THAT(cancelled_, IsEmpty());
  std::optional<absl::Status> refused;
  queue_->Enter("e1", [&](absl::StatusOr<VerbQueue::Turn> turn) { refused = turn.status(); });
  ASSERT_TRUE(refused);
  EXPECT_TRUE(absl::IsResourceExhausted(*refused));
}

TEST_F(VerbQueueTest, QueueMayGoWhileAVerbRuns) {
  Enter("e1", "delete");
  queue_.reset();
  Finish("delete");
  EXPECT_THAT(started_, ElementsAre("delete"));
}

TEST_F(VerbQueueTest, VerbMayDestroyTheQueue) {
  queue_->Enter("e1", [this](absl::StatusOr<VerbQueue::Turn>) { queue_.reset(); });
  EXPECT_EQ(queue_, nullptr);
}

}  // namespace
}  // namespace shim
