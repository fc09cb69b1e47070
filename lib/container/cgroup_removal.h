// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>

#include "container/cgroup.h"

namespace container {

// What becomes of the processes in a cgroup that shall go.
enum class CgroupEnd {
  kKill,   // SIGKILL, and cgroups below are removed too
  kAwait,  // they are ending by themselves, and might be others': nothing is signalled, and the
           // cgroup stays if there are further ones in it
};

// Removes a cgroup once its last process has ended.
class CgroupRemoval {
 public:
  // `loop` is borrowed. `done` comes later from the loop: OK, also if there was no such cgroup;
  // DEADLINE_EXCEEDED if a process is still there after `timeout`. It may destroy this, and never
  // comes after destruction, which leaves the rest undone.
  CgroupRemoval(boost::asio::io_context& loop, Cgroup cgroup, CgroupEnd end,
                std::chrono::milliseconds timeout, absl::AnyInvocable<void(absl::Status)> done);
  ~CgroupRemoval();
  CgroupRemoval(const CgroupRemoval&) = delete;
  CgroupRemoval& operator=(const CgroupRemoval&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace container
