// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oom_watch.h"

#include <cstdint>
#include <utility>

namespace backends {

OomWatch::OomWatch(boost::asio::io_context& loop, container::OomMonitor monitor,
                   std::function<void()> on_oom)
    : monitor_(std::move(monitor)), readable_(loop), on_oom_(std::move(on_oom)) {
  if (!monitor_.fd().ok()) return;  // without the loop the check at exit still tells
  boost::system::error_code error;
  readable_.assign(monitor_.fd().get(), error);
  if (!error) Await();
}

OomWatch::~OomWatch() {
  if (readable_.is_open()) readable_.release();
}

void OomWatch::Await() {
  readable_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       guard_.Wrap([this](const boost::system::error_code& error) {
                         if (error) return;
                         Await();
                         Check();
                       }));
}

void OomWatch::Check() {
  const std::function<void()> on_oom = on_oom_;
  for (std::uint64_t kills = monitor_.Take(); kills > 0; --kills) on_oom();
}

}  // namespace backends
