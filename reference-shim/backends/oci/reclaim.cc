// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/reclaim.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/pidfd.h"
#include "container/bundle_cgroup.h"
#include "container/recorded_process.h"
#include "reference-shim/backends/oci/engine_options.h"
#include "reference-shim/backends/oci/limits.h"

namespace backends {
namespace {

// Safe to use as the name of a directory that is going to be removed.
bool IsPlainName(const std::string& id) {
  return !id.empty() && !absl::StartsWith(id, ".") && !absl::StrContains(id, '/');
}

}  // namespace

Reclaim::Reclaim(OciHost& host, shim::ReclaimSpec spec, shim::Done<> done)
    : host_(host),
      spec_(std::move(spec)),
      done_(std::move(done)),
      exited_(host.context.loop),
      deadline_(host.context.loop) {}

void Reclaim::Run() {
  absl::StatusOr<EngineOptions> options = LoadEngineOptions(spec_.bundle);
  if (!options.ok()) host_.context.log.Warning(options.status().message());
  std::error_code ignored;
  const bool has_bundle = std::filesystem::is_directory(spec_.bundle, ignored);
  engine_ = std::make_unique<Engine>(
      host_, SettingsFor(options.value_or(EngineOptions()), host_.context.namespace_name,
                         has_bundle ? spec_.bundle : ""));
  runs_.Start(*engine_, {.verb = "delete", .flags = {"--force"}, .arguments = {spec_.id}}, {},
              kReclaimEngineTimeout,
              [this](const absl::StatusOr<std::string>& result) { OnEngine(result.status()); });
}

void Reclaim::OnEngine(const absl::Status& status) {
  engine_status_ = status;
  if (!status.ok()) host_.context.log.Warning(status.message());
  const bool alive = FindInit();
  if (status.ok() && !alive) return Sweep();
  state_ = State::kKill;
  alive ? Kill() : OnKilled();
}

bool Reclaim::FindInit() {
  const std::string pid_file = absl::StrCat(spec_.bundle, "/init.pid");
  absl::StatusOr<base::UniqueFd> init = container::OpenRecordedProcess(pid_file);
  if (!init.ok() || base::HasExited(*init)) return false;
  init_ = *std::move(init);
  absl::StatusOr<container::Cgroup> cgroup =
      host_.Cgroups().LocateOwn(container::ReadPidFile(pid_file).value_or(0));
  if (cgroup.ok()) cgroup_ = *std::move(cgroup);
  return true;
}

void Reclaim::Kill() {
  (void)base::SendSignal(init_, SIGKILL);
  if (cgroup_.has_value()) {
    removal_.emplace(host_.context.loop, *cgroup_, container::CgroupEnd::kKill, kReclaimKillTimeout,
                     [this](const absl::Status&) { OnKilled(); });
    return;
  }
  boost::system::error_code error;
  exited_.assign(init_.get(), error);
  if (error) return OnKilled();
  deadline_.Set(kReclaimKillTimeout, [this] { OnKilled(); });
  exited_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     guard_.Wrap([this](const boost::system::error_code&) { OnKilled(); }));
}

void Reclaim::OnKilled() {
  guard_.Reset();
  deadline_.Clear();
  if (exited_.is_open()) exited_.release();
  if (init_.ok() && !base::HasExited(init_)) {
    return Finish(absl::DeadlineExceededError(
        absl::StrCat("the init of ", spec_.id, " survives SIGKILL; ", engine_status_.message())));
  }
  if (!engine_status_.ok()) RemoveEngineState();
  Sweep();
}

void Reclaim::RemoveEngineState() {
  if (!IsPlainName(spec_.id)) return;
  std::error_code error;
  std::filesystem::remove_all(absl::StrCat(engine_->settings().root, "/", spec_.id), error);
  if (error) host_.context.log.Warning("state of ", spec_.id, ": ", error.message());
}

void Reclaim::Sweep() {
  state_ = State::kSweep;
  const absl::StatusOr<container::Cgroup> cgroup =
      container::BundleCgroup(spec_.bundle, spec_.id, container::CgroupControllers::kAll);
  // systemd removes what it made by itself.
  const bool ours = cgroup.ok() && !engine_->settings().systemd_cgroup;
  if (!ours || !container::Exists(*cgroup)) return Finish(absl::OkStatus());
  // What an engine had begun to make ends by itself without the engine.
  removal_.emplace(host_.context.loop, *cgroup, container::CgroupEnd::kAwait, kReclaimSweepTimeout,
                   [this](const absl::Status& status) {
                     if (!status.ok()) host_.context.log.Warning(status.message());
                     Finish(absl::OkStatus());
                   });
}

void Reclaim::Finish(const absl::Status& status) {
  state_ = State::kFinished;
  std::exchange(done_, nullptr)(status);
}

}  // namespace backends
