// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <absl/strings/match.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "base/fifo.h"
#include "base/limits.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"

namespace base {
namespace {

using ::testing::HasSubstr;
using testing::MakePipe;
using ::testing::MatchesRegex;
using ::testing::Not;
using testing::Pipe;
using testing::ReadLine;

class LogTest : public testing::ProcessTest {
 protected:
  LogTest() : pipe_(MakePipe().value()) {}
  // Fills the pipe from elsewhere until nothing fits.
  static void Fill(int fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    const std::string page(PIPE_BUF, 'x');
    while (::write(fd, page.data(), page.size()) > 0) {
    }
    while (::write(fd, "x", 1) > 0) {
    }
    ::fcntl(fd, F_SETFL, flags);
  }
  static void Drain(const UniqueFd& read_end) {
    const int flags = ::fcntl(read_end.get(), F_GETFL);
    ::fcntl(read_end.get(), F_SETFL, flags | O_NONBLOCK);
    std::string sink(65536, 0);
    while (::read(read_end.get(), sink.data(), sink.size()) > 0) {
    }
    ::fcntl(read_end.get(), F_SETFL, flags);
  }
  Pipe pipe_;
};

TEST_F(LogTest, WritesOneLineInTheFormContainerdsShimsUse) {
  Log log(pipe_.write.get());
  log.SetField("id", "c1");
  log.Info("task ", 7, " started");
  EXPECT_THAT(ReadLine(pipe_.read),
              MatchesRegex("time=\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
                           "\\.[0-9]{9}Z\" level=info msg=\"task 7 started\" id=\"c1\"\n"));
}

TEST_F(LogTest, NamesItsLevelsAsLogrusDoes) {
  Log log(pipe_.write.get(), LogLevel::kDebug);
  log.Debug("a");
  log.Warning("b");
  log.Error("c");
  EXPECT_THAT(ReadLine(pipe_.read), HasSubstr("level=debug msg=\"a\""));
  EXPECT_THAT(ReadLine(pipe_.read), HasSubstr("level=warning msg=\"b\""));
  EXPECT_THAT(ReadLine(pipe_.read), HasSubstr("level=error msg=\"c\""));
}

TEST_F(LogTest, LeavesOutWhatIsBelowItsLevel) {
  Log log(pipe_.write.get(), LogLevel::kWarning);
  EXPECT_FALSE(log.Enabled(LogLevel::kInfo));
  EXPECT_TRUE(log.Enabled(LogLevel::kWarning));
  log.Info("quiet");
  log.Error("loud");
  EXPECT_THAT(ReadLine(pipe_.read), HasSubstr("loud"));
}

TEST_F(LogTest, WithoutASinkDiscardsEverything) {
  Log log;
  EXPECT_FALSE(log.Enabled(LogLevel::kError));
  log.Error("nowhere");
}

TEST_F(LogTest, EscapesWhatWouldBreakTheLine) {
  Log log(pipe_.write.get());
  log.SetField("key", "a \"b\"\n");
  log.Info("q\" b\\ n\n t\t r\r z", std::string(1, '\0'), " \x7f \xc3\xa9");
  const std::string line = ReadLine(pipe_.read);
  EXPECT_THAT(line, HasSubstr("msg=\"q\\\" b\\\\ n\\n t\\t r\\r z\\x00 \\x7f \xc3\xa9\""));
  EXPECT_THAT(line, HasSubstr(" key=\"a \\\"b\\\"\\n\"\n"));
}

TEST_F(LogTest, SettingAFieldAgainReplacesIt) {
  Log log(pipe_.write.get());
  log.SetField("id", "first");
  log.SetField("id", "second");
  log.Info("x");
  const std::string line = ReadLine(pipe_.read);
  EXPECT_THAT(line, HasSubstr("id=\"second\""));
  EXPECT_THAT(line, Not(HasSubstr("first")));
}

TEST_F(LogTest, CutsALongMessageToOneAtomicLineAndSaysHowMuch) {
  Log log(pipe_.write.get());
  log.SetField("id", "c1");
  log.Info(std::string(100000, 'm'));
  const std::string line = ReadLine(pipe_.read);
  ASSERT_LE(line.size(), kLogLineBytesMax);
  EXPECT_GT(line.size(), kLogLineBytesMax - 64);
  EXPECT_THAT(line, MatchesRegex("time=.* msg=\"m+\\[\\+[0-9]+\\]\" id=\"c1\"\n"));
  const std::size_t kept = static_cast<std::size_t>(std::count(line.begin(), line.end(), 'm')) - 2;
  EXPECT_THAT(line, HasSubstr("[+" + std::to_string(100000 - kept) + "]"));  // "time", "msg"
}

TEST_F(LogTest, NeverCutsInsideAnEscapeOrACharacter) {
  Log log(pipe_.write.get());
  const struct {
    std::string unit;
    std::string escaped;
  } kRows[] = {
      {"\n", "\\n"}, {"\x01", "\\x01"}, {"\xc3\xa9", "\xc3\xa9"}, {"\xe2\x82\xac", "\xe2\x82\xac"}};
  for (const auto& [unit, escaped] : kRows) {
    for (std::size_t shift = 0; shift < escaped.size(); ++shift) {
      std::string message(shift, 'x');
      while (message.size() < 2 * kLogLineBytesMax) message += unit;
      log.Info(message);
      const std::string line = ReadLine(pipe_.read);
      ASSERT_LE(line.size(), kLogLineBytesMax);
      const std::string kept = line.substr(0, line.rfind("[+"));
      EXPECT_TRUE(absl::EndsWith(kept, escaped)) << kept.substr(kept.size() - 8);
    }
  }
}

TEST_F(LogTest, FieldsBeyondTheLimitAreLeftOutNotTheMessage) {
  Log log(pipe_.write.get());
  log.SetField("a", "short");
  log.SetField("b", std::string(kLogFieldsBytesMax, 'b'));
  log.SetField("c", "also short");
  log.Info(std::string(PIPE_BUF, 'm'));
  const std::string line = ReadLine(pipe_.read);
  EXPECT_LE(line.size(), kLogLineBytesMax);
  EXPECT_THAT(line, HasSubstr("a=\"short\" c=\"also short\"\n"));
}

TEST_F(LogTest, AFullPipeDropsTheLineAndTheNextOneCounts) {
  Log log(pipe_.write.get());
  Fill(pipe_.write.get());
  log.Info("lost one");
  log.Info("lost two");
  Drain(pipe_.read);
  log.Info("back");
  const std::string line = ReadLine(pipe_.read);
  EXPECT_THAT(line, HasSubstr("msg=\"back\" dropped=\"2\"\n"));
  log.Info("again");
  EXPECT_THAT(ReadLine(pipe_.read), Not(HasSubstr("dropped")));
}

TEST_F(LogTest, TheSinksOwnDescriptionStaysBlocking) {
  Log log(pipe_.write.get());
  log.Info("x");
  EXPECT_EQ(::fcntl(pipe_.write.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(LogTest, AVanishedReaderRaisesNothingAndLinesResumeForTheNext) {
  const std::string path = temp_.File("log");
  ASSERT_TRUE(MakeFifo(path, 0600).ok());
  UniqueFd reader = OpenFifoReader(path, false).value();
  const UniqueFd sink = OpenFifoWriter(path, false).value();
  Log log(sink.get());
  reader.reset();
  log.Info("unheard");  // SIGPIPE would end this process here
  reader = OpenFifoReader(path, false).value();
  log.Info("heard");
  EXPECT_THAT(ReadLine(reader), HasSubstr("msg=\"heard\" dropped=\"1\""));
}

TEST_F(LogTest, ASigpipeThatWasPendingBeforeStaysPending) {
  sigset_t sigpipe;
  sigset_t before;
  ::sigemptyset(&sigpipe);
  ::sigaddset(&sigpipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
  ::raise(SIGPIPE);
  Log log(pipe_.write.get());
  pipe_.read.reset();
  log.Info("x");
  const timespec now{};
  EXPECT_EQ(::sigtimedwait(&sigpipe, nullptr, &now), SIGPIPE);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(LogTest, WorksOnAFifoOpenedBothWaysAsContainerdDoes) {
  const std::string path = temp_.File("log");
  ASSERT_TRUE(MakeFifo(path, 0600).ok());
  const UniqueFd both = OpenFifoBothEnds(path, false).value();
  Log log(both.get());
  Fill(both.get());
  log.Info("lost");  // would block for ever if it shared the blocking description
  Drain(both);
  log.Info("kept");
  EXPECT_THAT(ReadLine(both), HasSubstr("msg=\"kept\" dropped=\"1\""));
}

TEST_F(LogTest, ASinkWithoutAReaderYetIsHeardByTheFirst) {
  const std::string path = temp_.File("log");
  ASSERT_TRUE(MakeFifo(path, 0600).ok());
  const UniqueFd sink = OpenFifoWriter(path, false).value();
  Log log(sink.get());
  log.Info("early");
  const UniqueFd reader = OpenFifoReader(path, false).value();
  EXPECT_THAT(ReadLine(reader), HasSubstr("early"));
}

TEST_F(LogTest, ASocketIsAskedForRoomFirst) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd sink(ends[0]);
  const UniqueFd peer(ends[1]);
  Log log(sink.get());
  log.Info("one");
  EXPECT_THAT(ReadLine(peer), HasSubstr("msg=\"one\""));
  for (int i = 0; i < 1000; ++i) log.Info(std::string(PIPE_BUF, 'x'));  // returns: nothing blocks
  Drain(peer);
  log.Info("two");
  EXPECT_THAT(ReadLine(peer), HasSubstr("msg=\"two\" dropped="));
}

TEST_F(LogTest, AppendsToARegularFile) {
  const std::string path = temp_.File("log");
  {
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    Log log(file.get());
    log.Info("one");
    log.Info("two");
  }
  const std::vector<std::string> lines = absl::StrSplit(testing::ReadFile(path), '\n');
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[0], HasSubstr("one"));
  EXPECT_THAT(lines[1], HasSubstr("two"));
}

}  // namespace
}  // namespace base
