// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <unordered_map>

#include "base/child_reaper.h"

namespace backends {

// Remembers the exits of children nobody watches while an engine command runs. What the engine made
// becomes our child when the engine ends and may die at once: it can be reaped before the engine's
// own exit is seen, hence before its pid file was read and anybody could watch it (REAP-08, A4 of
// the lost-exit bugs). Takes over the reaper's OnOrphan.
class OrphanLedger {
 public:
  explicit OrphanLedger(base::ChildReaper& reaper);
  ~OrphanLedger();
  OrphanLedger(const OrphanLedger&) = delete;
  OrphanLedger& operator=(const OrphanLedger&) = delete;

  // Exits are kept from the first Ticket until the last one is gone. May outlive the ledger.
  class Ticket {
   public:
    Ticket() = default;

   private:
    friend class OrphanLedger;
    explicit Ticket(std::shared_ptr<char> held) : held_(std::move(held)) {}
    std::shared_ptr<char> held_;  // shared by all tickets; the ledger looks weakly
  };
  [[nodiscard]] Ticket Open();

  // The exit of `pid`, once; nullopt if it was not among them.
  std::optional<base::ExitStatus> Take(pid_t pid);

 private:
  void Record(const base::ExitStatus& status);

  base::ChildReaper& reaper_;
  std::weak_ptr<char> tickets_;
  std::unordered_map<pid_t, base::ExitStatus> exits_;
};

}  // namespace backends
