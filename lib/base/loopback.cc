// SPDX-License-Identifier: Apache-2.0
#include "base/loopback.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace base {

absl::Status RaiseLoopback() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.ok()) return ErrnoStatus(errno, "socket for the loopback device");
  struct ifreq request {};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    return ErrnoStatus(errno, "raise the loopback device");
  }
  return absl::OkStatus();
}

}  // namespace base
