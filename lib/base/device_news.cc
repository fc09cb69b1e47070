// SPDX-License-Identifier: Apache-2.0
#include "base/device_news.h"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/status_macros.h"

namespace base {
namespace {

constexpr unsigned kKernelGroup = 1;  // of NETLINK_KOBJECT_UEVENT: what the kernel itself sends

int MillisecondsUntil(std::chrono::steady_clock::time_point limit) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(limit - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, INT_MAX));
}

}  // namespace

absl::StatusOr<DeviceNews> DeviceNews::Open() {
  DeviceNews news;
  news.socket_.reset(
      ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernelGroup;
  if (!news.socket_.ok() ||
      ::bind(news.socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    return ErrnoStatus(errno, "news of devices");
  }
  return news;
}

bool DeviceNews::Await(std::chrono::steady_clock::time_point limit) const {
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

}  // namespace base
