// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "fakes/hypervisor/guest_machine.h"
#include "fakes/hypervisor/guest_services.h"
#include "fakes/hypervisor/nic_relay.h"
#include "fakes/hypervisor/vcpu_threads.h"
#include "fakes/hypervisor/vsock_mux.h"

namespace fakes {

// A machine without a processor: threads with the names of vCPUs, the vsock device, and the guest's
// services behind it.
class FakeMachine : public GuestMachine {
 public:
  // `power_off`: the guest has turned itself off. All are borrowed but the functions.
  FakeMachine(boost::asio::io_context& loop, VsockFaults& faults, GuestFactory factory,
              std::function<void()> power_off);
  ~FakeMachine() override { FakeMachine::Stop(); }

  absl::Status Boot(const MachineSettings& settings) override;
  absl::Status AddVsock(const std::string& socket) override;
  void AddDisk(const MachineDisk& disk) override;
  void RemoveDisk(const std::string& bdf) override;
  absl::Status AddNic(const MachineNic& nic) override;
  void RemoveNic(const std::string& id) override { nics_.erase(id); }
  [[nodiscard]] std::map<std::string, NicCounters> Counters() const override;
  void SetVcpus(unsigned count) override { vcpus_.Resize(count); }
  void Pause() override;
  void Resume() override;
  void Stop() override;

  // Breaks all connections to the guest.
  void ResetConnections();

 private:
  boost::asio::io_context& loop_;
  VsockFaults& faults_;
  const GuestFactory factory_;
  const std::function<void()> power_off_;
  VcpuThreads vcpus_;
  std::unique_ptr<GuestServices> services_;
  std::unique_ptr<VsockMux> mux_;
  std::map<std::string, std::unique_ptr<NicRelay>> nics_;
  bool paused_ = false;
  std::vector<base::UniqueFd> daemons_;  // virtiofsd ends when the machine leaves it
};

}  // namespace fakes
