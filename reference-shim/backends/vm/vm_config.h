// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "oci/spec.h"
#include "reference-shim/shim/backend.h"

namespace backends {

enum class HypervisorKind { kCloudHypervisor, kQemu };

// How the links of a pod reach its guest: wired to taps by traffic control (pod_network.h), or not.
enum class NetworkModel { kTrafficControl, kNone };

// How the VM of a pod is made and watched. From a TOML file, whose keys are named beside the
// members; docs/vm.md explains them.
struct VmConfig {
  // [hypervisor]
  HypervisorKind kind = HypervisorKind::kCloudHypervisor;  // kind: "cloud-hypervisor", "qemu"
  std::string path = "cloud-hypervisor";  // path: absolute, or a name beside the shim or in PATH
  std::string kernel;                     // kernel: absolute
  std::string image;                      // image: absolute; or
  std::string initrd;                     // initrd
  std::string command_line;               // command_line, of the kernel
  std::string accelerator = "kvm:tcg";    // accelerator, of QEMU: names, the first that works
  std::string virtiofsd;  // virtiofsd: as path, or where distributions put it; empty: none is run
  // arguments, for the program; ${shared} stands for the directory that the guest is to see
  std::vector<std::string> arguments;
  std::uint32_t vcpus = 1;         // vcpus
  std::uint64_t memory_mib = 256;  // memory_mib
  // What the VM may grow to with the limits of its containers, at least the above. As parsed, 0
  // stands for what the host has.
  std::uint32_t vcpus_max = 0;       // max_vcpus
  std::uint64_t memory_mib_max = 0;  // max_memory_mib
  // [agent]
  std::uint32_t agent_port = 1024;  // port
  // [network]
  NetworkModel network = NetworkModel::kTrafficControl;  // model: "tc", "none"
  // [timeouts], in milliseconds
  std::chrono::milliseconds launch_timeout{5000};  // launch: until the API answers
  std::chrono::milliseconds api_timeout{5000};     // api: one call to the hypervisor
  std::chrono::milliseconds boot_timeout{10000};   // boot: vm.create and vm.boot together
  std::chrono::milliseconds agent_timeout{10000};  // agent: until the agent answers
  std::chrono::milliseconds call_timeout{30000};   // call: one call to the agent
  std::chrono::milliseconds stop_timeout{3000};    // stop: the hypervisor, before force
  // [health]
  std::chrono::milliseconds health_interval{5000};  // interval
  std::chrono::milliseconds health_timeout{5000};   // timeout of one check
  int health_failures = 3;                          // failures in a row that end the VM
  // [trace]
  std::string trace_file;  // file: absolute; empty: none is written
  friend bool operator==(const VmConfig&, const VmConfig&) = default;
};

// INVALID_ARGUMENT names `file`, line and key and says what was expected; what is not known is an
// error. Nothing is looked up in the file system.
absl::StatusOr<VmConfig> ParseVmConfig(absl::string_view toml, const std::string& file);

// Whether a container is to run in a VM: its Create's options are runtimeoptions.v1.Options that
// give a configuration, or it is annotated io.shimgauge.backend = "vm". `otherwise`: what counts
// where neither says anything. The same for a sandbox.
bool IsVmTask(const shim::Opaque& options, const oci::StringMap& annotations,
              bool otherwise = false);

// The configuration of such a container: the options' config_path or config_body, else
// kVmConfigFile. INVALID_ARGUMENT also for a program, kernel or image that is not there.
absl::StatusOr<VmConfig> FindVmConfig(const shim::Opaque& options);

inline constexpr char kBackendAnnotation[] = "io.shimgauge.backend";
inline constexpr char kVmConfigFile[] = "/etc/shimgauge/vm.toml";

}  // namespace backends
