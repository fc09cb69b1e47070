// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/guest_disk.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <sys/stat.h>

#include <algorithm>
#include <climits>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/shim/small_file.h"

namespace backends {
namespace {

using nlohmann::json;

// Of the protocol: a virtio disk, by its place on the PCI bus.
constexpr char kBlockDriver[] = "blk";
// Of a disk that is bound, of which nobody says what it holds.
constexpr char kUsualFileSystem[] = "ext4";

bool Has(const oci::Strings& options, absl::string_view option) {
  return std::find(options.begin(), options.end(), option) != options.end();
}

bool IsBlockDevice(const std::string& path) {
  struct stat info {};
  return absl::StartsWith(path, "/") && ::stat(path.c_str(), &info) == 0 && S_ISBLK(info.st_mode);
}

// What belongs to a bind mount, and not to the file system that is bound.
bool IsOfTheBind(const std::string& option) {
  for (const char* name : {"private", "slave", "shared", "unbindable"}) {
    if (option == name || option == absl::StrCat("r", name)) return true;
  }
  return option == "bind" || option == "rbind";
}

GuestDisk MakeDisk(const std::string& path, const std::string& fstype, const oci::Strings& options,
                   const std::string& mount_point) {
  GuestDisk disk{.path = path, .readonly = Has(options, "ro"), .storage = {}};
  disk.storage.driver = kBlockDriver;
  disk.storage.fstype = fstype;
  for (const std::string& option : options) {
    if (!IsOfTheBind(option) && option != "loop") disk.storage.options.push_back(option);
  }
  disk.storage.mount_point = mount_point;
  return disk;
}

bool IsBind(const oci::Mount& mount) {
  return mount.type == "bind" || Has(mount.options, "bind") || Has(mount.options, "rbind");
}

// The name of a volume's directory: base64 for URLs, padded.
std::string VolumeName(const std::string& volume) {
  constexpr std::size_t kUnit = 4;
  std::string name = absl::WebSafeBase64Escape(volume);
  name.append((kUnit - name.size() % kUnit) % kUnit, '=');
  return name;
}

// A member of a registered volume, a string.
absl::StatusOr<std::string> TextOf(const json& info, const char* key) {
  const auto found = info.find(key);
  if (found != info.end() && found->is_string()) return found->get<std::string>();
  return absl::InvalidArgumentError(absl::StrCat(key, ": expected a string"));
}

absl::Status ReadGroup(const json& info, GuestStorage& storage) {
  const auto metadata = info.find("metadata");
  if (metadata == info.end() || !metadata->is_object()) return absl::OkStatus();
  const auto group = metadata->find("fsGroup");
  if (group == metadata->end()) return absl::OkStatus();
  std::uint32_t number = 0;
  if (!group->is_string() || !absl::SimpleAtoi(group->get<std::string>(), &number)) {
    return absl::InvalidArgumentError("metadata.fsGroup: expected a string with a number");
  }
  storage.group = number;
  return absl::OkStatus();
}

absl::StatusOr<GuestDisk> ParseVolume(const std::string& text, const std::string& mount_point) {
  const json info = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!info.is_object()) return absl::InvalidArgumentError("expected an object of JSON");
  ASSIGN_OR_RETURN(const std::string type, TextOf(info, "volume-type"));
  // Kata's runtime in Go calls it the first, runtime-rs the second.
  if (type != "block" && type != "directvol") {
    return absl::UnimplementedError(
        absl::StrCat("volume-type \"", type, "\": expected block or directvol"));
  }
  ASSIGN_OR_RETURN(const std::string device, TextOf(info, "device"));
  ASSIGN_OR_RETURN(const std::string fstype, TextOf(info, "fstype"));
  oci::Strings options;
  const auto listed = info.find("options");
  if (listed != info.end() && !listed->is_null()) {
    if (!listed->is_array()) return absl::InvalidArgumentError("options: expected an array");
    for (const json& option : *listed) {
      if (!option.is_string()) return absl::InvalidArgumentError("options: expected strings");
      options.push_back(option.get<std::string>());
    }
  }
  GuestDisk disk = MakeDisk(device, fstype, options, mount_point);
  RETURN_IF_ERROR(ReadGroup(info, disk.storage));
  return disk;
}

absl::StatusOr<std::optional<GuestDisk>> FindVolume(const oci::Mount& mount,
                                                    const std::string& mount_point) {
  const std::string name = VolumeName(mount.source);
  if (name.size() > NAME_MAX) return std::nullopt;  // nobody can have registered it
  const std::string file = absl::StrCat(kDirectVolumes, "/", name, "/mountInfo.json");
  const absl::StatusOr<std::string> text = shim::ReadSmallFile(file);
  if (absl::IsNotFound(text.status())) return std::nullopt;
  RETURN_IF_ERROR(text.status());
  absl::StatusOr<GuestDisk> disk = ParseVolume(*text, mount_point);
  if (!disk.ok()) return base::Annotate(disk.status(), file);
  return *std::move(disk);
}

}  // namespace

bool IsDiskRootfs(const std::vector<container::Mount>& rootfs) {
  if (rootfs.size() != 1 || !rootfs[0].target.empty()) return false;
  const container::Mount& mount = rootfs[0];
  if (mount.type == "bind" || Has(mount.options, "bind") || Has(mount.options, "rbind")) {
    return false;
  }
  return IsBlockDevice(mount.source) || Has(mount.options, "loop");
}

GuestDisk RootfsDisk(const container::Mount& rootfs, const std::string& mount_point) {
  return MakeDisk(rootfs.source, rootfs.type, rootfs.options, mount_point);
}

absl::StatusOr<std::optional<GuestDisk>> TakeDisk(oci::Mount& mount,
                                                  const std::string& mount_point) {
  const std::string name = absl::StrCat("mount ", mount.destination, ": ", mount.source);
  std::optional<GuestDisk> disk;
  if (IsBlockDevice(mount.source)) {
    disk = MakeDisk(mount.source, IsBind(mount) ? kUsualFileSystem : mount.type,
                    IsBind(mount) && Has(mount.options, "ro") ? oci::Strings{"ro"}
                    : IsBind(mount)                           ? oci::Strings{}
                                                              : mount.options,
                    mount_point);
  } else if (IsBind(mount)) {
    absl::StatusOr<std::optional<GuestDisk>> volume = FindVolume(mount, mount_point);
    if (!volume.ok()) return base::Annotate(volume.status(), name);
    disk = *std::move(volume);
  }
  if (!disk.has_value()) return disk;
  oci::Strings options = {"bind"};
  for (const std::string& option : mount.options) {
    if (option == "ro" || (IsOfTheBind(option) && option != "bind" && option != "rbind")) {
      options.push_back(option);
    }
  }
  mount.type = "bind";
  mount.source = mount_point;
  mount.options = std::move(options);
  return disk;
}

absl::StatusOr<std::string> PciPath(const std::string& bdf) {
  constexpr std::size_t kSlotDigits = 2;
  absl::string_view rest = bdf;
  if (absl::ConsumePrefix(&rest, "0000:00:") && absl::ConsumeSuffix(&rest, ".0") &&
      rest.size() == kSlotDigits && std::all_of(rest.begin(), rest.end(), [](char c) {
        return absl::ascii_isxdigit(static_cast<unsigned char>(c));
      })) {
    return std::string(rest);
  }
  return absl::InternalError(
      absl::StrCat("the place of a device: expected one such as "
                   "0000:00:05.0, not \"",
                   bdf, "\""));
}

}  // namespace backends
