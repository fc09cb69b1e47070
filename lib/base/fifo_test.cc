// SPDX-License-Identifier: Apache-2.0
#include "base/fifo.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/testing/leak_guard.h"

namespace base {
namespace {

class FifoTest : public testing::ProcessTest {
 protected:
  FifoTest() : path_(temp_.File("fifo")) {}
  void Make() { ASSERT_TRUE(MakeFifo(path_, 0600).ok()); }
  std::string path_;
};

bool IsNonblocking(const UniqueFd& fd) { return (::fcntl(fd.get(), F_GETFL) & O_NONBLOCK) != 0; }
bool IsCloexec(const UniqueFd& fd) { return ::fcntl(fd.get(), F_GETFD) == FD_CLOEXEC; }

TEST_F(FifoTest, MakeGivesExactlyTheModeWhateverTheUmask) {
  const mode_t before = ::umask(0077);
  EXPECT_TRUE(MakeFifo(path_, 0666).ok());
  ::umask(before);
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_TRUE(S_ISFIFO(info.st_mode));
  EXPECT_EQ(info.st_mode & 07777U, 0666U);
}

TEST_F(FifoTest, MakeRefusesATakenPathAndAMissingFolder) {
  testing::WriteFile(path_, "x");
  EXPECT_EQ(MakeFifo(path_, 0600).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(testing::ReadFile(path_), "x");
  EXPECT_EQ(MakeFifo(temp_.File("no/fifo"), 0600).code(), absl::StatusCode::kNotFound);
}

TEST_F(FifoTest, OpensEveryEndWithoutAPeer) {
  Make();
  for (const bool nonblocking : {false, true}) {
    for (const auto open : {&OpenFifoReader, &OpenFifoWriter, &OpenFifoBothEnds}) {
      const auto fd = open(path_, nonblocking);
      ASSERT_TRUE(fd.ok()) << fd.status();
      EXPECT_EQ(IsNonblocking(*fd), nonblocking);
      EXPECT_TRUE(IsCloexec(*fd));
    }
  }
}

TEST_F(FifoTest, EachEndHasItsAccessMode) {
  Make();
  EXPECT_EQ(::fcntl(OpenFifoReader(path_, true)->get(), F_GETFL) & O_ACCMODE, O_RDONLY);
  EXPECT_EQ(::fcntl(OpenFifoWriter(path_, true)->get(), F_GETFL) & O_ACCMODE, O_WRONLY);
  EXPECT_EQ(::fcntl(OpenFifoBothEnds(path_, true)->get(), F_GETFL) & O_ACCMODE, O_RDWR);
}

TEST_F(FifoTest, WriterLeavesNoReaderBehind) {
  Make();
  const UniqueFd writer = OpenFifoWriter(path_, true).value();
  pollfd poll_fd{.fd = writer.get(), .events = POLLOUT, .revents = 0};
  ASSERT_EQ(::poll(&poll_fd, 1, 0), 1);
  EXPECT_NE(poll_fd.revents & POLLERR, 0) << "a write end without readers reports POLLERR";
}

TEST_F(FifoTest, CarriesBytesAndEndsWithTheLastWriter) {
  Make();
  const UniqueFd reader = OpenFifoReader(path_, false).value();
  {
    const UniqueFd writer = OpenFifoWriter(path_, false).value();
    ASSERT_EQ(::write(writer.get(), "abc", 3), 3);
  }
  char buffer[8];
  EXPECT_EQ(::read(reader.get(), buffer, sizeof(buffer)), 3);
  EXPECT_EQ(::read(reader.get(), buffer, sizeof(buffer)), 0);
}

TEST_F(FifoTest, BothEndsKeepTheReaderFromEof) {
  Make();
  const UniqueFd keeper = OpenFifoBothEnds(path_, true).value();
  const UniqueFd reader = OpenFifoReader(path_, true).value();
  { const UniqueFd writer = OpenFifoWriter(path_, true).value(); }
  char buffer[8];
  EXPECT_EQ(::read(reader.get(), buffer, sizeof(buffer)), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(FifoTest, RefusesWhatIsNoFifo) {
  testing::WriteFile(path_, "x");
  for (const auto open : {&OpenFifoReader, &OpenFifoWriter, &OpenFifoBothEnds}) {
    EXPECT_EQ(open(path_, false).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(open("/dev/null", false).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(open(temp_.File("none"), false).status().code(), absl::StatusCode::kNotFound);
  }
  EXPECT_EQ(testing::ReadFile(path_), "x");
}

}  // namespace
}  // namespace base
