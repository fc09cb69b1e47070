// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <optional>

#include "base/unique_fd.h"
#include "container/cgroup.h"
#include "container/cgroup_removal.h"
#include "reference-shim/backends/oci/engine.h"
#include "reference-shim/backends/oci/engine_runs.h"
#include "reference-shim/backends/oci/oci_host.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"

namespace backends {

// Ends and removes what a dead shim left of a container, in less than 4 s (DEL-03, DEL-05): by
// `engine delete --force`, and where the engine is gone, hangs, or has forgotten a container that
// lives on, by killing the recorded init and its cgroup and removing the engine's directory. An
// engine that was killed while it created leaves a cgroup, which is removed too (LEAK-04).
class Reclaim {
 public:
  // `host` is borrowed. `done` is called at the end of Run or later from the loop; it may destroy
  // this.
  Reclaim(OciHost& host, shim::ReclaimSpec spec, shim::Done<> done);
  Reclaim(const Reclaim&) = delete;
  Reclaim& operator=(const Reclaim&) = delete;

  void Run();

 private:
  enum class State { kEngine, kKill, kSweep, kFinished };
  void OnEngine(const absl::Status& status);
  [[nodiscard]] bool FindInit();
  void Kill();
  void OnKilled();
  void RemoveEngineState();
  void Sweep();
  void Finish(const absl::Status& status);

  OciHost& host_;
  shim::ReclaimSpec spec_;
  shim::Done<> done_;
  State state_ = State::kEngine;
  std::unique_ptr<Engine> engine_;
  absl::Status engine_status_;
  EngineRuns runs_;
  base::UniqueFd init_;
  std::optional<container::Cgroup> cgroup_;
  std::optional<container::CgroupRemoval> removal_;
  boost::asio::posix::stream_descriptor exited_;  // borrows init_; without a cgroup
  shim::Deadline deadline_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
