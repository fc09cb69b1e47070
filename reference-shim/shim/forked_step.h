// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include <boost/asio/io_context.hpp>
#include <chrono>

#include "base/child_reaper.h"
#include "base/fork.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/deadline.h"

namespace shim {

// One piece of work that may block, done in a copy of this process (base::RunInFork). Used once.
class ForkedStep {
 public:
  // Both borrowed.
  ForkedStep(boost::asio::io_context& loop, base::ChildReaper& reaper);
  // Kills what still works; its `done` never comes then.
  ~ForkedStep();
  ForkedStep(const ForkedStep&) = delete;
  ForkedStep& operator=(const ForkedStep&) = delete;

  // `done` comes later from the loop with what `body` returned, or with DEADLINE_EXCEEDED, "<what>
  // took too long". It may destroy this. `what` lives as long as this.
  void Run(const char* what, std::chrono::milliseconds timeout,
           absl::FunctionRef<absl::Status()> body, Done<> done);

  // For the end of a program, where no loop runs any more: stands still until the work is done, for
  // `timeout` at most. What `body` returned; the `done` of Run does not come.
  absl::Status Await(std::chrono::milliseconds timeout);

 private:
  void Finish(absl::Status status);

  base::ChildReaper& reaper_;
  const char* what_ = "";
  Done<> done_;
  Deadline limit_;
  base::Fork fork_;
  bool running_ = false;
  base::ChildReaper::Watch exit_;
};

}  // namespace shim
