// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "oci/spec.h"
#include "reference-shim/backends/vm/guest_disk.h"
#include "reference-shim/backends/vm/pod_network.h"
#include "reference-shim/shim/backend.h"

namespace backends {

class Tracer;

// A process in the guest. The init of a container goes by the container's own id.
struct GuestProcessKey {
  std::string container;
  std::string exec;
};

enum class GuestOutput { kOut, kErr };

// What a file system in the guest has and has left.
struct GuestVolume {
  struct Usage {
    std::uint64_t available = 0;
    std::uint64_t total = 0;
    std::uint64_t used = 0;
    int unit = 0;  // 1: bytes, 2: inodes
  };
  std::vector<Usage> usage;
  bool abnormal = false;
  std::string message;  // of its condition
};

// The agent in the guest, over one connection: the services grpc.AgentService and grpc.Health as
// Kata Containers' agents speak them (lib/vm/proto). Verbs complete from the loop, once, and not
// after destruction; calls run side by side. Each is limited to the given time where it says so,
// else to what the constructor got. An agent that has lost a process answers NOT_FOUND, by code or
// by errno's text.
class Agent {
 public:
  // `loop` and `tracer` are borrowed. `connection`: a connected stream. Calls are spans of
  // `tracer`, unless that is null, but for checks and those that wait for or feed the guest's
  // processes.
  Agent(boost::asio::io_context& loop, base::UniqueFd connection,
        std::chrono::milliseconds call_timeout, Tracer* tracer = nullptr);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Called from the loop when the connection is lost; all calls have failed by then.
  void OnClosed(std::function<void(absl::Status)> closed);

  void Check(std::chrono::milliseconds timeout, shim::Done<> done);
  void CreateSandbox(const std::string& sandbox_id, const std::string& hostname, shim::Done<> done);
  void DestroySandbox(std::chrono::milliseconds timeout, shim::Done<> done);
  // The pod's network. The device of a NIC is found by its MAC, or at its place, and becomes what
  // the link is; an agent may not have it yet. Neighbours and routes are those of all NICs.
  void UpdateInterface(const PodNic& nic, shim::Done<> done);
  void AddNeighbors(const PodNetwork& network, shim::Done<> done);
  void UpdateRoutes(const PodNetwork& network, shim::Done<> done);
  // Blocks in the guest until there is one; completes with the container's id.
  void GetOomEvent(shim::Done<std::string> done);

  // Puts to use what the machine has got since: so many vCPUs, and memory.
  void OnlineCpuMem(std::uint32_t vcpus, bool memory, shim::Done<> done);

  // `spec` as the guest is to see it, with `storages` mounted before and gone with the container.
  void CreateContainer(const std::string& container, const oci::Spec& spec,
                       const std::vector<GuestStorage>& storages, shim::Done<> done);
  void StartContainer(const std::string& container, shim::Done<> done);
  void RemoveContainer(const std::string& container, std::chrono::milliseconds timeout,
                       shim::Done<> done);
  void ExecProcess(const GuestProcessKey& process, const oci::Process& spec, shim::Done<> done);
  // An empty `process.exec` with SIGKILL: everything in the container.
  void SignalProcess(const GuestProcessKey& process, int signo, std::chrono::milliseconds timeout,
                     shim::Done<> done);
  // Whether the process has ended, without an effect on it or on what it has written.
  void HasEnded(const GuestProcessKey& process, std::chrono::milliseconds timeout,
                shim::Done<bool> done);
  // As long as the process runs; completes with its exit code, or 128 + signal. The agent forgets
  // the process then, and with it the output that nobody has read.
  void WaitProcess(const GuestProcessKey& process, shim::Done<int> done);
  // As long as there is nothing; empty: the stream has ended.
  void Read(const GuestProcessKey& process, GuestOutput output, std::uint32_t bytes_max,
            shim::Done<std::string> done);
  // As long as there is no room; completes with how much was taken.
  void Write(const GuestProcessKey& process, const std::string& data, shim::Done<std::size_t> done);
  void CloseStdin(const GuestProcessKey& process, shim::Done<> done);
  void ResizeTerminal(const GuestProcessKey& process, shim::WindowSize size, shim::Done<> done);
  void Pause(const std::string& container, shim::Done<> done);
  void Resume(const std::string& container, shim::Done<> done);
  void Update(const std::string& container, const oci::Resources& resources, shim::Done<> done);
  // As a metrics message (STATS-01).
  void Stats(const std::string& container, shim::Done<shim::Opaque> done);

  // Of agent and guest, in the text format of Prometheus.
  void GetMetrics(shim::Done<std::string> done);
  // As iptables-save prints and iptables-restore takes them.
  void GetIpTables(bool ipv6, shim::Done<std::string> done);
  void SetIpTables(bool ipv6, const std::string& tables, shim::Done<std::string> done);
  // `path` as the guest names it.
  void GetVolume(const std::string& path, shim::Done<GuestVolume> done);
  void ResizeVolume(const std::string& path, std::uint64_t bytes, shim::Done<> done);

 private:
  struct Wire;
  std::unique_ptr<Wire> wire_;
};

}  // namespace backends
