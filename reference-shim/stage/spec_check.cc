// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/spec_check.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <iterator>

#include "base/status_macros.h"
#include "oci/json_reader.h"

namespace stage {
namespace {

absl::Status Refuse(absl::string_view field, absl::string_view why) {
  return absl::FailedPreconditionError(
      absl::StrCat(field, ": ", why, "; a Wasm task cannot have it"));
}

// Members that oci::Spec leaves out and that would restrict or identify a process.
constexpr absl::string_view kUnknownOfLinux[] = {"intelRdt",   "memoryPolicy", "mountLabel",
                                                 "netDevices", "personality",  "timeOffsets"};
constexpr absl::string_view kUnknownOfProcess[] = {"execCPUAffinity", "ioPriority", "landlock",
                                                   "scheduler"};
// Resources of which nothing would come. Others concern what a guest has no way to use (huge pages,
// RDMA, sockets), or are taken care of otherwise (devices, by Rootfs::DisableOtherDevices).
constexpr absl::string_view kIgnoredResources[] = {"blockIO"};

template <std::size_t size>
bool IsAmong(const absl::string_view (&names)[size], absl::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool SaysNothing(absl::string_view json) { return json == "{}" || json == "[]" || json == "null"; }

template <std::size_t size>
absl::Status RefuseMembers(oci::JsonReader& in, absl::string_view where,
                           const absl::string_view (&names)[size]) {
  return in.ReadObject([&](absl::string_view name) -> absl::Status {
    absl::string_view raw;
    const bool refused = IsAmong(names, name);
    const std::string field = absl::StrCat(where, ".", name);
    RETURN_IF_ERROR(in.SkipRaw(raw));
    if (!refused || SaysNothing(oci::CompactJson(raw))) return absl::OkStatus();
    return Refuse(field, "not supported");
  });
}

absl::Status CheckNamespaces(const oci::Spec& spec) {
  if (oci::FindNamespace(spec, "user") != nullptr) {
    return Refuse("linux.namespaces", "a user namespace is not supported");
  }
  const oci::Namespace* mount = oci::FindNamespace(spec, "mount");
  if (mount != nullptr && mount->path.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "linux.namespaces: a Wasm task needs a new mount namespace: without one nothing keeps device "
      "files of its root from working");
}

absl::Status CheckMounts(const oci::Spec& spec) {
  for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
    if (spec.mounts[i].uid_mappings.empty() && spec.mounts[i].gid_mappings.empty()) continue;
    return Refuse(absl::StrCat("mounts[", i, "].uidMappings"),
                  "id-mapped mounts are not supported");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckProcess(const oci::Process& process, absl::string_view where) {
  if (process.args.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ".args: must not be empty"));
  }
  if (process.cwd.empty() || process.cwd[0] != '/') {
    return absl::InvalidArgumentError(absl::StrCat(where, ".cwd: must be an absolute path"));
  }
  if (!process.apparmor_profile.empty() && process.apparmor_profile != "unconfined") {
    return Refuse(absl::StrCat(where, ".apparmorProfile"), "AppArmor profiles are not supported");
  }
  if (!process.selinux_label.empty()) {
    return Refuse(absl::StrCat(where, ".selinuxLabel"), "SELinux labels are not supported");
  }
  return absl::OkStatus();
}

absl::Status CheckSpec(const oci::Spec& spec, absl::string_view config_json) {
  if (spec.root.path.empty()) return absl::InvalidArgumentError("root.path: must not be empty");
  RETURN_IF_ERROR(CheckProcess(spec.process, "process"));
  RETURN_IF_ERROR(CheckNamespaces(spec));
  RETURN_IF_ERROR(CheckMounts(spec));
  for (const absl::string_view name : kIgnoredResources) {
    const auto found = spec.linux.resources.other_json.find(std::string(name));
    if (found == spec.linux.resources.other_json.end() || SaysNothing(found->second)) continue;
    return Refuse(absl::StrCat("linux.resources.", name), "not supported");
  }
  oci::JsonReader in(config_json);
  return in.ReadObject([&](absl::string_view name) {
    if (name == "linux") return RefuseMembers(in, "linux", kUnknownOfLinux);
    if (name == "process") return RefuseMembers(in, "process", kUnknownOfProcess);
    return in.Skip();
  });
}

}  // namespace stage
