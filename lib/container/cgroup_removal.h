// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>

#include "container/cgroup.h"

namespace container {

// Ends every process of a cgroup, waits for their ends, and removes the cgroup.
class CgroupRemoval {
 public:
  // `loop` is borrowed. `done` comes later from the loop: OK, also if there was no such cgroup;
  // DEADLINE_EXCEEDED if a process survives SIGKILL for `timeout`. It may destroy this, and never
  // comes after destruction, which leaves the rest undone.
  CgroupRemoval(boost::asio::io_context& loop, Cgroup cgroup, std::chrono::milliseconds timeout,
                absl::AnyInvocable<void(absl::Status)> done);
  ~CgroupRemoval();
  CgroupRemoval(const CgroupRemoval&) = delete;
  CgroupRemoval& operator=(const CgroupRemoval&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace container
