// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/vm/hypervisor_api.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "base/status_macros.h"
#include "ttrpc/client.h"

namespace benchmarks::vm {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{10};
constexpr char kEndOfHead[] = "\r\n\r\n";
constexpr char kLength[] = "Content-Length: ";  // as the stand-in spells it

// Until a file appears in the directory that `watch` is about, or `limit`.
absl::Status AwaitFile(const base::UniqueFd& watch, Clock::time_point limit) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - Clock::now());
  pollfd waits{.fd = watch.get(), .events = POLLIN, .revents = 0};
  const int ready = left.count() > 0 ? ::poll(&waits, 1, static_cast<int>(left.count())) : 0;
  if (ready < 0 && errno != EINTR) return base::ErrnoStatus(errno, "poll");
  if (ready == 0) return absl::DeadlineExceededError("nobody has made it");
  char events[4096];
  if (ready > 0 && ::read(watch.get(), events, sizeof events) < 0) {
    return base::ErrnoStatus(errno, "read an inotify");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<base::UniqueFd> ConnectBlocking(const std::string& path) {
  ASSIGN_OR_RETURN(base::UniqueFd socket, ttrpc::ConnectUnix(path));
  const int flags = ::fcntl(socket.get(), F_GETFL);
  const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
  if (flags < 0 || ::fcntl(socket.get(), F_SETFL, flags & ~O_NONBLOCK) != 0 ||
      ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
    return base::ErrnoStatus(errno, path);
  }
  return socket;
}

absl::StatusOr<HypervisorApi> HypervisorApi::Await(const std::string& path) {
  base::UniqueFd watch(::inotify_init1(IN_CLOEXEC));
  const std::string directory = path.substr(0, path.rfind('/'));
  if (!watch.ok() || ::inotify_add_watch(watch.get(), directory.c_str(), IN_CREATE) < 0) {
    return base::ErrnoStatus(errno, absl::StrCat("inotify ", directory));
  }
  const Clock::time_point limit = Clock::now() + kPatience;
  for (;;) {
    absl::StatusOr<base::UniqueFd> socket = ConnectBlocking(path);
    if (socket.ok()) {
      HypervisorApi api(*std::move(socket));
      api.watch_ = std::move(watch);
      return api;
    }
    if (Clock::now() > limit) return base::Annotate(socket.status(), path);
    // Between bind and listen nothing tells, and it is a matter of microseconds.
    if (::access(path.c_str(), F_OK) == 0) {
      ::sched_yield();
    } else {
      RETURN_IF_ERROR(base::Annotate(AwaitFile(watch, limit), path));
    }
  }
}

absl::StatusOr<std::string> HypervisorApi::ReadMore() {
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(socket_.get(), buffer, sizeof buffer);
    if (got > 0) return std::string(buffer, static_cast<std::size_t>(got));
    if (got == 0) return absl::UnavailableError("the hypervisor has closed the connection");
    if (errno != EINTR) return base::ErrnoStatus(errno, "read an answer of the hypervisor");
  }
}

absl::Status HypervisorApi::Call(const std::string& method, const std::string& command,
                                 const std::string& body) {
  const std::string request = absl::StrCat(
      method, " /api/v1/", command, " HTTP/1.1\r\nHost: localhost\r\nContent-Length: ", body.size(),
      kEndOfHead, body);
  if (::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return base::ErrnoStatus(errno, command);
  }
  std::string answer;
  std::size_t head = std::string::npos;
  while ((head = answer.find(kEndOfHead)) == std::string::npos) {
    ASSIGN_OR_RETURN(const std::string more, ReadMore());
    answer += more;
  }
  head += sizeof kEndOfHead - 1;
  std::size_t length = 0;
  const std::size_t field = answer.find(kLength);
  if (field < head) {
    const absl::string_view rest = absl::string_view(answer).substr(field + sizeof kLength - 1);
    if (!absl::SimpleAtoi(rest.substr(0, rest.find('\r')), &length)) {
      return absl::InternalError(absl::StrCat(command, ": expected a length in ", answer));
    }
  }
  while (answer.size() < head + length) {
    ASSIGN_OR_RETURN(const std::string more, ReadMore());
    answer += more;
  }
  if (absl::StartsWith(answer, "HTTP/1.1 2")) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(command, ": ", answer));
}

}  // namespace benchmarks::vm
