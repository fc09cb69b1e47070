// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "oci/spec.h"
#include "reference-shim/backends/vm/agent.h"
#include "reference-shim/backends/vm/guest_disk.h"
#include "reference-shim/backends/vm/hypervisor.h"
#include "reference-shim/backends/vm/vm_config.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"

namespace backends {

// What the containers of a pod have of its machine: the disks that were plugged for them, and its
// size, which is the sum of their limits, at least what is configured and at most what it can be.
class ResourceManager {
 public:
  // All borrowed. `agent`: null once it is lost.
  ResourceManager(Hypervisor& hypervisor, const VmConfig& config, base::Log& log,
                  std::function<Agent*()> agent);
  ResourceManager(const ResourceManager&) = delete;
  ResourceManager& operator=(const ResourceManager&) = delete;

  // Makes room for a container with `limits`, then plugs its disks; completes with how the agent is
  // to mount them. A hypervisor that cannot be resized keeps its size. After a failure, Release.
  void Add(const std::string& container, const oci::Resources& limits, std::vector<GuestDisk> disks,
           shim::Done<std::vector<GuestStorage>> done);
  // Changes limits: the machine grows before `in_guest` applies them, and shrinks after it has.
  // After a failure they are as before. UNIMPLEMENTED: the hypervisor cannot be resized, and is too
  // small.
  void Update(const std::string& container, const oci::Resources& limits,
              absl::AnyInvocable<void(shim::Done<>)> in_guest, shim::Done<> done);
  // Gives back what the container has. What fails is logged: it goes with the machine.
  void Release(const std::string& container, shim::Done<> done);

 private:
  struct Size {
    std::uint32_t vcpus = 0;
    std::uint64_t memory_bytes = 0;
    friend bool operator==(const Size&, const Size&) = default;
  };
  struct Limits {
    std::optional<std::int64_t> quota;
    std::optional<std::uint64_t> period;
    std::optional<std::int64_t> memory;
  };
  struct Disk {
    std::string id;
    bool placed = false;  // the hypervisor has said where it is
  };
  struct Plugging;

  enum class Direction { kGrow, kTrim };
  struct Resizing {
    Direction direction;
    shim::Done<> done;
  };

  static Limits Changed(Limits limits, const oci::Resources& changes);
  // By the limits of all containers.
  [[nodiscard]] Size Wanted() const;
  [[nodiscard]] Size Wanted(Direction direction) const;
  void Resize(Direction direction, shim::Done<> done);
  void ResizeNext();
  void ShowInGuest(Size before);
  void Resized(const absl::Status& status);
  void Trim(shim::Done<> done);
  [[nodiscard]] absl::Status CheckFits(Size before) const;

  void Plug(std::shared_ptr<Plugging> plugging);
  void Unplug(std::vector<Disk> disks, shim::Done<> done);

  Hypervisor& hypervisor_;
  const VmConfig& config_;
  base::Log& log_;
  const std::function<Agent*()> agent_;
  Size size_;
  std::map<std::string, Limits> limits_;
  std::map<std::string, std::vector<Disk>> disks_;
  unsigned last_disk_ = 0;
  std::deque<Resizing> resizing_;  // one at a time, the first
  bool resizes_ = false;           // it is under way
  shim::CallbackGuard guard_;
};

}  // namespace backends
