// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/fifo.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "fakes/containerd/limits.h"
#include "fakes/containerd/log_drain.h"
#include "fakes/containerd/pipe_reader.h"
#include "fakes/containerd/pipe_writer.h"
#include "fakes/containerd/testing/run_until.h"

namespace fakes {
namespace {

using fakes::testing::RunUntil;
using ::testing::ElementsAre;

class PipesTest : public base::testing::ProcessTest {
 protected:
  base::testing::Pipe NonblockingPipe() {
    auto pipe = base::testing::MakePipe();
    EXPECT_TRUE(pipe.ok()) << pipe.status();
    ::fcntl(pipe->read.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(pipe->write.get(), F_SETFL, O_NONBLOCK);
    return *std::move(pipe);
  }
  static void Put(const base::UniqueFd& fd, const std::string& text) {
    ASSERT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  boost::asio::io_context loop_;
  std::string got_;
  bool ended_ = false;

  std::unique_ptr<PipeReader> Reader(base::UniqueFd fd) {
    return std::make_unique<PipeReader>(
        loop_, std::move(fd),
        [this](absl::string_view bytes) { got_.append(bytes.data(), bytes.size()); },
        [this] { ended_ = true; });
  }
};

TEST_F(PipesTest, ReaderDeliversEverythingThenTheEndOnce) {
  base::testing::Pipe pipe = NonblockingPipe();
  const auto reader = Reader(std::move(pipe.read));
  Put(pipe.write, "one");
  ASSERT_TRUE(RunUntil(loop_, [&] { return got_ == "one"; }));
  EXPECT_FALSE(reader->ended());
  Put(pipe.write, "two");
  pipe.write.reset();
  ASSERT_TRUE(RunUntil(loop_, [&] { return ended_; }));
  EXPECT_EQ(got_, "onetwo");
  EXPECT_TRUE(reader->ended());
  ended_ = false;
  loop_.restart();
  loop_.run();  // nothing is pending any more
  EXPECT_FALSE(ended_);
}

TEST_F(PipesTest, AFifoNobodyHasOpenedYetIsNotAtItsEnd) {
  const std::string path = temp_.File("fifo");
  ASSERT_TRUE(base::MakeFifo(path, 0700).ok());
  auto fd = base::OpenFifoReader(path, /*nonblocking=*/true);
  ASSERT_TRUE(fd.ok()) << fd.status();
  const auto reader = Reader(*std::move(fd));
  reader->Drain();
  loop_.poll();
  EXPECT_FALSE(ended_);
  auto writer = base::OpenFifoWriter(path, /*nonblocking=*/true);
  ASSERT_TRUE(writer.ok());
  Put(*writer, "late");
  writer->reset();
  ASSERT_TRUE(RunUntil(loop_, [&] { return ended_; }));
  EXPECT_EQ(got_, "late");
}

// Both pipes are readable when the loop looks. The first one's callback destroys the second's
// reader, whose event is already on its way, and makes one for a FIFO, which must not take that
// event for its own.
TEST_F(PipesTest, AStaleEventIsNotTheEndOfAnotherFifo) {
  const std::string path = temp_.File("fifo");
  ASSERT_TRUE(base::MakeFifo(path, 0700).ok());
  base::testing::Pipe first = NonblockingPipe();
  base::testing::Pipe second = NonblockingPipe();
  std::unique_ptr<PipeReader> doomed;
  std::unique_ptr<PipeReader> fifo;
  const auto replace = [&](absl::string_view) {
    if (fifo != nullptr) return;
    doomed.reset();
    auto fd = base::OpenFifoReader(path, /*nonblocking=*/true);
    ASSERT_TRUE(fd.ok()) << fd.status();
    fifo = Reader(*std::move(fd));
  };
  PipeReader trigger(loop_, std::move(first.read), replace, [] {});
  doomed = Reader(std::move(second.read));
  loop_.poll();  // both are known to the kernel's event queue
  Put(first.write, "now");
  Put(second.write, "stale");
  ASSERT_TRUE(RunUntil(loop_, [&] { return fifo != nullptr; }));
  loop_.poll();
  EXPECT_FALSE(ended_);
  auto writer = base::OpenFifoWriter(path, /*nonblocking=*/true);
  ASSERT_TRUE(writer.ok()) << "the reader is gone: " << writer.status();
  Put(*writer, "text");
  writer->reset();
  EXPECT_TRUE(RunUntil(loop_, [&] { return ended_; }));
  EXPECT_EQ(got_, "text");
}

TEST_F(PipesTest, APausedReaderLeavesBytesInThePipe) {
  base::testing::Pipe pipe = NonblockingPipe();
  const auto reader = Reader(std::move(pipe.read));
  reader->Pause();
  Put(pipe.write, "kept");
  loop_.poll();
  EXPECT_EQ(got_, "");
  reader->Resume();
  ASSERT_TRUE(RunUntil(loop_, [&] { return got_ == "kept"; }));
}

TEST_F(PipesTest, DrainReadsWithoutTheLoop) {
  base::testing::Pipe pipe = NonblockingPipe();
  const auto reader = Reader(std::move(pipe.read));
  Put(pipe.write, "now");
  reader->Drain();
  EXPECT_EQ(got_, "now");
}

TEST_F(PipesTest, AReaderMayBeDestroyedByItsOwnCallbacks) {
  base::testing::Pipe pipe = NonblockingPipe();
  int calls = 0;
  std::unique_ptr<PipeReader> reader;
  reader = std::make_unique<PipeReader>(
      loop_, std::move(pipe.read),
      [&](absl::string_view) {
        ++calls;
        reader.reset();
      },
      [] { FAIL() << "the end of a destroyed reader"; });
  Put(pipe.write, "x");
  pipe.write.reset();
  loop_.run();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(reader, nullptr);
}

TEST_F(PipesTest, WriterMovesMoreThanThePipeHoldsInOrder) {
  base::testing::Pipe pipe = NonblockingPipe();
  const auto reader = Reader(std::move(pipe.read));
  const std::string big(3 * kPipeReadBytes + 7, 'a');
  std::optional<absl::Status> first;
  std::optional<absl::Status> second;
  PipeWriter writer(loop_, std::move(pipe.write));
  writer.Write(big, [&](absl::Status status) { first = status; });
  writer.Write("end", [&](absl::Status status) {
    EXPECT_TRUE(first.has_value());
    second = status;
  });
  ASSERT_TRUE(RunUntil(loop_, [&] { return got_.size() == big.size() + 3; }));
  ASSERT_TRUE(RunUntil(loop_, [&] { return second.has_value(); }));
  EXPECT_TRUE(first->ok()) << *first;
  EXPECT_TRUE(second->ok()) << *second;
  EXPECT_EQ(got_, big + "end");
}

// The test process keeps the default disposition of SIGPIPE: a signal would end it.
TEST_F(PipesTest, WriterReportsThatNobodyReads) {
  base::testing::Pipe pipe = NonblockingPipe();
  pipe.read.reset();
  std::optional<absl::Status> result;
  PipeWriter writer(loop_, std::move(pipe.write));
  writer.Write("x", [&](absl::Status status) { result = status; });
  ASSERT_TRUE(RunUntil(loop_, [&] { return result.has_value(); }));
  EXPECT_TRUE(absl::IsUnavailable(*result)) << *result;
}

TEST_F(PipesTest, ADestroyedWriterCallsNobody) {
  base::testing::Pipe pipe = NonblockingPipe();
  auto writer = std::make_unique<PipeWriter>(loop_, std::move(pipe.write));
  writer->Write(std::string(10 * kPipeReadBytes, 'a'),
                [](const absl::Status&) { FAIL() << "done of a destroyed writer"; });
  loop_.poll();  // fills the pipe
  writer.reset();
  loop_.restart();
  loop_.run();
}

TEST_F(PipesTest, LogDrainSplitsLinesAndKeepsTheFifoOpen) {
  const std::string path = temp_.File("log");
  ASSERT_TRUE(base::MakeFifo(path, 0700).ok());
  std::vector<std::string> lines;
  auto drain = LogDrain::Open(loop_, path, [&](const std::string& line) { lines.push_back(line); });
  ASSERT_TRUE(drain.ok()) << drain.status();
  for (const std::string& text : {std::string("a\nb"), std::string("c\n"), std::string("rest")}) {
    auto writer = base::OpenFifoWriter(path, /*nonblocking=*/true);
    ASSERT_TRUE(writer.ok());
    Put(*writer, text);
  }
  ASSERT_TRUE(RunUntil(loop_, [&] { return lines.size() == 2; }));
  (*drain)->Drain();
  EXPECT_THAT(lines, ElementsAre("a", "bc"));
  drain->reset();
  EXPECT_THAT(lines, ElementsAre("a", "bc", "rest"));
}

TEST_F(PipesTest, LogDrainCutsEndlessLines) {
  const std::string path = temp_.File("log");
  ASSERT_TRUE(base::MakeFifo(path, 0700).ok());
  std::size_t longest = 0;
  std::size_t total = 0;
  auto drain = LogDrain::Open(loop_, path, [&](const std::string& line) {
    longest = std::max(longest, line.size());
    total += line.size();
  });
  ASSERT_TRUE(drain.ok());
  auto writer = base::OpenFifoWriter(path, /*nonblocking=*/true);
  ASSERT_TRUE(writer.ok());
  PipeWriter endless(loop_, *std::move(writer));
  bool written = false;
  const std::size_t bytes = 4 * kPipeReadBytes;
  endless.Write(std::string(bytes, 'x'), [&](const absl::Status&) { written = true; });
  ASSERT_TRUE(RunUntil(loop_, [&] { return written; }));
  (*drain)->Drain();
  drain->reset();
  EXPECT_EQ(total, bytes);
  EXPECT_LE(longest, kPipeReadBytes + kLogLineBytesMax);
}

}  // namespace
}  // namespace fakes
