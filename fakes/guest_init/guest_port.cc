// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_init/guest_port.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <system_error>

#include "base/device_news.h"
#include "base/kernel_file.h"
#include "base/status_macros.h"

namespace fakes {
namespace {

using Clock = std::chrono::steady_clock;

int MillisecondsUntil(Clock::time_point limit) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - Clock::now()).count();
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left, 0, INT_MAX));
}

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
  ASSIGN_OR_RETURN(const base::DeviceNews news, base::DeviceNews::Open());
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
