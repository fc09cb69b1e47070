// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/testing/blocking_socket.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>

#include "base/status_macros.h"
#include "ttrpc/client.h"

namespace fakes::testing {
namespace {

absl::Status Failed(const char* what) {
  if (errno == EAGAIN) return absl::DeadlineExceededError(absl::StrCat(what, ": nothing in time"));
  return base::ErrnoStatus(errno, what);
}

}  // namespace

absl::StatusOr<BlockingSocket> BlockingSocket::Connect(const std::string& path, int timeout_ms) {
  ASSIGN_OR_RETURN(base::UniqueFd fd, ttrpc::ConnectUnix(path));
  if (::fcntl(fd.get(), F_SETFL, 0) != 0) return Failed("fcntl");
  const timeval limit{.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    if (::setsockopt(fd.get(), SOL_SOCKET, option, &limit, sizeof(limit)) != 0) {
      return Failed("setsockopt");
    }
  }
  return BlockingSocket(std::move(fd));
}

absl::Status BlockingSocket::Send(absl::string_view bytes, const std::vector<int>& files) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 64)] = {};
  bool first = true;
  while (!bytes.empty()) {
    iovec piece{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (first && !files.empty()) {
      message.msg_control = control;
      message.msg_controllen = CMSG_SPACE(sizeof(int) * files.size());
      cmsghdr* head = CMSG_FIRSTHDR(&message);
      head->cmsg_level = SOL_SOCKET;
      head->cmsg_type = SCM_RIGHTS;
      head->cmsg_len = CMSG_LEN(sizeof(int) * files.size());
      std::memcpy(CMSG_DATA(head), files.data(), sizeof(int) * files.size());
    }
    const ssize_t sent = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0) return Failed("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
    first = false;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> BlockingSocket::Receive(std::size_t size) {
  std::string bytes(size, '\0');
  const ssize_t got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
  if (got < 0) return Failed("receive");
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

absl::StatusOr<std::string> BlockingSocket::ReceiveLine() {
  std::string line;
  for (;;) {
    ASSIGN_OR_RETURN(const std::string byte, Receive(1));
    if (byte.empty()) return absl::UnavailableError(absl::StrCat("closed behind \"", line, "\""));
    if (byte == "\n") return line;
    line += byte;
  }
}

void BlockingSocket::ShutdownWrite() { ::shutdown(fd_.get(), SHUT_WR); }

absl::StatusOr<BlockingSocket> ConnectToGuest(const std::string& socket_path,
                                              absl::string_view connect_line, int timeout_ms) {
  ASSIGN_OR_RETURN(BlockingSocket socket, BlockingSocket::Connect(socket_path, timeout_ms));
  RETURN_IF_ERROR(socket.Send(connect_line));
  ASSIGN_OR_RETURN(const std::string line, socket.ReceiveLine());
  if (absl::StartsWith(line, "OK ")) return socket;
  return absl::InternalError(absl::StrCat("the answer was \"", line, "\""));
}

}  // namespace fakes::testing
