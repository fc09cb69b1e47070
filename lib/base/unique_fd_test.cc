// SPDX-License-Identifier: Apache-2.0
#include "base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <type_traits>
#include <utility>

#include "base/testing/leak_guard.h"

namespace base {
namespace {

static_assert(!std::is_copy_constructible_v<UniqueFd> && !std::is_copy_assignable_v<UniqueFd>);
static_assert(std::is_nothrow_move_constructible_v<UniqueFd>);
static_assert(std::is_nothrow_move_assignable_v<UniqueFd>);

class UniqueFdTest : public testing::ProcessTest {
 protected:
  static int Open() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
  static bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
};

TEST_F(UniqueFdTest, EmptyHoldsNothing) {
  const UniqueFd fd;
  EXPECT_FALSE(fd.ok());
  EXPECT_EQ(fd.get(), -1);
}

TEST_F(UniqueFdTest, ClosesOnDestruction) {
  int raw = -1;
  {
    const UniqueFd fd(Open());
    raw = fd.get();
    EXPECT_TRUE(IsOpen(raw));
  }
  EXPECT_FALSE(IsOpen(raw));
}

TEST_F(UniqueFdTest, MoveTransfersTheOnlyOwnership) {
  UniqueFd first(Open());
  const int raw = first.get();
  const UniqueFd second(std::move(first));
  EXPECT_FALSE(first.ok());
  EXPECT_EQ(second.get(), raw);
  EXPECT_TRUE(IsOpen(raw));
}

TEST_F(UniqueFdTest, MoveAssignmentClosesWhatWasHeld) {
  UniqueFd first(Open());
  UniqueFd second(Open());
  const int kept = first.get();
  const int closed = second.get();
  second = std::move(first);
  EXPECT_EQ(second.get(), kept);
  EXPECT_TRUE(IsOpen(kept));
  EXPECT_FALSE(IsOpen(closed));
}

TEST_F(UniqueFdTest, SelfMoveKeepsTheDescriptor) {
  UniqueFd fd(Open());
  const int raw = fd.get();
  UniqueFd& same = fd;
  fd = std::move(same);
  EXPECT_EQ(fd.get(), raw);
  EXPECT_TRUE(IsOpen(raw));
}

TEST_F(UniqueFdTest, ReleaseGivesUpWithoutClosing) {
  UniqueFd fd(Open());
  const int raw = fd.release();
  EXPECT_FALSE(fd.ok());
  ASSERT_TRUE(IsOpen(raw));
  ::close(raw);
}

TEST_F(UniqueFdTest, ResetClosesTheOldAndKeepsErrno) {
  UniqueFd fd(Open());
  const int old = fd.get();
  const int fresh = Open();
  errno = ENOTTY;
  fd.reset(fresh);
  EXPECT_EQ(errno, ENOTTY);
  EXPECT_EQ(fd.get(), fresh);
  EXPECT_FALSE(IsOpen(old));
}

TEST_F(UniqueFdTest, HoldsDescriptorZeroAsAnyOther) {
  const int saved = ::fcntl(0, F_DUPFD_CLOEXEC, 3);
  {
    ::close(0);
    const UniqueFd fd(Open());
    EXPECT_EQ(fd.get(), 0);
    EXPECT_TRUE(fd.ok());
  }
  EXPECT_FALSE(IsOpen(0));
  ::dup2(saved, 0);
  ::close(saved);
}

TEST_F(UniqueFdTest, ForeignCloseAborts) {
  EXPECT_DEATH(
      {
        UniqueFd fd(Open());
        ::close(fd.get());
        fd.reset();
      },
      "closed behind its owner's back");
}

}  // namespace
}  // namespace base
