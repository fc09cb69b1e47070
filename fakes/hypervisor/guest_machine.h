// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
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

// What a configuration says about the machine that runs.
struct MachineSettings {
  unsigned vcpus = 1;
  std::string vsock_socket;             // where the host reaches the guest's ports; empty: nowhere
  std::vector<std::string> fs_sockets;  // of the daemons behind shared directories
  std::vector<MachineDisk> disks;
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
  virtual void SetVcpus(unsigned count) = 0;
  // Nothing goes into the guest or comes out of it until Resume().
  virtual void Pause() = 0;
  virtual void Resume() = 0;
  // All processes of the guest end; its socket is gone.
  virtual void Stop() = 0;
};

}  // namespace fakes
