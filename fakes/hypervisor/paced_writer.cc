// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/paced_writer.h"

#include <sys/socket.h>

#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <utility>

namespace fakes {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

struct Writing : std::enable_shared_from_this<Writing> {
  Writing(Descriptor& to, std::string text, Pace how, std::shared_ptr<void> owner,
          std::function<void(bool)> callback)
      : socket(to),
        bytes(std::move(text)),
        pace(how),
        keep(std::move(owner)),
        done(std::move(callback)),
        timer(to.get_executor()) {}

  void Go() {
    while (at < bytes.size()) {
      const std::size_t size = pace.byte_by_byte ? 1 : bytes.size() - at;
      const ssize_t sent =
          ::send(socket.native_handle(), bytes.data() + at, size, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return socket.async_wait(Descriptor::wait_write,
                                 [self = shared_from_this()](const boost::system::error_code& e) {
                                   e ? self->done(false) : self->Go();
                                 });
      }
      if (sent < 0) return done(false);
      at += static_cast<std::size_t>(sent);
      if (pace.byte_by_byte && pace.between.count() > 0 && at < bytes.size()) {
        timer.expires_after(pace.between);
        return timer.async_wait(
            [self = shared_from_this()](const boost::system::error_code& error) {
              error ? self->done(false) : self->Go();
            });
      }
    }
    done(true);
  }

  Descriptor& socket;
  const std::string bytes;
  const Pace pace;
  const std::shared_ptr<void> keep;  // owns `socket`; its other owner is whoever handles it
  const std::function<void(bool)> done;
  boost::asio::steady_timer timer;
  std::size_t at = 0;
};

}  // namespace

void WritePaced(Descriptor& socket, std::string bytes, Pace pace, std::shared_ptr<void> keep,
                std::function<void(bool)> done) {
  std::make_shared<Writing>(socket, std::move(bytes), pace, std::move(keep), std::move(done))->Go();
}

}  // namespace fakes
