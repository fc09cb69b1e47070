// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_init/port_relay.h"

#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstddef>
#include <utility>
#include <vector>

#include "fakes/guest_init/limits.h"

namespace fakes {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

enum class Step { kMoved, kWaits, kGone };

Step StepOf(ssize_t result) {
  if (result > 0 || (result < 0 && errno == EINTR)) return Step::kMoved;
  return result < 0 && errno == EAGAIN ? Step::kWaits : Step::kGone;
}

}  // namespace

struct PortRelay::Impl : std::enable_shared_from_this<Impl> {
  // One direction: the bytes from `begin` to `end` of the buffer were read and not written yet.
  struct Way {
    Way(Descriptor& source, Descriptor& sink) : from(source), to(sink), buffer(kPortBytes) {}
    Descriptor& from;
    Descriptor& to;
    std::vector<char> buffer;
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  Impl(boost::asio::io_context& context, base::UniqueFd port_fd, base::UniqueFd socket_fd,
       std::function<void()> callback)
      : loop(context),
        port(context, port_fd.release()),
        socket(context, socket_fd.release()),
        on_end(std::move(callback)) {}

  void Move(Way& way) {
    if (closed) return;
    const bool writes = way.begin < way.end;
    Descriptor& side = writes ? way.to : way.from;
    const auto what = writes ? Descriptor::wait_write : Descriptor::wait_read;
    switch (writes ? Write(way) : Read(way)) {
      case Step::kMoved:  // the other direction gets its turn
        return boost::asio::post(loop, [this, &way, self = shared_from_this()] { Move(way); });
      case Step::kWaits:
        return side.async_wait(what, [this, &way, self = shared_from_this()](
                                         const boost::system::error_code&) { Move(way); });
      case Step::kGone:
        return End();
    }
  }

  static Step Read(Way& way) {
    const ssize_t got = ::read(way.from.native_handle(), way.buffer.data(), way.buffer.size());
    way.begin = 0;
    way.end = got > 0 ? static_cast<std::size_t>(got) : 0;
    return StepOf(got);
  }

  static Step Write(Way& way) {
    const ssize_t sent =
        ::write(way.to.native_handle(), way.buffer.data() + way.begin, way.end - way.begin);
    way.begin += sent > 0 ? static_cast<std::size_t>(sent) : 0;
    return StepOf(sent);
  }

  void End() {
    Close();
    // From the loop: our caller may be what the callback destroys.
    boost::asio::post(loop, [self = shared_from_this()] {
      if (self->on_end) std::exchange(self->on_end, nullptr)();
    });
  }

  void Close() {
    closed = true;
    boost::system::error_code ignored;
    port.close(ignored);
    socket.close(ignored);
  }

  boost::asio::io_context& loop;
  Descriptor port;
  Descriptor socket;
  std::function<void()> on_end;
  Way inward{port, socket};
  Way outward{socket, port};
  bool closed = false;
};

PortRelay::PortRelay(boost::asio::io_context& loop, base::UniqueFd port, base::UniqueFd socket,
                     std::function<void()> on_end)
    : impl_(std::make_shared<Impl>(loop, std::move(port), std::move(socket), std::move(on_end))) {
  impl_->Move(impl_->inward);
  impl_->Move(impl_->outward);
}

PortRelay::~PortRelay() {
  impl_->on_end = nullptr;
  if (!impl_->closed) impl_->Close();
}

}  // namespace fakes
