// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/faulty_backend.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "container/cgroup.h"
#include "fakes/faulty_shim/faulty_workload.h"
#include "fakes/faulty_shim/leak.h"
#include "fakes/faulty_shim/needless_work.h"
#include "fakes/faulty_shim/stream_pump.h"

namespace fakes {
namespace {

using shim::Done;

constexpr const char* kOptionalMembers[] = {"/annotations",
                                            "/hostname",
                                            "/hooks",
                                            "/mounts",
                                            "/process",
                                            "/process/env",
                                            "/process/rlimits",
                                            "/process/capabilities",
                                            "/process/user",
                                            "/process/cwd",
                                            "/process/args",
                                            "/root",
                                            "/linux",
                                            "/linux/resources",
                                            "/linux/namespaces",
                                            "/linux/maskedPaths",
                                            "/linux/seccomp",
                                            "/linux/cgroupsPath",
                                            "/ociVersion"};

void JoinCgroupOf(pid_t pid) {
  const absl::StatusOr<container::CgroupMounts> mounts = container::CgroupMounts::Read();
  if (!mounts.ok()) return;
  const absl::StatusOr<container::Cgroup> cgroup = mounts->LocateOwn(pid);
  if (cgroup.ok()) container::Join(*cgroup, ::getpid()).IgnoreError();
}

// The rules about what a careless shim expects of every config.json. The spec that the shim has
// parsed does not tell any more what was missing.
absl::Status JudgeSpec(FaultPlan& plan, const std::string& bundle) {
  if (!plan.Has("fail", "create") && !plan.Has("crash", "create")) return absl::OkStatus();
  const nlohmann::json spec =
      nlohmann::json::parse(std::ifstream(bundle + "/config.json"), nullptr, false);
  for (const char* member : kOptionalMembers) {
    const nlohmann::json::json_pointer pointer{std::string(member)};
    if (spec.is_discarded() || spec.contains(pointer)) continue;
    const FaultPlan::Facts facts = {{"missing", member}};
    if (plan.Fire("crash", "create", facts) != nullptr) std::abort();
    if (const Rule* rule = plan.Fire("fail", "create", facts)) {
      return absl::Status(static_cast<absl::StatusCode>(rule->Number("code")), member);
    }
  }
  return absl::OkStatus();
}

class FaultyBackend : public shim::Backend {
 public:
  FaultyBackend(std::unique_ptr<shim::Backend> real, FaultPlan& plan,
                const shim::BackendContext& context)
      : real_(std::move(real)),
        host_{.loop = context.loop,
              .plan = plan,
              .name_space = context.namespace_name,
              .retired = {},
              .unanswered = {}} {}

  [[nodiscard]] shim::Capabilities capabilities() const override {
    shim::Capabilities all = real_->capabilities();
    const Rule* rule = host_.plan.Fire("alter", "capabilities");
    if (rule == nullptr) return all;
    const std::string lost = rule->Text("lose");
    if (lost == "exec") all.exec = false;
    if (lost == "terminal") all.terminal = false;
    if (lost == "pause") all.pause = false;
    if (lost == "update") all.update = false;
    if (lost == "checkpoint") all.checkpoint = false;
    if (lost == "stats") all.stats = false;
    return all;
  }

  void Create(shim::CreateSpec spec, Done<std::unique_ptr<shim::Workload>> done) override {
    if (const Rule* rule = host_.plan.Fire("leak", "create")) Leak(*rule);
    if (const Rule* rule = host_.plan.Fire("visit", "bundles")) {
      VisitBundles(spec.bundle, rule->Number("times"));
    }
    if (const absl::Status legal = JudgeSpec(host_.plan, spec.bundle); !legal.ok()) {
      return done(legal);
    }
    PumpStreams(host_.plan, "init", spec.io);
    spec.on_exit = MakeFaultyExit(host_, "init", std::move(spec.on_exit));
    spec.on_oom = [&plan = host_.plan, on_oom = std::move(spec.on_oom)] {
      if (plan.Fire("lose", "oom") == nullptr) on_oom();
    };
    const std::string id = spec.id;
    const shim::ExitCallback on_exit = spec.on_exit;
    real_->Create(std::move(spec),
                  [this, id, on_exit, done = std::move(done)](
                      absl::StatusOr<std::unique_ptr<shim::Workload>> workload) mutable {
                    if (!workload.ok()) return done(workload.status());
                    if (host_.plan.Fire("join", "create") != nullptr)
                      JoinCgroupOf((*workload)->pid());
                    done(MakeFaultyWorkload(host_, id, *std::move(workload), on_exit));
                  });
  }

  [[nodiscard]] bool TakesRootfs(const shim::CreateSpec& spec) override {
    return real_->TakesRootfs(spec);
  }

  absl::StatusOr<std::unique_ptr<shim::SandboxWorkload>> MakeSandbox(
      shim::SandboxSpec spec) override {
    return real_->MakeSandbox(std::move(spec));
  }

  void Reclaim(shim::ReclaimSpec spec, Done<> done) override {
    if (host_.plan.Fire("skip", "reclaim") != nullptr) return done(absl::OkStatus());
    for (const char* file : {"config.json", "init.pid", "address", "options.json", "runtime"}) {
      struct stat info {};
      if (::stat((spec.bundle + "/" + file).c_str(), &info) == 0) continue;
      if (const Rule* rule = host_.plan.Fire("fail", "reclaim", {{"missing", file}})) {
        return done(absl::Status(static_cast<absl::StatusCode>(rule->Number("code")), file));
      }
    }
    real_->Reclaim(std::move(spec), std::move(done));
  }

  void Features(shim::Opaque options, Done<std::string> done) override {
    real_->Features(std::move(options), std::move(done));
  }

 private:
  std::unique_ptr<shim::Backend> real_;
  mutable FaultyHost host_;
};

}  // namespace

std::unique_ptr<shim::Backend> MakeFaultyBackend(std::unique_ptr<shim::Backend> backend,
                                                 FaultPlan& plan,
                                                 const shim::BackendContext& context) {
  return std::make_unique<FaultyBackend>(std::move(backend), plan, context);
}

}  // namespace fakes
