// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <string>

namespace fakes {

// Who sits where on the one PCI bus. Slot 0 is the host bridge's.
class PciSlots {
 public:
  // The lowest free slot, as "0000:00:05.0". ALREADY_EXISTS for an id that has one,
  // RESOURCE_EXHAUSTED when all are taken.
  absl::StatusOr<std::string> Take(const std::string& id);
  void Free(const std::string& id);
  // All by id: where they are.
  [[nodiscard]] std::map<std::string, std::string> All() const;

 private:
  std::map<std::string, unsigned> slots_;
};

}  // namespace fakes
