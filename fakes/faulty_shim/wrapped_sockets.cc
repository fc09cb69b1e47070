// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "fakes/faulty_shim/leak.h"
#include "fakes/faulty_shim/wrapped.h"
#include "ttrpc/frame.h"

// System calls about sockets, terminals and the loop.
namespace fakes {

FAULTY_SHIM_WRAPS(int, Listen, "listen", int fd, int backlog);
FAULTY_SHIM_WRAPS(int, Connect, "connect", int fd, const sockaddr* address, socklen_t size);
FAULTY_SHIM_WRAPS(int, Getsockopt, "getsockopt", int fd, int level, int option, void* value,
                  socklen_t* size);
FAULTY_SHIM_WRAPS(int, Accept4, "accept4", int fd, sockaddr* address, socklen_t* size, int flags);
FAULTY_SHIM_WRAPS(ssize_t, Sendmsg, "sendmsg", int fd, const msghdr* message, int flags);
FAULTY_SHIM_WRAPS(ttrpc::FrameHeader, DecodeFrameHeader, "_ZN5ttrpc17DecodeFrameHeaderEPKc",
                  const char* in);
FAULTY_SHIM_WRAPS(int, EpollWait, "epoll_wait", int fd, epoll_event* events, int max, int ms);
FAULTY_SHIM_WRAPS(int, Ioctl, "ioctl", int fd, unsigned long request, ...);

// The daemon makes up for it when its time has come (faulty_daemon.cc).
int WrapListen(int fd, int backlog) {
  return Fire("defer", "listen") != nullptr ? 0 : RealListen(fd, backlog);
}

namespace {

FaultPlan::Facts FactsOf(const sockaddr* address, socklen_t size) {
  sockaddr_un local{};
  std::memcpy(&local, address, std::min<std::size_t>(size, sizeof(local)));
  return {{"path", {local.sun_path, ::strnlen(local.sun_path, sizeof(local.sun_path))}}};
}

// The rules about a connect that fails with `errno`.
void SufferRefusal(const FaultPlan::Facts& facts) {
  const int error = errno;
  const bool nobody = error == ECONNREFUSED || error == ENOENT;
  if (nobody && Fire("crash", "connect", facts) != nullptr) std::abort();
  if (const Rule* rule = nobody ? Fire("block", "connect", facts) : nullptr) {
    ::poll(nullptr, 0, static_cast<int>(rule->Number("ms")));
  }
  if (error == EAGAIN && Fire("await", "connect", facts) != nullptr) ::poll(nullptr, 0, -1);
  errno = error;
}

}  // namespace

int WrapConnect(int fd, const sockaddr* address, socklen_t size) {
  if (CurrentPlan() == nullptr || address->sa_family != AF_UNIX) {
    return RealConnect(fd, address, size);
  }
  const FaultPlan::Facts facts = FactsOf(address, size);
  if (const Rule* rule = Fire("fail", "connect", facts)) {
    errno = static_cast<int>(rule->Number("errno"));
    return -1;
  }
  const int result = RealConnect(fd, address, size);
  if (result == 0) {
    LatestConnection() = fd;
  } else {
    SufferRefusal(facts);
  }
  return result;
}

int& LatestConnection() {
  static int fd = -1;
  return fd;
}

int WrapAccept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  if (const Rule* rule = Fire("fail", "accept4")) {
    errno = static_cast<int>(rule->Number("errno"));
    return -1;
  }
  const int client = RealAccept4(fd, address, size, flags);
  if (client >= 0 && Fire("crash", "accept4") != nullptr) std::abort();
  return client;
}

ssize_t WrapSendmsg(int fd, const msghdr* message, int flags) {
  for (;;) {
    const ssize_t sent = RealSendmsg(fd, message, flags);
    const bool is_full = sent < 0 && errno == EAGAIN;
    if (!is_full || Fire("block", "sendmsg") == nullptr) return sent;
    pollfd peer{.fd = fd, .events = POLLOUT, .revents = 0};
    ::poll(&peer, 1, -1);
  }
}

ttrpc::FrameHeader WrapDecodeFrameHeader(const char* in) {
  const ttrpc::FrameHeader header = RealDecodeFrameHeader(in);
  if (PlanHas("leak", "frame")) {
    const Rule* rule = Fire("leak", "frame", {{"length", std::to_string(header.length)}});
    if (rule != nullptr) LeakMemory(static_cast<std::size_t>(rule->Number("bytes")));
  }
  return header;
}

int WrapGetsockopt(int fd, int level, int option, void* value, socklen_t* size) {
  const int result = RealGetsockopt(fd, level, option, value, size);
  if (result != 0 || level != SOL_SOCKET || option != SO_PEERCRED || *size != sizeof(ucred)) {
    return result;
  }
  if (const Rule* rule = Fire("forge", "getsockopt")) {
    auto* peer = static_cast<ucred*>(value);
    if (rule->Text("which") != "gid") peer->uid = ::geteuid();
    if (rule->Text("which") != "uid") peer->gid = ::getegid();
  }
  return result;
}

int WrapEpollWait(int fd, epoll_event* events, int max, int ms) {
  return RealEpollWait(fd, events, max,
                       PlanHas("spin", "epoll_wait") && Fire("spin", "epoll_wait") ? 0 : ms);
}

int WrapIoctl(int fd, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  if (request != TIOCSWINSZ) return RealIoctl(fd, request, argument);
  if (Fire("skip", "ioctl") != nullptr) return 0;
  winsize size = *static_cast<winsize*>(argument);
  if (Fire("swap", "ioctl") != nullptr) std::swap(size.ws_row, size.ws_col);
  return RealIoctl(fd, request, &size);
}

}  // namespace fakes
