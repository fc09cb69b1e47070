// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/output_queue.h"

#include <gtest/gtest.h>

#include <string>

#include "ttrpc/testing/frames.h"

namespace ttrpc {
namespace {

std::string Gathered(const OutputQueue& queue, std::size_t entries) {
  std::vector<iovec> pieces(entries);
  const std::size_t count = queue.Gather(absl::MakeSpan(pieces));
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) {
    bytes.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  }
  return bytes;
}

TEST(OutputQueue, GathersInOrder) {
  OutputQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.Push("head");
  queue.Push("");  // takes no entry
  queue.Push("payload");
  EXPECT_EQ(queue.bytes(), 11u);
  EXPECT_EQ(Gathered(queue, 8), "headpayload");
  EXPECT_EQ(Gathered(queue, 1), "head");
}

TEST(OutputQueue, ContinuesWhereAPartialWriteEnded) {
  const std::string all = "onetwothree";
  for (std::size_t step = 1; step <= all.size(); ++step) {
    OutputQueue queue;
    queue.Push("one");
    queue.Push("two");
    queue.Push("three");
    for (std::size_t done = 0; done < all.size(); done += step) {
      EXPECT_EQ(Gathered(queue, 8), all.substr(done));
      queue.Consume(std::min(step, all.size() - done));
    }
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(Gathered(queue, 8), "");
  }
}

TEST(OutputQueue, StaysInOrderWhenItNeverRunsEmpty) {
  OutputQueue queue;
  std::string expected;
  std::string written;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece = std::to_string(i) + ",";
    expected += piece;
    queue.Push(piece);
    if (i % 3 != 0) continue;
    const std::string front = Gathered(queue, 2);
    written += front;
    queue.Consume(front.size());
  }
  EXPECT_EQ(written + testing::TakeBytes(queue), expected);
}

TEST(OutputQueue, ClearDropsAll) {
  OutputQueue queue;
  queue.Push("gone");
  queue.Consume(1);
  queue.Clear();
  EXPECT_TRUE(queue.empty());
  queue.Push("new");
  EXPECT_EQ(Gathered(queue, 8), "new");
}

}  // namespace
}  // namespace ttrpc
