// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/deaf_syslog.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>

#include "base/testing/temp_dir.h"

namespace conformance {
namespace {

TEST(DeafSyslogTest, TakesEveryMessageAndKeepsNone) {
  base::testing::TempDir temp;
  const std::string path = temp.File("log");
  const absl::StatusOr<base::UniqueFd> syslog = ListenAsSyslog(path);
  ASSERT_TRUE(syslog.ok()) << syslog.status();
  const base::UniqueFd sender(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(::connect(sender.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string message(8000, 'x');
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(::send(sender.get(), message.data(), message.size(), MSG_DONTWAIT),
              static_cast<ssize_t>(message.size()))
        << i;
  }
  char byte = 0;
  EXPECT_EQ(::recv(syslog->get(), &byte, 1, MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST(DeafSyslogTest, APlaceThatIsTakenIsAnError) {
  base::testing::TempDir temp;
  base::testing::WriteFile(temp.File("log"), "");
  EXPECT_FALSE(ListenAsSyslog(temp.File("log")).ok());
  EXPECT_FALSE(ListenAsSyslog(temp.File(std::string(200, 'x'))).ok());
}

}  // namespace
}  // namespace conformance
