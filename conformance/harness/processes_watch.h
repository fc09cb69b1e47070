// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "base/unique_fd.h"

namespace conformance {

// A stable handle on a process that need not be our child, which tells when it ends. Destroying it
// ends the watch. Destroy before `loop`.
class ProcessWatch {
 public:
  // NOT_FOUND when there is no such process (any more). `on_exit` runs once, from the loop; what it
  // learns is that the process ended, not how.
  static absl::StatusOr<std::unique_ptr<ProcessWatch>> Open(boost::asio::io_context& loop,
                                                            pid_t pid,
                                                            std::function<void()> on_exit);
  ~ProcessWatch();
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;

  // Zombie or gone, asked now.
  [[nodiscard]] bool HasExited() const;
  [[nodiscard]] const base::UniqueFd& pidfd() const { return pidfd_; }

 private:
  struct Waiter;
  ProcessWatch(boost::asio::io_context& loop, base::UniqueFd pidfd, std::function<void()> on_exit);

  base::UniqueFd pidfd_;
  std::unique_ptr<Waiter> waiter_;
};

}  // namespace conformance
