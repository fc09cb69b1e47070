// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fakes/hypervisor/guest_machine.h"

namespace fakes {

enum class DeviceKind { kNet, kDisk, kFs, kPmem, kVsock, kDevice };
absl::string_view DeviceKindName(DeviceKind kind);  // "net"

// The configuration of a VM: the JSON that vm.create brought, with what was added and resized
// since. What no rule below names is kept and echoed as it came. Included by virtual_machine.cc and
// tests only: the JSON header is heavy.
class MachineConfig {
 public:
  MachineConfig() = default;

  // INVALID_ARGUMENT names the member: a payload with kernel, firmware or initramfs is demanded;
  // cpus and memory have the defaults of Cloud Hypervisor (1, 512 MiB). Devices without id get one.
  static absl::StatusOr<MachineConfig> Parse(const nlohmann::json& json);

  // Adds a device; returns its id. INVALID_ARGUMENT for what is no such device, ALREADY_EXISTS for
  // an id or a second vsock.
  absl::StatusOr<std::string> Add(DeviceKind kind, const nlohmann::json& device);
  absl::Status Remove(const std::string& id);  // NOT_FOUND

  // vm.resize. INVALID_ARGUMENT for what is no such request, OUT_OF_RANGE beyond what vm.create
  // allowed; nothing is changed then.
  absl::Status Resize(const nlohmann::json& request);

  // NOT_FOUND names the first of kernel, initramfs, firmware and disks that is not there.
  [[nodiscard]] absl::Status CheckFiles() const;

  [[nodiscard]] const nlohmann::json& json() const { return json_; }
  [[nodiscard]] unsigned vcpus() const { return vcpus_; }
  [[nodiscard]] std::uint64_t memory_bytes() const { return memory_bytes_; }
  [[nodiscard]] std::string vsock_socket() const;  // empty: no such device
  [[nodiscard]] std::vector<std::string> fs_sockets() const;
  // By id; without a place.
  [[nodiscard]] std::map<std::string, MachineDisk> disks() const;
  // Without descriptors.
  [[nodiscard]] std::vector<MachineNic> nics() const;
  [[nodiscard]] std::vector<std::string> DeviceIds() const;  // in the order of the bus
  // vm.counters: zeros for disks, since no blocks move, and what `nics` have moved, by id.
  [[nodiscard]] nlohmann::json Counters(const std::map<std::string, NicCounters>& nics) const;

 private:
  nlohmann::json json_;
  unsigned vcpus_ = 1;
  unsigned vcpus_max_ = 1;
  std::uint64_t memory_bytes_ = 0;
  std::uint64_t memory_bytes_min_ = 0;
  std::uint64_t memory_bytes_max_ = 0;
  unsigned next_id_ = 0;
};

}  // namespace fakes
