// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/console_socket.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "reference-shim/backends/testing/backend_world.h"

namespace backends {
namespace {

using ::base::testing::MakePipe;
using ::base::testing::ReadToEof;
using testing::Answer;

class ConsoleSocketTest : public base::testing::ProcessTest {
 protected:
  std::unique_ptr<ConsoleSocket> Listen(const std::string& directory) {
    auto socket = ConsoleSocket::Listen(loop_, directory, "e.console");
    EXPECT_TRUE(socket.ok()) << socket.status();
    return *std::move(socket);
  }
  base::UniqueFd Connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    EXPECT_LT(path.size(), sizeof(address.sun_path));
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }
  static void SendFds(const base::UniqueFd& socket, const std::vector<int>& fds) {
    char text[] = "/dev/pts/0";
    iovec data{.iov_base = text, .iov_len = sizeof(text)};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 4)] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (!fds.empty()) {
      message.msg_control = control;
      message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
      std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * fds.size());
    }
    EXPECT_EQ(::sendmsg(socket.get(), &message, 0), static_cast<ssize_t>(sizeof(text)));
  }
  absl::StatusOr<base::UniqueFd> Receive(ConsoleSocket& socket) {
    Answer<absl::StatusOr<base::UniqueFd>> answer;
    socket.Receive(answer.Expect());
    while (!answer.come() && loop_.run_one() > 0) {
    }
    return std::move(*answer);
  }

  boost::asio::io_context loop_;
};

TEST_F(ConsoleSocketTest, HandsOverTheDescriptorAndRemovesItself) {
  auto pipe = MakePipe();
  ASSERT_TRUE(pipe.ok());
  auto socket = Listen(temp_.path());
  EXPECT_EQ(socket->address(), temp_.File("e.console"));
  SendFds(Connect(socket->address()), {pipe->write.get()});
  pipe->write.reset();
  {
    const auto received = Receive(*socket);
    ASSERT_TRUE(received.ok()) << received.status();
    EXPECT_EQ(::write(received->get(), "x", 1), 1);
  }
  EXPECT_EQ(ReadToEof(pipe->read), "x");
  socket.reset();
  EXPECT_FALSE(std::filesystem::exists(temp_.File("e.console"))) << "LEAK-05";
}

TEST_F(ConsoleSocketTest, APathTooLongForASocketIsReachedThroughItsDirectory) {
  const std::string directory = temp_.File(std::string(120, 'd'));
  std::filesystem::create_directory(directory);
  auto pipe = MakePipe();
  ASSERT_TRUE(pipe.ok());
  auto socket = Listen(directory);
  EXPECT_TRUE(std::filesystem::exists(directory + "/e.console"));
  SendFds(Connect(socket->address()), {pipe->read.get()});
  EXPECT_TRUE(Receive(*socket).ok());
  socket.reset();
  EXPECT_FALSE(std::filesystem::exists(directory + "/e.console"));
}

TEST_F(ConsoleSocketTest, SeveralDescriptorsDoNotLeak) {
  auto pipe = MakePipe();
  ASSERT_TRUE(pipe.ok());
  auto socket = Listen(temp_.path());
  SendFds(Connect(socket->address()), {pipe->read.get(), pipe->write.get()});
  EXPECT_TRUE(Receive(*socket).ok());
}

TEST_F(ConsoleSocketTest, NoDescriptorIsAnError) {
  auto socket = Listen(temp_.path());
  const base::UniqueFd peer = Connect(socket->address());
  SendFds(peer, {});
  EXPECT_EQ(Receive(*socket).status().code(), absl::StatusCode::kUnavailable);
  auto closed = Listen(temp_.path());
  Connect(closed->address()).reset();
  EXPECT_EQ(Receive(*closed).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ConsoleSocketTest, ReplacesWhatACrashLeft) {
  base::testing::WriteFile(temp_.File("e.console"), "stale");
  EXPECT_TRUE(ConsoleSocket::Listen(loop_, temp_.path(), "e.console").ok());
  EXPECT_FALSE(ConsoleSocket::Listen(loop_, "/no/such/bundle", "e.console").ok());
}

}  // namespace
}  // namespace backends
