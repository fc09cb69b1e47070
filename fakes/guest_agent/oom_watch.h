// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <memory>

#include "container/cgroup.h"

namespace fakes {

// Tells when a cgroup has run out of memory (container::OomMonitor on the loop).
class OomWatch {
 public:
  // NOT_FOUND if the cgroup counts no memory. `on_oom` comes from the loop, or from Look().
  static absl::StatusOr<std::unique_ptr<OomWatch>> Start(boost::asio::io_context& loop,
                                                         const container::Cgroup& cgroup,
                                                         absl::AnyInvocable<void()> on_oom);
  ~OomWatch();
  OomWatch(const OomWatch&) = delete;
  OomWatch& operator=(const OomWatch&) = delete;

  // Looks without waiting for the kernel to say so: after an exit, which may be told first.
  void Look();

 private:
  struct Impl;
  explicit OomWatch(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // shared with pending asynchronous operations
};

}  // namespace fakes
