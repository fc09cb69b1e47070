// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/unix_listener.h"

#include <absl/strings/str_cat.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "fakes/hypervisor/limits.h"
#include "ttrpc/client.h"

namespace fakes {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

ino_t InodeOf(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

absl::StatusOr<base::UniqueFd> Bind(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("socket path \"", path, "\" has ", path.size(),
                                                   " bytes, not 1 to ",
                                                   sizeof(address.sun_path) - 1));
  }
  path.copy(address.sun_path, path.size());
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.ok()) return base::ErrnoStatus(errno, "socket");
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    const int error = errno == EADDRINUSE ? EEXIST : errno;
    return base::ErrnoStatus(error, absl::StrCat("bind ", path));
  }
  if (::listen(fd.get(), kListenBacklog) == 0) return fd;
  const absl::Status status = base::ErrnoStatus(errno, absl::StrCat("listen on ", path));
  ::unlink(path.c_str());
  return status;
}

}  // namespace

struct UnixListener::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& loop, std::string where, base::UniqueFd fd, OnConnection callback)
      : path(std::move(where)),
        inode(InodeOf(path)),
        on_connection(std::move(callback)),
        socket(loop, fd.release()),
        pause(loop) {}

  void Wait() {
    socket.async_wait(Descriptor::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                        if (!error && !self->closed) self->AcceptAll();
                      });
  }

  void AcceptAll() {
    while (!closed) {
      base::UniqueFd fd(
          ::accept4(socket.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (fd.ok()) {
        const OnConnection callback = on_connection;  // it may destroy the listener
        callback(std::move(fd));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return Wait();
      } else if (errno != EINTR && errno != ECONNABORTED) {
        return Rest();
      }
    }
  }

  // For want of descriptors the connection stays in the backlog, and the socket readable.
  void Rest() {
    pause.expires_after(kAcceptPause);
    pause.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error && !self->closed) self->AcceptAll();
    });
  }

  void Close() {
    closed = true;
    if (inode != 0 && InodeOf(path) == inode) ::unlink(path.c_str());
    boost::system::error_code ignored;
    socket.close(ignored);
    pause.cancel();
    on_connection = nullptr;
  }

  const std::string path;
  const ino_t inode;
  OnConnection on_connection;
  Descriptor socket;
  boost::asio::steady_timer pause;
  bool closed = false;
};

absl::StatusOr<std::unique_ptr<UnixListener>> UnixListener::Listen(boost::asio::io_context& loop,
                                                                   const std::string& path,
                                                                   Stale stale,
                                                                   OnConnection on_connection) {
  absl::StatusOr<base::UniqueFd> fd = Bind(path);
  if (absl::IsAlreadyExists(fd.status()) && stale == Stale::kReplace) {
    const absl::StatusOr<base::UniqueFd> live = ttrpc::ConnectUnix(path);
    if (live.ok()) {
      return absl::AlreadyExistsError(absl::StrCat("bind ", path, ": somebody listens there"));
    }
    ::unlink(path.c_str());
    fd = Bind(path);
  }
  RETURN_IF_ERROR(fd.status());
  auto impl = std::make_shared<Impl>(loop, path, *std::move(fd), std::move(on_connection));
  impl->Wait();
  return std::unique_ptr<UnixListener>(new UnixListener(std::move(impl)));
}

UnixListener::~UnixListener() { impl_->Close(); }

const std::string& UnixListener::path() const { return impl_->path; }

}  // namespace fakes
