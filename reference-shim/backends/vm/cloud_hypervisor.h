// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "reference-shim/backends/vm/http_call.h"
#include "reference-shim/backends/vm/hypervisor.h"
#include "reference-shim/backends/vm/virtiofs_daemon.h"
#include "reference-shim/backends/vm/vmm_process.h"
#include "reference-shim/backends/vm/vsock_dial.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"

namespace backends {

// Cloud Hypervisor, driven through its REST API on a unix socket as its OpenAPI file says, with a
// virtiofsd beside it where the configuration names one. The VM is lost with either program.
class CloudHypervisor : public Hypervisor {
 public:
  CloudHypervisor(const shim::BackendContext& context, const VmConfig& config, const VmFiles& files,
                  PodNetwork& network, Tracer* tracer);

  [[nodiscard]] HypervisorCapabilities capabilities() const override;
  void OnExit(std::function<void()> exited) override { exited_ = std::move(exited); }
  void Start(shim::Done<> done) override;
  void Stop(shim::Done<> done) override;
  void Pause(shim::Done<> done) override;
  void Resume(shim::Done<> done) override;
  void Resize(std::uint32_t vcpus, std::uint64_t memory_bytes, shim::Done<> done) override;
  void AddDevice(VmDevice device, shim::Done<std::string> done) override;
  void RemoveDevice(std::string id, shim::Done<> done) override;
  void Connect(std::uint32_t port, shim::Done<base::UniqueFd> done) override;
  void Check(shim::Done<> done) override;
  [[nodiscard]] pid_t pid() const override { return process_.pid(); }
  [[nodiscard]] std::string DescribeEnd() override;

 private:
  // One call of the API; what is no success of HTTP is a failure with the hypervisor's own text.
  void Call(const char* method, const char* command, std::string body,
            std::chrono::milliseconds timeout, shim::Done<std::string> done);
  void Put(const char* command, std::string body, shim::Done<> done);
  absl::Status Spawn();
  void AwaitApi();
  void CreateVm();
  // The NICs of the pod from this one on; then BootVm.
  void AddNics(std::size_t next);
  void BootVm();
  void OnExited();
  void OnDaemonExited();
  void Started(const absl::Status& status);
  void Terminate();
  void Ended();

  const shim::BackendContext& context_;
  const VmConfig& config_;
  PodNetwork& network_;
  Tracer* const tracer_;
  const std::string shared_;
  std::string api_socket_;
  std::string vsock_socket_;
  std::string virtiofs_socket_;  // empty: there is no daemon
  std::string pid_file_;
  VmmProcess process_;
  VirtiofsDaemon daemon_;
  std::function<void()> exited_;
  std::list<HttpCall> calls_;
  std::list<VsockDial> dials_;
  shim::Done<> started_;
  shim::Done<> stopped_;
  bool api_ready_ = false;
  std::chrono::milliseconds pause_{0};
  shim::Deadline limit_;  // of the present step of Start or Stop
  shim::Deadline retry_;
  shim::Deadline daemon_lost_;
  shim::CallbackGuard guard_;
};

// The body of vm.create. An empty `virtiofs_socket`: no directory is shared by a device.
std::string CloudHypervisorVm(const VmConfig& config, const std::string& vsock_socket,
                              const std::string& virtiofs_socket = "");

}  // namespace backends
