// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/agent.pb.h"
#include "container/mounts.h"
#include "fakes/guest_agent/guest_disks.h"
#include "fakes/guest_agent/guest_paths.h"

namespace fakes {

// One thing to be there before a container can use it; `mount.target` is relative to the guest's
// run directory.
struct GuestStorage {
  enum class Kind { kMount, kDirectory, kDisk };
  Kind kind = Kind::kMount;
  // Of a disk, its source is a block device or a file; in a machine, its PCI path.
  container::Mount mount;
  std::optional<mode_t> mode;          // of a directory that was made
  std::optional<std::uint32_t> group;  // that its root shall belong to
};

// What the protocol's storages ask for. INVALID_ARGUMENT for a driver that this guest has no
// devices for, NOT_FOUND for a disk that is not there, and for a shared directory where none is
// shared; all name the storage.
template <typename Storages>
absl::StatusOr<std::vector<GuestStorage>> PlanStorages(const GuestPaths& paths,
                                                       const GuestDisks& disks,
                                                       const Storages& storages);
absl::StatusOr<GuestStorage> PlanStorage(const GuestPaths& paths, const GuestDisks& disks,
                                         const grpc::Storage& storage);

// The root of a container, bound from the shared directory to the path that the spec names, if
// there is one and the guest has nothing there.
std::optional<GuestStorage> PlanSharedRoot(const GuestPaths& paths, absl::string_view root);

// Makes them in order; blocks. Stops at the first failure: what was made stays for
// RemoveStorages().
absl::Status MakeStorages(const GuestPaths& paths, const std::vector<GuestStorage>& storages);
// Unmounts them, innermost first, and removes directories that are empty then; blocks.
absl::Status RemoveStorages(const GuestPaths& paths, const std::vector<GuestStorage>& storages);

template <typename Storages>
absl::StatusOr<std::vector<GuestStorage>> PlanStorages(const GuestPaths& paths,
                                                       const GuestDisks& disks,
                                                       const Storages& storages) {
  std::vector<GuestStorage> plans;
  for (const grpc::Storage& storage : storages) {
    absl::StatusOr<GuestStorage> plan = PlanStorage(paths, disks, storage);
    if (!plan.ok()) return plan.status();
    plans.push_back(*std::move(plan));
  }
  return plans;
}

}  // namespace fakes
