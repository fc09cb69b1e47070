// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <optional>

#include "base/unique_fd.h"
#include "container/cgroup_removal.h"
#include "oci/spec.h"
#include "reference-shim/backends/hook_run.h"
#include "reference-shim/backends/wasm/wasm_host.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"
#include "reference-shim/stage/stage_plan.h"

namespace backends {

// Ends and removes what a dead shim left of a Wasm container, in less than 4 s (DEL-03, DEL-05), by
// its record: the init and its cgroup; then the poststop hooks, as Delete would have run them.
class WasmReclaim {
 public:
  // `host` is borrowed. `done` is called at the end of Run or later from the loop; it may destroy
  // this.
  WasmReclaim(WasmHost& host, shim::ReclaimSpec spec, shim::Done<> done);
  WasmReclaim(const WasmReclaim&) = delete;
  WasmReclaim& operator=(const WasmReclaim&) = delete;

  void Run();

 private:
  void EndInit();
  void RemoveCgroup(const absl::Status& ended);
  void RunPoststop(const absl::Status& removed);
  void Finish(const absl::Status& status);

  WasmHost& host_;
  shim::ReclaimSpec spec_;
  shim::Done<> done_;
  stage::StagePlan plan_;
  oci::Spec container_;
  base::UniqueFd init_;
  boost::asio::posix::stream_descriptor exited_;  // borrows init_
  std::optional<container::CgroupRemoval> removal_;
  std::unique_ptr<HookRun> hooks_;
  shim::Deadline deadline_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
