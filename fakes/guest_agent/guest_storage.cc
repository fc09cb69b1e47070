// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest_storage.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/loop_device.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/root_path.h"
#include "fakes/guest_agent/limits.h"

namespace fakes {
namespace {

enum class DriverKind { kShared, kTemporary, kLocal, kBind, kDisk, kNone };

DriverKind KindOf(absl::string_view driver) {
  if (driver == "virtio-fs" || driver == "virtiofs" || driver == "9p") return DriverKind::kShared;
  if (driver == "ephemeral" || driver == "tmpfs") return DriverKind::kTemporary;
  if (driver == "local") return DriverKind::kLocal;
  if (driver == "bind") return DriverKind::kBind;
  if (driver == "blk") return DriverKind::kDisk;
  return DriverKind::kNone;
}

// Options that are the agent's own: how a directory shall be, not how it is mounted.
bool TakeOwnOption(absl::string_view option, GuestStorage& storage) {
  std::uint32_t group = 0;
  absl::string_view rest = option;
  if (absl::ConsumePrefix(&rest, "fsgid=") && absl::SimpleAtoi(rest, &group)) {
    storage.group = group;
    return true;
  }
  rest = option;
  if (storage.kind == GuestStorage::Kind::kDirectory && absl::ConsumePrefix(&rest, "mode=")) {
    storage.mode = static_cast<mode_t>(std::strtoul(std::string(rest).c_str(), nullptr, 8) & 07777);
    return true;
  }
  return false;
}

absl::Status FillMount(const GuestPaths& paths, const GuestDisks& disks,
                       const grpc::Storage& storage, DriverKind kind, container::Mount& mount) {
  switch (kind) {
    case DriverKind::kShared:
      if (paths.is_machine()) {
        mount.type = storage.fstype();
        mount.source = storage.source();
        return absl::OkStatus();
      }
      if (paths.shared().empty()) {
        return absl::NotFoundError("nothing is shared with this guest");
      }
      mount.type = "bind";
      mount.source = paths.shared();
      mount.options.insert(mount.options.begin(), {"rbind", "rslave"});
      return absl::OkStatus();
    case DriverKind::kTemporary:
      mount.type = storage.fstype().empty() ? "tmpfs" : storage.fstype();
      mount.source = storage.source().empty() ? "tmpfs" : storage.source();
      return absl::OkStatus();
    case DriverKind::kBind: {
      mount.type = "bind";
      ASSIGN_OR_RETURN(mount.source, paths.Resolve(storage.source()));
      if (!absl::StrContains(storage.fstype(), "bind") && mount.options.empty()) {
        mount.options = {"bind"};
      }
      return absl::OkStatus();
    }
    case DriverKind::kDisk: {
      mount.type = storage.fstype();
      mount.source = storage.source();
      if (paths.is_machine()) return absl::OkStatus();
      ASSIGN_OR_RETURN(const GuestDisk disk, disks.Find(storage.source()));
      mount.source = disk.path;
      if (disk.readonly) mount.options.push_back("ro");
      return absl::OkStatus();
    }
    case DriverKind::kLocal:
      return absl::OkStatus();
    case DriverKind::kNone:
      break;
  }
  return absl::InvalidArgumentError(
      "failed to find the storage handler: there are virtio-fs, 9p, blk, ephemeral, local, "
      "bind");
}

absl::Status MountDisk(const GuestPaths& paths, container::Mount mount) {
  base::LoopDevice loop;  // until it is mounted
  struct stat info {};
  if (paths.is_machine()) {
    ASSIGN_OR_RETURN(mount.source, AwaitDisk(mount.source, kGuestDiskTimeout));
  } else if (::stat(mount.source.c_str(), &info) != 0) {
    return base::ErrnoStatus(errno, mount.source);
  } else if (S_ISREG(info.st_mode)) {
    const bool readonly =
        std::find(mount.options.begin(), mount.options.end(), "ro") != mount.options.end();
    ASSIGN_OR_RETURN(loop, base::AttachLoopDevice(mount.source, readonly));
    mount.source = loop.path;
  }
  return container::MountAll({mount}, paths.run());
}

absl::Status MakeOne(const base::UniqueFd& root, const GuestPaths& paths,
                     const GuestStorage& storage) {
  struct stat source {};
  const bool is_file = storage.mount.type == "bind" &&
                       ::stat(storage.mount.source.c_str(), &source) == 0 &&
                       !S_ISDIR(source.st_mode);
  const auto entry = is_file ? container::RootEntry::kFile : container::RootEntry::kDirectory;
  ASSIGN_OR_RETURN(base::UniqueFd place, container::MakeBelow(root, storage.mount.target, entry));
  if (storage.kind != GuestStorage::Kind::kDirectory) {
    RETURN_IF_ERROR(storage.kind == GuestStorage::Kind::kDisk
                        ? MountDisk(paths, storage.mount)
                        : container::MountAll({storage.mount}, paths.run()));
    ASSIGN_OR_RETURN(place, container::OpenBelow(root, storage.mount.target));
  }
  const std::string name = container::ProcPath(place);
  if (storage.mode && ::chmod(name.c_str(), *storage.mode) != 0) {
    return base::ErrnoStatus(errno, "chmod");
  }
  if (storage.group && ::chown(name.c_str(), static_cast<uid_t>(-1), *storage.group) != 0) {
    return base::ErrnoStatus(errno, "chown");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<GuestStorage> PlanStorage(const GuestPaths& paths, const GuestDisks& disks,
                                         const grpc::Storage& storage) {
  const std::string context =
      absl::StrCat("storage driver \"", storage.driver(), "\", source \"", storage.source(), "\"");
  const DriverKind kind = KindOf(storage.driver());
  GuestStorage plan;
  if (kind == DriverKind::kLocal) plan.kind = GuestStorage::Kind::kDirectory;
  if (kind == DriverKind::kDisk) plan.kind = GuestStorage::Kind::kDisk;
  for (const std::string& option : storage.options()) {
    if (!TakeOwnOption(option, plan)) plan.mount.options.push_back(option);
  }
  RETURN_IF_ERROR(base::Annotate(FillMount(paths, disks, storage, kind, plan.mount), context));
  absl::StatusOr<std::string> target = paths.BelowRun(storage.mount_point());
  RETURN_IF_ERROR(base::Annotate(target.status(), context));
  plan.mount.target = *std::move(target);
  if (storage.has_fs_group()) plan.group = storage.fs_group().group_id();
  return plan;
}

std::optional<GuestStorage> PlanSharedRoot(const GuestPaths& paths, absl::string_view root) {
  const std::string source = paths.InShared(root);
  const absl::StatusOr<std::string> target = paths.BelowRun(root);
  if (source.empty() || !target.ok()) return std::nullopt;
  if (::access(absl::StrCat(paths.run(), "/", *target).c_str(), F_OK) == 0) return std::nullopt;
  GuestStorage plan;
  plan.mount = {
      .type = "bind", .source = source, .target = *target, .options = {"rbind", "rslave"}};
  return plan;
}

absl::Status MakeStorages(const GuestPaths& paths, const std::vector<GuestStorage>& storages) {
  const base::UniqueFd root(::open(paths.run().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.ok()) return base::ErrnoStatus(errno, paths.run());
  for (const GuestStorage& storage : storages) {
    RETURN_IF_ERROR(base::Annotate(MakeOne(root, paths, storage),
                                   absl::StrCat("storage ", storage.mount.target)));
  }
  return absl::OkStatus();
}

absl::Status RemoveStorages(const GuestPaths& paths, const std::vector<GuestStorage>& storages) {
  absl::Status result;
  for (auto storage = storages.rbegin(); storage != storages.rend(); ++storage) {
    if (storage->kind == GuestStorage::Kind::kDirectory) continue;  // its contents may be wanted
    const std::string path = absl::StrCat(paths.run(), "/", storage->mount.target);
    result.Update(container::UnmountAll(path));
    if (::rmdir(path.c_str()) != 0 && errno == ENOTDIR) ::unlink(path.c_str());
  }
  return result;
}

}  // namespace fakes
