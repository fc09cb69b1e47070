// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include <list>

#include "base/child_reaper.h"
#include "base/fork.h"

namespace fakes {

// Work that may block in the kernel, each in a copy of this process (base::RunInFork), and what is
// to be done with its result.
class ForkedWorks {
 public:
  using Done = absl::AnyInvocable<void(absl::Status)>;

  // `reaper` is borrowed.
  explicit ForkedWorks(base::ChildReaper& reaper) : reaper_(reaper) {}
  // Whatever still runs is killed and reaped, without a `done`.
  ~ForkedWorks();
  void Abort();  // the same now
  ForkedWorks(const ForkedWorks&) = delete;
  ForkedWorks& operator=(const ForkedWorks&) = delete;

  // `body` runs in the copy; `done` comes from the loop with what it returned, or at once if there
  // is no copy.
  void Run(absl::FunctionRef<absl::Status()> body, Done done);

 private:
  struct Work {
    base::Fork fork;
    base::ChildReaper::Watch watch;
    Done done;
  };
  base::ChildReaper& reaper_;
  std::list<Work> works_;
};

}  // namespace fakes
