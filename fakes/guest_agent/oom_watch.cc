// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/oom_watch.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

#include "base/status_macros.h"
#include "container/oom_monitor.h"

namespace fakes {

struct OomWatch::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& loop, container::OomMonitor source, absl::AnyInvocable<void()> tell)
      : monitor(std::move(source)), readable(loop), on_oom(std::move(tell)) {}
  // The descriptor is the monitor's to close.
  ~Impl() { Forget(); }
  void Forget() {
    if (readable.is_open()) (void)readable.release();
  }
  void Look() {
    if (monitor.Take() > 0 && on_oom) on_oom();
  }
  void Wait() {
    readable.async_wait(boost::asio::posix::descriptor_base::wait_read,
                        [self = shared_from_this()](const boost::system::error_code& error) {
                          if (error || !self->readable.is_open()) return;
                          self->Look();
                          if (self->readable.is_open()) self->Wait();
                        });
  }

  container::OomMonitor monitor;
  boost::asio::posix::stream_descriptor readable;
  absl::AnyInvocable<void()> on_oom;
};

absl::StatusOr<std::unique_ptr<OomWatch>> OomWatch::Start(boost::asio::io_context& loop,
                                                          const container::Cgroup& cgroup,
                                                          absl::AnyInvocable<void()> on_oom) {
  ASSIGN_OR_RETURN(container::OomMonitor monitor, container::OomMonitor::Create(cgroup));
  auto impl = std::make_shared<Impl>(loop, std::move(monitor), std::move(on_oom));
  if (impl->monitor.fd().ok()) {
    boost::system::error_code error;
    impl->readable.assign(impl->monitor.fd().get(), error);
    if (error) return base::ErrnoStatus(error.value(), "watch for lack of memory");
    impl->Wait();
  }
  return std::unique_ptr<OomWatch>(new OomWatch(std::move(impl)));
}

OomWatch::OomWatch(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

OomWatch::~OomWatch() {
  impl_->on_oom = nullptr;
  impl_->Forget();
}

void OomWatch::Look() { impl_->Look(); }

}  // namespace fakes
