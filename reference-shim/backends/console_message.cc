// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/console_message.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/status_macros.h"

namespace backends {

absl::StatusOr<base::UniqueFd> ReceiveConsole(int socket) {
  char name[4096];  // the engine tells the terminal's name, which nobody needs
  iovec data{.iov_base = name, .iov_len = sizeof(name)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 4)];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  const ssize_t got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    return absl::FailedPreconditionError("nothing there yet");
  }
  if (got < 0) return base::ErrnoStatus(errno, "recvmsg from the console socket");
  base::UniqueFd received;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      received.reset(fd);  // of several the last one is kept, none leaks
    }
  }
  if (!received.ok()) return absl::UnavailableError("the engine sent no console");
  return received;
}

}  // namespace backends
