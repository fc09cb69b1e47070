// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <map>
#include <string>
#include <utility>

namespace fakes {

// What stands for a disk of a guest that is a process: a block device of this machine, or a file.
struct GuestDisk {
  std::string path;
  bool readonly = false;
};

// The disks of such a guest. The protocol names them by their place on the PCI bus, "05".
class GuestDisks {
 public:
  // `bdf` as the hypervisor has told it, "0000:00:05.0".
  void Add(const std::string& bdf, GuestDisk disk) { disks_[bdf] = std::move(disk); }
  void Remove(const std::string& bdf) { disks_.erase(bdf); }

  // NOT_FOUND: there is none.
  [[nodiscard]] absl::StatusOr<GuestDisk> Find(const std::string& pci_path) const;

 private:
  std::map<std::string, GuestDisk> disks_;
};

// In a machine: the block device at that place, once the kernel has it. Blocks; DEADLINE_EXCEEDED.
absl::StatusOr<std::string> AwaitDisk(const std::string& pci_path,
                                      std::chrono::milliseconds timeout);

}  // namespace fakes
