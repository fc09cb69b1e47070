// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fakes {

// A disk, where it is on the PCI bus ("0000:00:05.0"), and what stands for it: a file or a block
// device.
struct MachineDisk {
  std::string bdf;
  std::string path;
  bool readonly = false;
};

// A network device, by a tap of the host.
struct MachineNic {
  std::string id;
  std::string mac;       // empty: any
  std::string tap;       // in the network namespace of this process, made if it is not there
  std::vector<int> fds;  // borrowed: the queues of a tap that is open already, instead of `tap`
};

// What a NIC has moved, as the guest counts.
struct NicCounters {
  std::uint64_t rx_bytes = 0;
  std::uint64_t rx_frames = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t tx_frames = 0;
};

// What a configuration says about the machine that runs.
struct MachineSettings {
  unsigned vcpus = 1;
  std::string vsock_socket;             // where the host reaches the guest's ports; empty: nowhere
  std::vector<std::string> fs_sockets;  // of the daemons behind shared directories
  std::vector<MachineDisk> disks;
  std::vector<MachineNic> nics;
};

// What the state machine of the API turns on and off. All of it happens at once.
class GuestMachine {
 public:
  virtual ~GuestMachine() = default;
  // An error leaves nothing running.
  virtual absl::Status Boot(const MachineSettings& settings) = 0;
  // A guest that was booted without a vsock device gets one.
  virtual absl::Status AddVsock(const std::string& socket) = 0;
  // Into the guest that runs, and out of it.
  virtual void AddDisk(const MachineDisk& disk) = 0;
  virtual void RemoveDisk(const std::string& bdf) = 0;
  // An error leaves the guest without it. Both know a NIC by its id.
  virtual absl::Status AddNic(const MachineNic& nic) = 0;
  virtual void RemoveNic(const std::string& id) = 0;
  [[nodiscard]] virtual std::map<std::string, NicCounters> Counters() const = 0;
  virtual void SetVcpus(unsigned count) = 0;
  // Nothing goes into the guest or comes out of it until Resume().
  virtual void Pause() = 0;
  virtual void Resume() = 0;
  // All processes of the guest end; its socket is gone.
  virtual void Stop() = 0;
};

}  // namespace fakes
