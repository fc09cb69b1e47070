// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/pci_slots.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <set>

#include "fakes/hypervisor/limits.h"

namespace fakes {
namespace {

std::string Bdf(unsigned slot) { return absl::StrFormat("0000:00:%02x.0", slot); }

}  // namespace

absl::StatusOr<std::string> PciSlots::Take(const std::string& id) {
  if (slots_.count(id) != 0) {
    return absl::AlreadyExistsError(absl::StrCat("there is a device \"", id, "\""));
  }
  std::set<unsigned> taken;
  for (const auto& [name, slot] : slots_) taken.insert(slot);
  for (unsigned slot = 1; slot < kPciSlots; ++slot) {
    if (taken.count(slot) != 0) continue;
    slots_[id] = slot;
    return Bdf(slot);
  }
  return absl::ResourceExhaustedError("no free slot on the PCI bus");
}

void PciSlots::Free(const std::string& id) { slots_.erase(id); }

std::map<std::string, std::string> PciSlots::All() const {
  std::map<std::string, std::string> places;
  for (const auto& [id, slot] : slots_) places[id] = Bdf(slot);
  return places;
}

}  // namespace fakes
