// SPDX-License-Identifier: Apache-2.0
#include "container/sync_socket.h"

#include <absl/strings/str_cat.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "container/limits.h"

namespace container {

absl::StatusOr<std::pair<SyncSocket, SyncSocket>> SyncSocket::MakePair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return base::ErrnoStatus(errno, "socketpair");
  }
  return std::pair<SyncSocket, SyncSocket>(SyncSocket(base::UniqueFd(ends[0])),
                                           SyncSocket(base::UniqueFd(ends[1])));
}

absl::Status SyncSocket::Send(SyncKind kind, absl::string_view text) const {
  return Write(kind, text, 0);
}

absl::Status SyncSocket::TrySend(SyncKind kind, absl::string_view text) const {
  return Write(kind, text, MSG_DONTWAIT);
}

absl::Status SyncSocket::Write(SyncKind kind, absl::string_view text, int flags) const {
  std::string message(1, static_cast<char>(kind));
  absl::StrAppend(&message, text.substr(0, kSyncMessageBytesMax - 1));
  while (::send(fd_.get(), message.data(), message.size(), MSG_NOSIGNAL | flags) < 0) {
    if (errno == EAGAIN) return absl::ResourceExhaustedError("the other end does not read");
    if (errno != EINTR) return base::ErrnoStatus(errno, "send");
  }
  return absl::OkStatus();
}

absl::StatusOr<SyncMessage> SyncSocket::Receive() const { return Read(0); }

absl::StatusOr<SyncMessage> SyncSocket::Poll() const { return Read(MSG_DONTWAIT); }

absl::StatusOr<SyncMessage> SyncSocket::Read(int flags) const {
  std::string buffer(kSyncMessageBytesMax, '\0');
  bool reset = false;
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), flags);
    if (got < 0 && errno == EINTR) continue;
    // That the other end left something unread is told once, before what it said last.
    if (got < 0 && errno == ECONNRESET && !std::exchange(reset, true)) continue;
    if (got < 0 && errno == EAGAIN) return absl::FailedPreconditionError("no message yet");
    if (got < 0 && errno != ECONNRESET) return base::ErrnoStatus(errno, "recv");
    if (got <= 0) return absl::UnavailableError("the other process is gone");
    return SyncMessage{.kind = static_cast<SyncKind>(buffer[0]),
                       .text = buffer.substr(1, static_cast<std::size_t>(got) - 1)};
  }
}

absl::Status SyncSocket::Expect(SyncKind kind) const {
  ASSIGN_OR_RETURN(const SyncMessage message, Receive());
  if (message.kind == kind) return absl::OkStatus();
  if (message.kind == SyncKind::kFailed) return absl::UnknownError(message.text);
  return absl::InternalError(
      absl::StrCat("unexpected message ", std::string(1, static_cast<char>(message.kind))));
}

}  // namespace container
