// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/stream_relay.h"

#include <sys/socket.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <string>
#include <utility>

#include "fakes/hypervisor/limits.h"

namespace fakes {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK; }

}  // namespace

struct StreamRelay::Impl : std::enable_shared_from_this<Impl> {
  struct Way {
    Way(Descriptor& source, Descriptor& sink) : from(source), to(sink) {}
    Descriptor& from;
    Descriptor& to;
    std::string held;  // received, not yet sent
    bool waits = false;
    bool ended = false;
  };

  Impl(boost::asio::io_context& context, base::UniqueFd one, base::UniqueFd other,
       std::function<void()> callback)
      : loop(context),
        host(context, one.release()),
        guest(context, other.release()),
        on_end(std::move(callback)) {}

  void Move(Way& way) {
    if (closed || paused || way.waits || way.ended) return;
    for (int turn = 0; turn < kRelayTurn; ++turn) {
      if (!way.held.empty()) {
        if (!Send(way)) return;
      } else if (!Receive(way)) {
        return;
      }
    }
    way.waits = true;
    boost::asio::post(loop, [this, &way, self = shared_from_this()] { GoOn(way); });
  }

  // Whether to go on at once.
  bool Receive(Way& way) {
    way.held.resize(kRelayBytes);
    const ssize_t got =
        ::recv(way.from.native_handle(), way.held.data(), way.held.size(), MSG_DONTWAIT);
    way.held.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (got > 0 || (got < 0 && errno == EINTR)) return true;
    if (got < 0 && WouldBlock()) {
      way.held = std::string();  // an idle connection keeps no buffer
      Wait(way, way.from, Descriptor::wait_read);
      return false;
    }
    if (got < 0) return Break();
    way.ended = true;
    ::shutdown(way.to.native_handle(), SHUT_WR);
    if (inward.ended && outward.ended) Break();
    return false;
  }

  bool Send(Way& way) {
    const ssize_t sent = ::send(way.to.native_handle(), way.held.data(), way.held.size(),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      way.held.erase(0, static_cast<std::size_t>(sent));
      return true;
    }
    if (errno == EINTR) return true;
    if (!WouldBlock()) return Break();
    Wait(way, way.to, Descriptor::wait_write);
    return false;
  }

  void Wait(Way& way, Descriptor& descriptor, Descriptor::wait_type what) {
    way.waits = true;
    descriptor.async_wait(what, [this, &way, self = shared_from_this()](
                                    const boost::system::error_code&) { GoOn(way); });
  }

  void GoOn(Way& way) {
    way.waits = false;
    Move(way);
  }

  bool Break() {
    if (closed) return false;
    Close();
    // From the loop: our caller may be what the callback destroys.
    boost::asio::post(loop, [self = shared_from_this()] {
      if (self->on_end) std::exchange(self->on_end, nullptr)();
    });
    return false;
  }

  void Close() {
    closed = true;
    boost::system::error_code ignored;
    host.close(ignored);
    guest.close(ignored);
  }

  boost::asio::io_context& loop;
  Descriptor host;
  Descriptor guest;
  std::function<void()> on_end;
  Way inward{host, guest};
  Way outward{guest, host};
  bool paused = false;
  bool closed = false;
};

StreamRelay::StreamRelay(boost::asio::io_context& loop, base::UniqueFd host, base::UniqueFd guest,
                         std::function<void()> on_end)
    : impl_(std::make_shared<Impl>(loop, std::move(host), std::move(guest), std::move(on_end))) {}

StreamRelay::~StreamRelay() {
  impl_->on_end = nullptr;
  impl_->Close();
}

void StreamRelay::Start() {
  impl_->Move(impl_->inward);
  impl_->Move(impl_->outward);
}

void StreamRelay::Pause() { impl_->paused = true; }

void StreamRelay::Resume() {
  impl_->paused = false;
  Start();
}

}  // namespace fakes
