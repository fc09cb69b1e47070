// SPDX-License-Identifier: Apache-2.0
#include "container/console.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/status_macros.h"

namespace container {
namespace {

constexpr char kMultiplexer[] = "/dev/ptmx";
constexpr char kConsole[] = "/dev/console";

absl::Status SendMaster(const base::UniqueFd& socket, const base::UniqueFd& master) {
  // The name goes along as those expect it that look at more than the descriptor.
  iovec data{.iov_base = const_cast<char*>(kMultiplexer), .iov_len = sizeof(kMultiplexer) - 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = master.get();
  std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  if (::sendmsg(socket.get(), &message, MSG_NOSIGNAL) < 0) {
    return base::ErrnoStatus(errno, "send the console");
  }
  return absl::OkStatus();
}

absl::Status MountConsole(const std::string& slave) {
  const base::UniqueFd file(::open(kConsole, O_CREAT | O_RDWR | O_CLOEXEC | O_NOCTTY, 0666));
  // A device that is there, and cannot be opened here, is covered all the same.
  if (!file.ok() && errno != EPERM && errno != ENXIO && errno != EIO) {
    return base::ErrnoStatus(errno, kConsole);
  }
  if (::mount(slave.c_str(), kConsole, nullptr, MS_BIND, nullptr) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("bind ", slave, " on ", kConsole));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<base::UniqueFd> ConnectConsoleSocket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("console socket ", path, ": too long"));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.ok()) return base::ErrnoStatus(errno, "socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("dial unix ", path));
  }
  return fd;
}

absl::Status BecomeConsole(const base::UniqueFd& socket, const oci::Process& process,
                           ConsoleDevice device) {
  const base::UniqueFd master(::open(kMultiplexer, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", kMultiplexer));
  unsigned number = 0;
  int locked = 0;
  if (::ioctl(master.get(), TIOCGPTN, &number) != 0 ||
      ::ioctl(master.get(), TIOCSPTLCK, &locked) != 0) {
    return base::ErrnoStatus(errno, "pseudo terminal");
  }
  const std::string slave = absl::StrCat("/dev/pts/", number);
  const base::UniqueFd terminal(::open(slave.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", slave));
  if (process.console_size.has_value()) {
    const struct winsize size {
      .ws_row = static_cast<unsigned short>(process.console_size->height),
      .ws_col = static_cast<unsigned short>(process.console_size->width), .ws_xpixel = 0,
      .ws_ypixel = 0
    };
    if (::ioctl(terminal.get(), TIOCSWINSZ, &size) != 0) {
      return base::ErrnoStatus(errno, "size of the console");
    }
  }
  if (device == ConsoleDevice::kMount) RETURN_IF_ERROR(MountConsole(slave));
  RETURN_IF_ERROR(SendMaster(socket, master));
  if (::ioctl(terminal.get(), TIOCSCTTY, 0) != 0) {
    return base::ErrnoStatus(errno, "controlling terminal");
  }
  for (int fd = 0; fd <= 2; ++fd) {
    if (::dup2(terminal.get(), fd) < 0) return base::ErrnoStatus(errno, "dup of the console");
  }
  return absl::OkStatus();
}

}  // namespace container
