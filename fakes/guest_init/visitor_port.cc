// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_init/visitor_port.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "fakes/guest_init/guest_port.h"
#include "fakes/guest_init/port_relay.h"
#include "vm/hybrid_vsock.h"

namespace fakes {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

}  // namespace

struct VisitorPort::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& context, std::string path, std::function<void(base::UniqueFd)> give)
      : loop(context),
        device(std::move(path)),
        serve(std::move(give)),
        changes(context),
        waiter(context) {}

  // Opened anew for each visitor: closing it drops what the last one has left unread.
  absl::Status Open() {
    port.reset(::open(device.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!port.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", device));
    ASSIGN_OR_RETURN(base::UniqueFd watch, WatchGuestPort(port));
    boost::system::error_code error;
    if (changes.is_open()) changes.close(error);
    changes.assign(watch.get(), error);
    if (error) return base::ErrnoStatus(error.value(), "watch into the loop");
    (void)watch.release();
    AwaitVisitor();
    return absl::OkStatus();
  }

  void AwaitVisitor() {
    if (IsHostThere(port)) return Admit();
    changes.async_wait(Descriptor::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& error) {
                         if (error || self->stopped) return;
                         epoll_event change{};
                         (void)::epoll_wait(self->changes.native_handle(), &change, 1, 0);
                         self->AwaitVisitor();
                       });
  }

  void Admit() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) return;
    visitor.reset(ends[0]);
    line = {};
    boost::system::error_code ignored;
    changes.close(ignored);
    relay = std::make_unique<PortRelay>(loop, std::move(port), base::UniqueFd(ends[1]),
                                        [this] { Leave(); });
    waiter.assign(visitor.get(), ignored);
    AwaitLine();
  }

  void AwaitLine() {
    waiter.async_wait(Descriptor::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                        if (!error && !self->stopped && self->visitor.ok()) self->TakeLine();
                      });
  }

  void TakeLine() {
    const absl::Status received = vm::ReceiveVsockLine(visitor, line);
    if (received.ok() && !line.complete()) return AwaitLine();
    waiter.release();
    if (!received.ok()) return Leave();
    const absl::StatusOr<std::uint32_t> asked = vm::ParseVsockConnect(line.text());
    if (!asked.ok()) return Leave();
    const std::string answer = vm::FormatVsockOk(*asked);
    if (::send(visitor.get(), answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return Leave();
    serve(std::move(visitor));
  }

  void Leave() {
    if (waiter.is_open()) waiter.release();
    visitor.reset();
    relay.reset();
    if (!stopped) (void)Open();
  }

  void Stop() {
    stopped = true;
    Leave();
    boost::system::error_code ignored;
    changes.close(ignored);
    port.reset();
  }

  boost::asio::io_context& loop;
  const std::string device;
  const std::function<void(base::UniqueFd)> serve;
  base::UniqueFd port;     // while there is no visitor
  Descriptor changes;      // at the port
  base::UniqueFd visitor;  // who has not said yet what for
  Descriptor waiter;       // borrows visitor
  vm::VsockLine line;
  std::unique_ptr<PortRelay> relay;
  bool stopped = false;
};

VisitorPort::VisitorPort(boost::asio::io_context& loop, std::string device,
                         std::function<void(base::UniqueFd)> serve)
    : impl_(std::make_shared<Impl>(loop, std::move(device), std::move(serve))) {}

VisitorPort::~VisitorPort() { impl_->Stop(); }

absl::Status VisitorPort::Start() { return impl_->Open(); }

}  // namespace fakes
