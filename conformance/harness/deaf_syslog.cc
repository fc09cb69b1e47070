// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/deaf_syslog.h"

#include <absl/strings/str_cat.h>
#include <linux/filter.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>

#include "base/status_macros.h"

namespace conformance {

absl::StatusOr<base::UniqueFd> ListenAsSyslog(const std::string& path) {
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.ok()) return base::ErrnoStatus(errno, "syslog socket");
  // "Keep 0 bytes of it." Before bind, so that no message is ever queued.
  sock_filter drop{.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = 0};
  const sock_fprog program{.len = 1, .filter = &drop};
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    return base::ErrnoStatus(errno, "syslog socket: filter");
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return base::ErrnoStatus(ENAMETOOLONG, path);
  path.copy(address.sun_path, path.size());
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0666) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("bind ", path));
  }
  return socket;
}

}  // namespace conformance
