// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_init/guest_port.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <system_error>

#include "base/kernel_file.h"
#include "base/status_macros.h"

namespace fakes {
namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned kKernelGroup = 1;  // of NETLINK_KOBJECT_UEVENT: what the kernel itself sends

int MillisecondsUntil(Clock::time_point limit) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - Clock::now()).count();
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left, 0, INT_MAX));
}

// News of devices, told by the kernel: where one is looked for and not found, it is worth looking
// again after each.
class DeviceNews {
 public:
  static absl::StatusOr<DeviceNews> Open() {
    DeviceNews news;
    news.socket_.reset(
        ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = kKernelGroup;
    if (!news.socket_.ok() ||
        ::bind(news.socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      return base::ErrnoStatus(errno, "news of devices");
    }
    return news;
  }

  // False: there were none until `limit`.
  [[nodiscard]] bool Await(Clock::time_point limit) const {
    pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    for (;;) {
      const int count = ::poll(&ready, 1, MillisecondsUntil(limit));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      char text[4096];
      // What was lost for want of room is news as well.
      while (::recv(socket_.get(), text, sizeof(text), 0) > 0) {
      }
      return true;
    }
  }

 private:
  base::UniqueFd socket_;
};

absl::Status AwaitHost(const base::UniqueFd& port, Clock::time_point limit) {
  ASSIGN_OR_RETURN(const base::UniqueFd changes, WatchGuestPort(port));
  while (!IsHostThere(port)) {
    epoll_event change{};
    const int count = ::epoll_wait(changes.get(), &change, 1, MillisecondsUntil(limit));
    if (count == 0) return absl::DeadlineExceededError("nobody is at the host's end");
    if (count < 0 && errno != EINTR) return base::ErrnoStatus(errno, "epoll_wait");
  }
  return absl::OkStatus();
}

}  // namespace

std::string FindGuestPort(const GuestPortPlaces& places, const std::string& name) {
  std::error_code error;
  for (std::filesystem::directory_iterator it(places.ports, error), end; !error && it != end;
       it.increment(error)) {
    // The host's name for it may come later than the port.
    const auto given = base::ReadKernelFile(absl::StrCat(it->path().string(), "/name"));
    if (!given.ok() || absl::StripAsciiWhitespace(*given) != name) continue;
    return absl::StrCat(places.devices, "/", it->path().filename().string());
  }
  return "";
}

absl::StatusOr<std::string> AwaitGuestPort(const GuestPortPlaces& places, const std::string& name,
                                           std::chrono::milliseconds timeout) {
  const Clock::time_point limit = Clock::now() + timeout;
  ASSIGN_OR_RETURN(const DeviceNews news, DeviceNews::Open());
  std::string device = FindGuestPort(places, name);
  while (device.empty()) {
    if (!news.Await(limit)) {
      return absl::DeadlineExceededError(absl::StrCat("there is no virtio-serial port ", name));
    }
    device = FindGuestPort(places, name);
  }
  return device;
}

bool IsHostThere(const base::UniqueFd& port) {
  pollfd state{.fd = port.get(), .events = POLLOUT, .revents = 0};
  return ::poll(&state, 1, 0) >= 0 && (state.revents & POLLHUP) == 0;
}

absl::StatusOr<base::UniqueFd> WatchGuestPort(const base::UniqueFd& port) {
  base::UniqueFd changes(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event interest{};
  interest.events = EPOLLIN | EPOLLOUT | EPOLLET;
  if (!changes.ok() || ::epoll_ctl(changes.get(), EPOLL_CTL_ADD, port.get(), &interest) != 0) {
    return base::ErrnoStatus(errno, "watch of the port");
  }
  return changes;
}

absl::StatusOr<base::UniqueFd> OpenGuestPort(const GuestPortPlaces& places, const std::string& name,
                                             std::chrono::milliseconds timeout) {
  const Clock::time_point limit = Clock::now() + timeout;
  ASSIGN_OR_RETURN(const std::string device, AwaitGuestPort(places, name, timeout));
  base::UniqueFd port(::open(device.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!port.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", device));
  RETURN_IF_ERROR(base::Annotate(AwaitHost(port, limit), absl::StrCat("port ", name)));
  return port;
}

}  // namespace fakes
