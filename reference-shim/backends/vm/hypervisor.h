// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "reference-shim/backends/vm/pod_network.h"
#include "reference-shim/backends/vm/vm_config.h"
#include "reference-shim/backends/vm/vm_files.h"
#include "reference-shim/shim/backend.h"

namespace backends {

class Tracer;

// Something to put into a running VM.
struct VmDevice {
  std::string id;    // unique in the VM
  std::string path;  // of a disk: a block device or an image
  bool readonly = false;
};

// What one kind of hypervisor can do; what it cannot is never asked for.
struct HypervisorCapabilities {
  bool block_hotplug = false;
  bool hybrid_vsock = false;
  bool resize = false;
};

// One virtual machine and the program that runs it. Verbs complete as those of shim::Backend do:
// from the loop, once, in bounded time; a Done of a destroyed object may be dropped. Start comes
// first and once. The destructor kills.
class Hypervisor {
 public:
  virtual ~Hypervisor() = default;
  [[nodiscard]] virtual HypervisorCapabilities capabilities() const = 0;

  // Called once when the program ends after Start has succeeded, whoever ended it.
  virtual void OnExit(std::function<void()> exited) = 0;

  // Runs the program, makes the VM and boots it. After a failure the program is gone or about to
  // be killed by the destructor, and the message carries what it has said.
  virtual void Start(shim::Done<> done) = 0;
  // Ends the VM and the program, by force after the configured time. OK when it was not running.
  virtual void Stop(shim::Done<> done) = 0;
  // The machine itself, with everything in it.
  virtual void Pause(shim::Done<> done) = 0;
  virtual void Resume(shim::Done<> done) = 0;
  virtual void Resize(std::uint32_t vcpus, std::uint64_t memory_bytes, shim::Done<> done) = 0;
  // Completes with where the guest finds the device, "0000:00:05.0".
  virtual void AddDevice(VmDevice device, shim::Done<std::string> done) = 0;
  virtual void RemoveDevice(std::string id, shim::Done<> done) = 0;
  // A connection to a port in the guest, retried until the guest listens or the time is up.
  virtual void Connect(std::uint32_t port, shim::Done<base::UniqueFd> done) = 0;
  // Whether the program answers.
  virtual void Check(shim::Done<> done) = 0;

  // 0 before Start.
  [[nodiscard]] virtual pid_t pid() const = 0;
  // "ended with status 1: …".
  [[nodiscard]] virtual std::string DescribeEnd() = 0;
};

// The kind that `config` names; its sockets and pid file go where `files`, which exist, have room
// for them. Its machine has the NICs of `network`, and learns their places in the guest where that
// is known. Calls to it are spans of `tracer`, unless that is null. All borrowed.
std::unique_ptr<Hypervisor> MakeHypervisor(const shim::BackendContext& context,
                                           const VmConfig& config, const VmFiles& files,
                                           PodNetwork& network, Tracer* tracer);

}  // namespace backends
