// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/hang_report.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/testing/temp_dir.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A "shim" that reads from a pipe of ours and writes to a FIFO that nobody reads.
class HangReportTest : public base::testing::ProcessTest {
 protected:
  void SetUp() override {
    absl::StatusOr<base::testing::Pipe> pipe = base::testing::MakePipe();
    const absl::StatusOr<base::testing::Pipe> ready = base::testing::MakePipe();
    ASSERT_TRUE(pipe.ok() && ready.ok());
    pipe_ = *std::move(pipe);
    const std::string fifo = temp_.File("stdout");
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    fifo_.reset(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
    const base::UniqueFd write_end(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC));
    base::SpawnSpec spec;
    spec.path = "/bin/sh";
    spec.argv = {"sh", "-c", "echo ready >&3; read _"};
    spec.fds = {{.source = pipe_.read.get(), .target = 0},
                {.source = write_end.get(), .target = 1},
                {.source = ready->write.get(), .target = 3}};
    absl::StatusOr<base::Child> child = base::Spawn(spec);
    ASSERT_TRUE(child.ok()) << child.status();
    child_ = *std::move(child);
    pipe_.read.reset();
    fifo_.reset();
    ASSERT_EQ(base::testing::ReadLine(ready->read), "ready\n");
  }
  void TearDown() override {
    base::SendSignal(child_.pidfd, SIGKILL).IgnoreError();
    EXPECT_TRUE(base::testing::WaitForExit(child_.pid).ok());
  }

  base::testing::Pipe pipe_;
  base::UniqueFd fifo_;
  base::Child child_;
  History history_;
};

TEST_F(HangReportTest, ItTellsWhoHoldsTheOtherEnd) {
  const std::vector<std::string> lines = HangReport(history_, child_.pid);
  EXPECT_THAT(lines, Contains(AllOf(
                         StartsWith("pipe     fd 0 reads pipe:["),
                         HasSubstr(absl::StrCat("written by the judge (fd ", pipe_.write.get())))));
  EXPECT_THAT(lines, Contains(absl::StrCat("pipe     fd 1 writes ", temp_.File("stdout"),
                                           ": nobody else reads it")));
  EXPECT_THAT(lines, Contains(AllOf(StartsWith(absl::StrCat("thread   ", child_.pid, " (")),
                                    HasSubstr("waits in "))));
}

TEST_F(HangReportTest, TheOneWhoHangsDoesNotHelpItself) {
  // Both ends of a pipe in its own hands: nobody else ever reads.
  absl::StatusOr<base::testing::Pipe> own = base::testing::MakePipe();
  ASSERT_TRUE(own.ok());
  const std::vector<std::string> lines = HangReport(history_, ::getpid());
  EXPECT_THAT(lines, Contains(AllOf(StartsWith(absl::StrCat("pipe     fd ", own->write.get(), " ")),
                                    EndsWith(": nobody else reads it"))));
}

TEST_F(HangReportTest, ItTellsOnlySomeOfManyHolders) {
  std::vector<base::UniqueFd> copies;
  const auto line = [this] {
    for (const std::string& told : HangReport(history_, child_.pid)) {
      if (absl::StartsWith(told, "pipe     fd 0 reads ")) return told;
    }
    return std::string();
  };
  const auto hold = [&] { copies.emplace_back(::fcntl(pipe_.write.get(), F_DUPFD_CLOEXEC, 0)); };
  while (copies.size() < 5) hold();  // with the first one, six
  EXPECT_THAT(line(), Not(EndsWith(", more")));
  hold();
  EXPECT_THAT(line(), EndsWith(", more"));
  EXPECT_THAT(line(), Not(HasSubstr(absl::StrCat("(fd ", copies.back().get(), ")"))));
}

TEST_F(HangReportTest, ItIsBounded) {
  for (std::size_t i = 0; i < kHangLinesMax + 2; ++i) {
    history_.BeginCall(0, "containerd.task.v3.Task", "Wait", "");
  }
  const std::vector<std::string> lines = HangReport(history_, 0);
  ASSERT_EQ(lines.size(), kHangLinesMax + 1);
  EXPECT_THAT(lines.front(), StartsWith("pending  Wait: no reply for "));
  EXPECT_THAT(lines.back(), EndsWith(" more lines"));
}

TEST_F(HangReportTest, ItTellsWhatIsPending) {
  containerd::task::v3::WaitRequest request;
  request.set_id("c1");
  const std::string bytes = request.SerializeAsString();
  const std::size_t answered = history_.BeginCall(0, "containerd.task.v3.Task", "State", bytes);
  history_.EndCall(answered, std::string());
  history_.BeginCall(0, "containerd.task.v3.Task", "Wait", bytes);
  const std::vector<std::string> lines = HangReport(history_, 0);
  EXPECT_THAT(lines, Contains(StartsWith("pending  Wait c1: no reply for ")));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("State"))));
  // Outside of a world there are more processes than anybody wants to read about.
  EXPECT_LE(lines.size(), kHangLinesMax + 1);
}

}  // namespace
}  // namespace conformance
