// SPDX-License-Identifier: Apache-2.0
// containerd-shim-host-v1: a complete shim whose containers are plain processes of the host, each
// with its descendants in a cgroup of its own. Of config.json args, env and cwd count.
#include <optional>

#include "base/status_macros.h"
#include "container/bundle_cgroup.h"
#include "container/cgroup_removal.h"
#include "container/gated_process.h"
#include "oci/spec_parser.h"
#include "reference-shim/shim/backend.h"

using container::Cgroup, shim::BackendContext, shim::Done;
constexpr auto kKill = container::CgroupEnd::kKill;
constexpr std::chrono::seconds kEndTimeout{3};

struct HostProcess : shim::ExecWorkload {  // runs nothing of its program before Start
  HostProcess(const BackendContext& context, Cgroup group) : host(context), cgroup(group) {}
  absl::Status Spawn(const oci::Process& spec, shim::ProcessIo io, shim::ExitCallback on_exit) {
    base::SpawnSpec program{.argv = spec.args, .env = spec.env, .cwd = spec.cwd};
    program.fds = {{io.in.get(), 0}, {io.out.get(), 1}, {io.err.get(), 2}};
    ASSIGN_OR_RETURN(gated,
                     container::GatedProcess::Spawn(host.loop, host.reaper, program, on_exit));
    return container::Join(cgroup, gated->pid());
  }
  void Start(Done<pid_t> done) override { gated->Release(std::move(done)); }
  void Signal(int signo, Done<> done) override { done(gated->Signal(signo)); }
  const BackendContext& host;
  const Cgroup cgroup;
  std::unique_ptr<container::GatedProcess> gated;
};

struct HostContainer : shim::Workload {
  HostContainer(const BackendContext& context, Cgroup group) : init(context, group) {}
  pid_t pid() const override { return init.gated->pid(); }
  void Start(Done<pid_t> done) override { init.Start(std::move(done)); }
  void Signal(int signo, shim::SignalScope scope, Done<> done) override {
    if (scope == shim::SignalScope::kProcess) return init.Signal(signo, std::move(done));
    done(container::SignalAll(init.cgroup, signo));
  }
  absl::StatusOr<std::unique_ptr<shim::ExecWorkload>> Exec(shim::ExecSpec spec) override {
    ASSIGN_OR_RETURN(const oci::Process process, oci::ParseProcess(spec.process_json));
    auto exec = std::make_unique<HostProcess>(init.host, init.cgroup);
    RETURN_IF_ERROR(exec->Spawn(process, std::move(spec.io), spec.on_exit));
    return exec;
  }
  void Pids(Done<std::vector<pid_t>> done) override { done(container::ListProcesses(init.cgroup)); }
  void Delete(Done<> done) override {
    removal.emplace(init.host.loop, init.cgroup, kKill, kEndTimeout, std::move(done));
  }
  HostProcess init;
  std::optional<container::CgroupRemoval> removal;
};

struct HostBackend : shim::Backend {
  explicit HostBackend(const BackendContext& shim_context) : context(shim_context) {}
  shim::Capabilities capabilities() const override {
    return {.exec = true, .pid_namespace = false};
  }
  void Create(shim::CreateSpec spec, Done<std::unique_ptr<shim::Workload>> done) override {
    const auto cgroup = container::BundleCgroup(spec.bundle, spec.id);
    absl::Status status = cgroup.ok() ? container::Make(*cgroup) : cgroup.status();
    if (!status.ok()) return done(status);
    auto made = std::make_unique<HostContainer>(context, *cgroup);
    status = made->init.Spawn(spec.spec.process, std::move(spec.io), spec.on_exit);
    if (status.ok()) return done(std::move(made));
    (void)container::Remove(*cgroup);
    done(status);
  }
  void Reclaim(shim::ReclaimSpec spec, Done<> done) override {
    const Cgroup cgroup = container::BundleCgroup(spec.bundle, spec.id).value_or(Cgroup());
    removal.emplace(context.loop, cgroup, kKill, kEndTimeout, std::move(done));
  }
  const BackendContext context;
  std::optional<container::CgroupRemoval> removal;
};

int main(int argc, char** argv) { return shim::RunShim<HostBackend>(argc, argv); }
