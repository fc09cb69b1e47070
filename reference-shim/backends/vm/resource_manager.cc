// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/resource_manager.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/vm/limits.h"

namespace backends {
namespace {

constexpr std::uint64_t kMebibyte = 1ULL << 20;
constexpr std::uint64_t kUsualPeriod = 100'000;  // of the kernel, in microseconds
constexpr std::uint64_t kMillis = 1000;

std::uint64_t RoundedUp(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

struct ResourceManager::Plugging {
  std::string container;
  std::vector<GuestDisk> disks;
  std::vector<GuestStorage> storages;  // of the first of them
  shim::Done<std::vector<GuestStorage>> done;
};

ResourceManager::ResourceManager(Hypervisor& hypervisor, const VmConfig& config, base::Log& log,
                                 std::function<Agent*()> agent)
    : hypervisor_(hypervisor),
      config_(config),
      log_(log),
      agent_(std::move(agent)),
      size_{.vcpus = config.vcpus, .memory_bytes = config.memory_mib * kMebibyte} {}

// --- size -----------------------------------------------------------------------------------

ResourceManager::Limits ResourceManager::Changed(Limits limits, const oci::Resources& changes) {
  if (changes.cpu.has_value()) {
    if (changes.cpu->quota.has_value()) limits.quota = changes.cpu->quota;
    if (changes.cpu->period.has_value()) limits.period = changes.cpu->period;
  }
  if (changes.memory.has_value() && changes.memory->limit.has_value()) {
    limits.memory = changes.memory->limit;
  }
  return limits;
}

ResourceManager::Size ResourceManager::Wanted() const {
  std::uint64_t millis = 0;
  std::uint64_t bytes = 0;
  const std::uint64_t bytes_max = config_.memory_mib_max * kMebibyte;
  for (const auto& [container, limits] : limits_) {
    const std::uint64_t period = std::max<std::uint64_t>(limits.period.value_or(kUsualPeriod), 1);
    const auto quota =
        static_cast<std::uint64_t>(std::max<std::int64_t>(limits.quota.value_or(0), 0));
    // A quota that no machine has, and no sum of them, must not run over.
    millis += std::min(quota / period, std::uint64_t{config_.vcpus_max}) * kMillis +
              quota % period * kMillis / period;
    bytes +=
        std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(limits.memory.value_or(0), 0)),
                 bytes_max);
  }
  const std::uint64_t least = config_.memory_mib * kMebibyte;
  const std::uint64_t vcpus = RoundedUp(millis, kMillis) / kMillis;
  const std::uint64_t more = bytes > least ? RoundedUp(bytes - least, kMemoryBlockBytes) : 0;
  return {.vcpus = std::max(config_.vcpus, static_cast<std::uint32_t>(
                                               std::min<std::uint64_t>(vcpus, config_.vcpus_max))),
          .memory_bytes = std::max(least, std::min(least + more, bytes_max))};
}

ResourceManager::Size ResourceManager::Wanted(Direction direction) const {
  const Size wanted = Wanted();
  if (direction == Direction::kTrim) return wanted;
  return {.vcpus = std::max(size_.vcpus, wanted.vcpus),
          .memory_bytes = std::max(size_.memory_bytes, wanted.memory_bytes)};
}

// One after the other: each is to the sum of the limits at its own time.
void ResourceManager::Resize(Direction direction, shim::Done<> done) {
  resizing_.push_back({.direction = direction, .done = std::move(done)});
  ResizeNext();
}

void ResourceManager::ResizeNext() {
  if (resizes_ || resizing_.empty()) return;
  resizes_ = true;
  const Size wanted = Wanted(resizing_.front().direction);
  if (wanted == size_) return Resized(absl::OkStatus());
  const Size before = size_;
  hypervisor_.Resize(wanted.vcpus, wanted.memory_bytes,
                     guard_.Wrap([this, before, wanted](const absl::Status& status) {
                       if (!status.ok()) return Resized(status);
                       size_ = wanted;
                       ShowInGuest(before);
                     }));
}

// A guest does not use what it has got before it is told to.
void ResourceManager::ShowInGuest(Size before) {
  Agent* agent = agent_();
  const std::uint32_t vcpus = std::max(size_.vcpus, before.vcpus) - before.vcpus;
  const bool memory = size_.memory_bytes > before.memory_bytes;
  if (agent == nullptr || (vcpus == 0 && !memory)) return Resized(absl::OkStatus());
  agent->OnlineCpuMem(vcpus, memory,
                      guard_.Wrap([this](const absl::Status& status) { Resized(status); }));
}

// What is too large does no harm.
void ResourceManager::Trim(shim::Done<> done) {
  Resize(Direction::kTrim, [this, done = std::move(done)](const absl::Status& status) mutable {
    if (!status.ok()) log_.Warning("the machine keeps its size: ", status.message());
    done(absl::OkStatus());
  });
}

// Of a machine that stays as it is, where limits were beyond it before.
absl::Status ResourceManager::CheckFits(Size before) const {
  const Size wanted = Wanted();
  if (wanted.vcpus <= std::max(size_.vcpus, before.vcpus) &&
      wanted.memory_bytes <= std::max(size_.memory_bytes, before.memory_bytes)) {
    return absl::OkStatus();
  }
  return absl::UnimplementedError(absl::StrCat("the pod's limits want a machine of ", wanted.vcpus,
                                               " vCPUs and ", wanted.memory_bytes / kMebibyte,
                                               " MiB, and one of QEMU is not resized"));
}

void ResourceManager::Resized(const absl::Status& status) {
  shim::Done<> done = std::move(resizing_.front().done);
  resizing_.pop_front();
  resizes_ = false;
  auto next = guard_.Wrap([this] { ResizeNext(); });
  done(status);  // may take limits back, ask for another size, or destroy this
  next();
}

// --- disks ----------------------------------------------------------------------------------

void ResourceManager::Plug(std::shared_ptr<Plugging> plugging) {
  const std::size_t next = plugging->storages.size();
  if (next == plugging->disks.size()) return plugging->done(std::move(plugging->storages));
  const GuestDisk& disk = plugging->disks[next];
  const std::string id = absl::StrCat("disk", ++last_disk_);
  // Whatever is answered, it may be there.
  disks_[plugging->container].push_back({.id = id});
  hypervisor_.AddDevice({.id = id, .path = disk.path, .readonly = disk.readonly},
                        guard_.Wrap([this, plugging](const absl::StatusOr<std::string>& bdf) {
                          const std::size_t at = plugging->storages.size();
                          const absl::StatusOr<std::string> place =
                              bdf.ok() ? PciPath(*bdf) : absl::StatusOr<std::string>(bdf.status());
                          if (bdf.ok()) disks_[plugging->container].back().placed = true;
                          if (!place.ok()) {
                            return plugging->done(base::Annotate(
                                place.status(), absl::StrCat("disk ", plugging->disks[at].path)));
                          }
                          plugging->storages.push_back(plugging->disks[at].storage);
                          plugging->storages.back().source = *place;
                          Plug(plugging);
                        }));
}

// In the reverse order. One after the other, for it may end with the machine.
void ResourceManager::Unplug(std::vector<Disk> disks, shim::Done<> done) {
  if (disks.empty()) return done(absl::OkStatus());
  const Disk disk = disks.back();
  disks.pop_back();
  hypervisor_.RemoveDevice(
      disk.id, guard_.Wrap([this, disk, disks = std::move(disks),
                            done = std::move(done)](const absl::Status& status) mutable {
        if (!status.ok() && disk.placed) log_.Warning(disk.id, ": ", status.message());
        Unplug(std::move(disks), std::move(done));
      }));
}

// --- containers -----------------------------------------------------------------------------

void ResourceManager::Add(const std::string& container, const oci::Resources& limits,
                          std::vector<GuestDisk> disks,
                          shim::Done<std::vector<GuestStorage>> done) {
  // Shared by the callbacks, of which one runs at a time.
  auto plugging = std::make_shared<Plugging>();
  plugging->container = container;
  plugging->disks = std::move(disks);
  plugging->done = std::move(done);
  limits_[container] = Changed({}, limits);
  if (!hypervisor_.capabilities().resize) return Plug(std::move(plugging));
  Resize(Direction::kGrow, [this, plugging](const absl::Status& status) {
    if (!status.ok()) {
      limits_.erase(plugging->container);
      return plugging->done(status);
    }
    Plug(plugging);
  });
}

void ResourceManager::Update(const std::string& container, const oci::Resources& limits,
                             absl::AnyInvocable<void(shim::Done<>)> in_guest, shim::Done<> done) {
  const Size wanted_before = Wanted();
  const Limits before = limits_[container];
  limits_[container] = Changed(before, limits);
  const bool can_resize = hypervisor_.capabilities().resize;
  auto finish = [this, container, before, can_resize,
                 done = std::move(done)](const absl::Status& status) mutable {
    if (!status.ok()) limits_[container] = before;
    if (!can_resize) return done(status);
    Trim([status, done = std::move(done)](const absl::Status&) mutable { done(status); });
  };
  if (!can_resize) {
    const absl::Status fits = CheckFits(wanted_before);
    return fits.ok() ? in_guest(guard_.Wrap(std::move(finish))) : finish(fits);
  }
  Resize(Direction::kGrow, [this, in_guest = std::move(in_guest),
                            finish = std::move(finish)](const absl::Status& status) mutable {
    if (!status.ok()) return finish(status);
    in_guest(guard_.Wrap(std::move(finish)));
  });
}

void ResourceManager::Release(const std::string& container, shim::Done<> done) {
  limits_.erase(container);
  const auto found = disks_.extract(container);
  Unplug(found.empty() ? std::vector<Disk>() : std::move(found.mapped()),
         [this, done = std::move(done)](const absl::Status&) mutable {
           // With the last container the machine ends as well, or waits for the next one.
           if (limits_.empty() || !hypervisor_.capabilities().resize) return done(absl::OkStatus());
           Trim(std::move(done));
         });
}

}  // namespace backends
