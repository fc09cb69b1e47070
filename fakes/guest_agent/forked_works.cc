// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/forked_works.h"

#include <iterator>
#include <utility>

#include "fakes/guest_agent/kill_and_reap.h"

namespace fakes {

ForkedWorks::~ForkedWorks() { Abort(); }

void ForkedWorks::Abort() {
  for (Work& work : works_) KillAndReap(work.fork.child.pid, work.watch);
  works_.clear();
}

void ForkedWorks::Run(absl::FunctionRef<absl::Status()> body, Done done) {
  absl::StatusOr<base::Fork> fork = base::RunInFork(body);
  if (!fork.ok()) return done(fork.status());
  works_.push_back({*std::move(fork), {}, std::move(done)});
  const auto work = std::prev(works_.end());
  work->watch = reaper_.OnExit(work->fork.child.pid, [this, work](const base::ExitStatus& exit) {
    const absl::Status result = base::ForkResult(work->fork, exit);
    Done finish = std::move(work->done);
    works_.erase(work);
    finish(result);
  });
}

}  // namespace fakes
