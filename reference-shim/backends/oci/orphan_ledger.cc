// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/orphan_ledger.h"

#include <utility>

#include "reference-shim/backends/oci/limits.h"

namespace backends {

OrphanLedger::OrphanLedger(base::ChildReaper& reaper) : reaper_(reaper) {
  reaper_.OnOrphan([this](const base::ExitStatus& status) { Record(status); });
}

OrphanLedger::~OrphanLedger() { reaper_.OnOrphan(nullptr); }

OrphanLedger::Ticket OrphanLedger::Open() {
  std::shared_ptr<char> held = tickets_.lock();
  if (held == nullptr) {
    exits_.clear();
    held = std::make_shared<char>();
    tickets_ = held;
  }
  return Ticket(std::move(held));
}

void OrphanLedger::Record(const base::ExitStatus& status) {
  if (tickets_.expired() || exits_.size() >= kOrphansMax) return;
  exits_[status.pid] = status;
}

std::optional<base::ExitStatus> OrphanLedger::Take(pid_t pid) {
  const auto found = exits_.find(pid);
  if (found == exits_.end()) return std::nullopt;
  base::ExitStatus status = found->second;
  exits_.erase(found);
  return status;
}

}  // namespace backends
