// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/console_socket.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/console_message.h"
#include "reference-shim/backends/oci/limits.h"

namespace backends {

ConsoleSocket::ConsoleSocket(boost::asio::io_context& loop)
    : listener_(loop), connection_(loop), deadline_(loop) {}

ConsoleSocket::~ConsoleSocket() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

absl::StatusOr<std::unique_ptr<ConsoleSocket>> ConsoleSocket::Listen(boost::asio::io_context& loop,
                                                                     const std::string& bundle,
                                                                     const std::string& name) {
  std::unique_ptr<ConsoleSocket> socket(new ConsoleSocket(loop));
  RETURN_IF_ERROR(base::Annotate(socket->Bind(bundle, name), "console socket"));
  return socket;
}

absl::Status ConsoleSocket::Bind(const std::string& bundle, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = absl::StrCat(bundle, "/", name);
  address_ = path;
  if (address_.size() >= sizeof(address.sun_path)) {
    directory_.reset(::open(bundle.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory_.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", bundle));
    address_ = absl::StrCat("/proc/", ::getpid(), "/fd/", directory_.get(), "/", name);
  }
  if (address_.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("name too long: ", name));
  }
  std::memcpy(address.sun_path, address_.c_str(), address_.size() + 1);
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.ok()) return base::ErrnoStatus(errno, "socket");
  ::unlink(path.c_str());
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("bind ", path));
  }
  path_ = path;
  if (::listen(fd.get(), 1) != 0) return base::ErrnoStatus(errno, "listen");
  boost::system::error_code error;
  listener_.assign(fd.get(), error);
  if (error) return base::ErrnoStatus(error.value(), "socket into the loop");
  (void)fd.release();  // `listener_` owns it now
  return absl::OkStatus();
}

void ConsoleSocket::Receive(shim::Done<base::UniqueFd> done) {
  done_ = std::move(done);
  deadline_.Set(kConsoleTimeout,
                [this] { Finish(absl::DeadlineExceededError("the engine sent no console")); });
  AwaitConnection();
}

void ConsoleSocket::AwaitConnection() {
  listener_.async_wait(
      boost::asio::posix::stream_descriptor::wait_read,
      guard_.Wrap([this](const boost::system::error_code&) {
        base::UniqueFd fd(
            ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!fd.ok() && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
          return Finish(base::ErrnoStatus(errno, "accept on the console socket"));
        }
        if (!fd.ok()) return AwaitConnection();
        boost::system::error_code error;
        connection_.assign(fd.get(), error);
        if (error) return Finish(base::ErrnoStatus(error.value(), "connection into the loop"));
        (void)fd.release();  // `connection_` owns it now
        AwaitMessage();
      }));
}

void ConsoleSocket::AwaitMessage() {
  connection_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         guard_.Wrap([this](const boost::system::error_code&) {
                           absl::StatusOr<base::UniqueFd> console =
                               ReceiveConsole(connection_.native_handle());
                           if (absl::IsFailedPrecondition(console.status())) return AwaitMessage();
                           Finish(std::move(console));
                         }));
}

void ConsoleSocket::Finish(absl::StatusOr<base::UniqueFd> result) {
  guard_.Reset();
  deadline_.Clear();
  std::exchange(done_, nullptr)(std::move(result));  // may destroy this
}

}  // namespace backends
