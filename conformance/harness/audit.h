// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "conformance/harness/check_run.h"
#include "conformance/harness/mount_table.h"

namespace conformance {

// Something a shim left behind in a world: one of why::kLeft*, kZombie, and what it is.
struct Remainder {
  std::string code;
  std::string text;
  friend bool operator==(const Remainder&, const Remainder&) = default;
};

// Looks at a world before and after a check. Nothing is removed: the world ends anyway.
class Audit {
 public:
  // Remembers the mounts of the fresh world.
  static absl::StatusOr<Audit> Begin(const WorldInfo& world);

  // What is left of processes, mounts, cgroups, sockets, engine state and temporary files.
  // Processes that are about to end get up to `patience`; `loop` runs meanwhile, since the caller's
  // ChildReaper on it takes the orphans. `known` names pids, see CheckOutcome.
  [[nodiscard]] std::vector<Remainder> Finish(boost::asio::io_context& loop,
                                              const std::map<pid_t, std::string>& known,
                                              std::chrono::milliseconds patience) const;

 private:
  Audit(WorldInfo world, std::vector<MountEntry> mounts)
      : world_(std::move(world)), mounts_(std::move(mounts)) {}

  WorldInfo world_;
  std::vector<MountEntry> mounts_;
};

}  // namespace conformance
