// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/stage_plan.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <limits>

#include "base/status_macros.h"
#include "oci/json_reader.h"
#include "oci/json_text.h"

namespace stage {
namespace {

std::string CgroupJson(const container::Cgroup& cgroup) {
  const auto quote_pair = [](std::string* to, const auto& entry) {
    absl::StrAppend(to, oci::JsonQuote(entry.first), ":", oci::JsonQuote(entry.second));
  };
  return absl::StrCat("{\"version\":", cgroup.version == container::CgroupVersion::kV1 ? 1 : 2,
                      ",\"controllers\":{", absl::StrJoin(cgroup.controllers, ",", quote_pair),
                      "},\"unified\":", oci::JsonQuote(cgroup.unified), "}");
}

absl::Status ReadCgroup(oci::JsonReader& in, container::Cgroup& cgroup) {
  return in.ReadObject([&](absl::string_view name) -> absl::Status {
    if (name == "unified") return in.ReadString(cgroup.unified);
    if (name == "controllers") {
      return in.ReadObject([&](absl::string_view controller) {
        return in.ReadString(cgroup.controllers[std::string(controller)]);
      });
    }
    if (name != "version") return in.Skip();
    std::uint64_t version = 0;
    RETURN_IF_ERROR(in.ReadUnsigned(2, version));
    cgroup.version = version == 1 ? container::CgroupVersion::kV1 : container::CgroupVersion::kV2;
    return absl::OkStatus();
  });
}

absl::Status ReadMember(oci::JsonReader& in, absl::string_view name, StagePlan& plan) {
  constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();
  if (name == "id") return in.ReadString(plan.id);
  if (name == "bundle") return in.ReadString(plan.bundle);
  if (name == "cgroup") return ReadCgroup(in, plan.cgroup);
  if (name == "config") return in.ReadString(plan.config);
  if (name == "entry") return in.ReadString(plan.entry);
  if (name == "memoryBytesMax") return in.ReadUnsigned(kAny, plan.memory_bytes_max);
  if (name == "fuel") return in.ReadUnsigned(kAny, plan.fuel);
  if (name == "runMsMax") return in.ReadUnsigned(kAny, plan.run_ms_max);
  if (name == "noPivot") return in.ReadBool(plan.no_pivot);
  if (name == "newKeyring") return in.ReadBool(plan.new_keyring);
  if (name == "process") {
    absl::string_view raw;
    RETURN_IF_ERROR(in.SkipRaw(raw));
    plan.process_json = std::string(raw);
    return absl::OkStatus();
  }
  if (name != "containerPid") return in.Skip();
  std::uint64_t pid = 0;
  RETURN_IF_ERROR(in.ReadUnsigned(std::numeric_limits<pid_t>::max(), pid));
  plan.container_pid = static_cast<pid_t>(pid);
  return absl::OkStatus();
}

}  // namespace

bool PausesWhenMounted(const oci::Spec& spec) {
  return !spec.hooks.prestart.empty() || !spec.hooks.create_runtime.empty();
}

std::string WriteStagePlan(const StagePlan& plan) {
  std::string json = absl::StrCat(
      "{\"id\":", oci::JsonQuote(plan.id), ",\"bundle\":", oci::JsonQuote(plan.bundle),
      ",\"cgroup\":", CgroupJson(plan.cgroup), ",\"config\":", oci::JsonQuote(plan.config),
      ",\"entry\":", oci::JsonQuote(plan.entry), ",\"memoryBytesMax\":", plan.memory_bytes_max,
      ",\"fuel\":", plan.fuel, ",\"runMsMax\":", plan.run_ms_max,
      ",\"noPivot\":", plan.no_pivot ? "true" : "false",
      ",\"newKeyring\":", plan.new_keyring ? "true" : "false");
  if (!plan.process_json.empty()) {
    absl::StrAppend(&json, ",\"process\":", plan.process_json,
                    ",\"containerPid\":", plan.container_pid);
  }
  return absl::StrCat(json, "}\n");
}

absl::StatusOr<StagePlan> ParseStagePlan(absl::string_view json) {
  StagePlan plan;
  oci::JsonReader in(json);
  const auto member = [&](absl::string_view name) { return ReadMember(in, name, plan); };
  RETURN_IF_ERROR(base::Annotate(in.ReadObject(member), "plan of the stage"));
  RETURN_IF_ERROR(base::Annotate(in.Finish(), "plan of the stage"));
  if (plan.id.empty() || plan.bundle.empty() || plan.bundle[0] != '/') {
    return absl::InvalidArgumentError("plan of the stage: id and an absolute bundle are needed");
  }
  return plan;
}

}  // namespace stage
