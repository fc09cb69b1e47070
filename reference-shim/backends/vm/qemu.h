// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <utility>

#include "base/unique_fd.h"
#include "reference-shim/backends/vm/hypervisor.h"
#include "reference-shim/backends/vm/qmp_client.h"
#include "reference-shim/backends/vm/virtiofs_daemon.h"
#include "reference-shim/backends/vm/vmm_process.h"
#include "reference-shim/shim/deadline.h"

namespace backends {

// QEMU, driven through its monitor (QMP), with a virtiofsd beside it. Its sockets have no names:
// the shim and the two programs are connected from the start. The VM is lost with either program.
class Qemu : public Hypervisor {
 public:
  Qemu(const shim::BackendContext& context, const VmConfig& config, const VmFiles& files,
       const PodNetwork& network, Tracer* tracer = nullptr);

  [[nodiscard]] HypervisorCapabilities capabilities() const override;
  void OnExit(std::function<void()> exited) override { exited_ = std::move(exited); }
  void Start(shim::Done<> done) override;
  void Stop(shim::Done<> done) override;
  void Pause(shim::Done<> done) override;
  void Resume(shim::Done<> done) override;
  // UNIMPLEMENTED.
  void Resize(std::uint32_t vcpus, std::uint64_t memory_bytes, shim::Done<> done) override;
  void AddDevice(VmDevice device, shim::Done<std::string> done) override;
  // Completes when the guest has let go of it.
  void RemoveDevice(std::string id, shim::Done<> done) override;
  // The agent's port alone, and once: it is one stream. What is sent before the guest listens waits
  // for it.
  void Connect(std::uint32_t port, shim::Done<base::UniqueFd> done) override;
  void Check(shim::Done<> done) override;
  [[nodiscard]] pid_t pid() const override { return process_.pid(); }
  [[nodiscard]] std::string DescribeEnd() override;

 private:
  // A device that the guest has been asked to let go of.
  struct Removal {
    Removal(boost::asio::io_context& loop, std::string device, shim::Done<> told)
        : id(std::move(device)), done(std::move(told)), limit(loop) {}
    std::string id;
    shim::Done<> done;
    shim::Deadline limit;
  };

  absl::Status Spawn();
  void Boot();
  void FailStart(const absl::Status& why);
  void Started(const absl::Status& status);
  void OnExited();
  void OnDaemonExited();
  void OnEvent(const QmpMessage& event);
  // A command whose answer says nothing but yes.
  void Tell(const char* command, const std::string& arguments, shim::Done<> done);
  void PlugDisk(const std::string& id, shim::Done<std::string> done);
  void FinishRemoval(const std::string& id, const absl::Status& status);
  void Terminate();
  void Ended();

  const shim::BackendContext& context_;
  const VmConfig& config_;
  const VmFiles files_;
  const PodNetwork& network_;
  VmmProcess process_;
  VirtiofsDaemon daemon_;
  QmpClient monitor_;
  base::UniqueFd agent_;
  std::string reason_;  // why the guest has ended, in QEMU's word
  std::function<void()> exited_;
  std::list<Removal> removals_;
  shim::Done<> started_;
  shim::Done<> stopped_;
  shim::Deadline
      limit_;  // of the present step of Stop; or until what one loss was part of is known
};

}  // namespace backends
