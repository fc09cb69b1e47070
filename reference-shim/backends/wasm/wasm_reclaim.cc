// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/wasm_reclaim.h"

#include <absl/strings/str_cat.h>

#include <csignal>
#include <utility>

#include "base/pidfd.h"
#include "container/recorded_process.h"
#include "oci/bundle.h"
#include "reference-shim/backends/wasm/stage_limits.h"
#include "reference-shim/backends/wasm/wasm_record.h"

namespace backends {

WasmReclaim::WasmReclaim(WasmHost& host, shim::ReclaimSpec spec, shim::Done<> done)
    : host_(host),
      spec_(std::move(spec)),
      done_(std::move(done)),
      exited_(host.context.loop),
      deadline_(host.context.loop) {}

void WasmReclaim::Run() {
  absl::StatusOr<stage::StagePlan> plan = LoadWasmRecord(spec_.bundle);
  if (absl::IsNotFound(plan.status())) return Finish(absl::OkStatus());
  if (!plan.ok()) return Finish(plan.status());
  plan_ = *std::move(plan);
  absl::StatusOr<oci::Spec> container = oci::ReadSpec(spec_.bundle);
  if (container.ok()) {
    container_ = *std::move(container);
  } else {
    host_.context.log.Warning(container.status().message());
  }
  EndInit();
}

void WasmReclaim::EndInit() {
  absl::StatusOr<base::UniqueFd> init =
      container::OpenRecordedProcess(absl::StrCat(spec_.bundle, "/init.pid"));
  if (!init.ok() || base::HasExited(*init)) return RemoveCgroup(absl::OkStatus());
  init_ = *std::move(init);
  (void)base::SendSignal(init_, SIGKILL);
  // A frozen one dies only with its cgroup's help.
  if (container::Exists(plan_.cgroup)) (void)container::SignalAll(plan_.cgroup, SIGKILL);
  boost::system::error_code error;
  exited_.assign(init_.get(), error);
  if (error) return RemoveCgroup(absl::OkStatus());
  deadline_.Set(kReclaimKillTimeout, [this] {
    RemoveCgroup(
        absl::DeadlineExceededError(absl::StrCat("the init of ", spec_.id, " survives SIGKILL")));
  });
  exited_.async_wait(
      boost::asio::posix::stream_descriptor::wait_read,
      guard_.Wrap([this](const boost::system::error_code&) { RemoveCgroup(absl::OkStatus()); }));
}

void WasmReclaim::RemoveCgroup(const absl::Status& ended) {
  guard_.Reset();
  deadline_.Clear();
  if (exited_.is_open()) exited_.release();
  if (!ended.ok()) return Finish(ended);
  if (!container::Exists(plan_.cgroup)) return RunPoststop(absl::OkStatus());
  removal_.emplace(host_.context.loop, plan_.cgroup, container::CgroupEnd::kKill,
                   kReclaimKillTimeout,
                   [this](const absl::Status& status) { RunPoststop(status); });
}

void WasmReclaim::RunPoststop(const absl::Status& removed) {
  if (!removed.ok()) return Finish(removed);
  // First, so that nobody runs them again. Without the record, a shim that lives has run them.
  if (!RemoveWasmRecord(spec_.bundle)) return Finish(absl::OkStatus());
  hooks_ = std::make_unique<HookRun>(host_.context, container_, plan_.id, spec_.bundle);
  hooks_->Poststop(kReclaimHooksTimeout, [this](const absl::Status& ran) {
    if (!ran.ok()) host_.context.log.Warning("container ", spec_.id, ": ", ran.message());
    Finish(absl::OkStatus());
  });
}

void WasmReclaim::Finish(const absl::Status& status) { std::exchange(done_, nullptr)(status); }

}  // namespace backends
