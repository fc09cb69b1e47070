// SPDX-License-Identifier: Apache-2.0
#include "container/cgroup_limits.h"

#include <absl/status/statusor.h>
#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/kernel_file.h"
#include "base/status_macros.h"
#include "oci/json_reader.h"

namespace container {
namespace {

// Writes files of one controller.
class LimitWriter {
 public:
  LimitWriter(const Cgroup& cgroup, absl::string_view controller)
      : directory_(cgroup.DirectoryOf(controller)), controller_(controller) {}

  absl::Status Write(absl::string_view file, const std::string& text) const {
    RETURN_IF_ERROR(CheckDirectory());
    return base::WriteKernelFile(absl::StrCat(directory_, "/", file), text);
  }
  template <typename Number>
  absl::Status Write(absl::string_view file, const std::optional<Number>& number) const {
    return number.has_value() ? Write(file, absl::StrCat(*number)) : absl::OkStatus();
  }
  // What is in force: the file up to its first blank.
  absl::StatusOr<std::string> ReadFirstWord(absl::string_view file) const {
    RETURN_IF_ERROR(CheckDirectory());
    ASSIGN_OR_RETURN(const std::string text,
                     base::ReadKernelFile(absl::StrCat(directory_, "/", file)));
    return text.substr(0, text.find_first_of(" \n"));
  }

 private:
  [[nodiscard]] absl::Status CheckDirectory() const {
    if (!directory_.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        "cannot set ", controller_, " limit: container could not join or create cgroup"));
  }

  std::string directory_;
  absl::string_view controller_;
};

// With v2 "no limit" is a word.
std::string OrMax(std::int64_t value) { return value < 0 ? "max" : absl::StrCat(value); }

absl::Status ApplyMemoryV1(const LimitWriter& writer, const oci::MemoryResources& memory) {
  constexpr char kLimit[] = "memory.limit_in_bytes";
  constexpr char kSwap[] = "memory.memsw.limit_in_bytes";
  absl::Status limited = writer.Write(kLimit, memory.limit);
  RETURN_IF_ERROR(writer.Write(kSwap, memory.swap));
  // The kernel keeps memory <= memory + swap at every moment, so raising goes the other way round.
  if (!limited.ok() && memory.swap.has_value()) limited = writer.Write(kLimit, memory.limit);
  RETURN_IF_ERROR(limited);
  RETURN_IF_ERROR(writer.Write("memory.soft_limit_in_bytes", memory.reservation));
  RETURN_IF_ERROR(writer.Write("memory.swappiness", memory.swappiness));
  if (!memory.disable_oom_killer.value_or(false)) return absl::OkStatus();
  return writer.Write("memory.oom_control", "1");
}

// The kernel's number is swap alone, where OCI counts memory and swap together. Empty: as it was.
absl::StatusOr<std::string> SwapV2(const LimitWriter& writer, const oci::MemoryResources& memory) {
  const std::int64_t swap = memory.swap.value_or(0);
  if (swap == 0) return std::string();
  if (swap < 0) return std::string("max");
  std::int64_t limit = memory.limit.value_or(0);
  if (limit == 0) {
    ASSIGN_OR_RETURN(const std::string in_force, writer.ReadFirstWord("memory.max"));
    if (!absl::SimpleAtoi(in_force, &limit)) limit = -1;
  }
  if (limit < 0) return std::string("max");
  if (swap < limit) {
    return absl::InvalidArgumentError("memory+swap limit should be >= memory limit");
  }
  return absl::StrCat(swap - limit);
}

absl::Status ApplyMemoryV2(const LimitWriter& writer, const oci::MemoryResources& memory) {
  // 0 is no limit of its own: the one in force stays, as with runc.
  ASSIGN_OR_RETURN(const std::string swap, SwapV2(writer, memory));
  if (memory.limit.value_or(0) != 0) {
    RETURN_IF_ERROR(writer.Write("memory.max", OrMax(*memory.limit)));
  }
  if (memory.reservation) RETURN_IF_ERROR(writer.Write("memory.low", OrMax(*memory.reservation)));
  if (swap.empty()) return absl::OkStatus();
  const absl::Status written = writer.Write("memory.swap.max", swap);
  // A kernel that does not account for swap has no such file, and nothing to limit.
  const bool needs_file = swap != "0" && swap != "max";
  return absl::IsNotFound(written) && !needs_file ? absl::OkStatus() : written;
}

absl::Status ApplyCpuV1(const Cgroup& cgroup, const oci::CpuResources& cpu) {
  const LimitWriter writer(cgroup, "cpu");
  RETURN_IF_ERROR(writer.Write("cpu.shares", cpu.shares));
  RETURN_IF_ERROR(writer.Write("cpu.cfs_period_us", cpu.period));
  RETURN_IF_ERROR(writer.Write("cpu.cfs_quota_us", cpu.quota));
  RETURN_IF_ERROR(writer.Write("cpu.cfs_burst_us", cpu.burst));
  RETURN_IF_ERROR(writer.Write("cpu.rt_period_us", cpu.realtime_period));
  return writer.Write("cpu.rt_runtime_us", cpu.realtime_runtime);
}

absl::Status ApplyCpuMax(const LimitWriter& writer, const oci::CpuResources& cpu) {
  const std::int64_t quota = cpu.quota.value_or(0);
  const std::uint64_t period = cpu.period.value_or(0);
  if (quota == 0 && period == 0) return absl::OkStatus();
  std::string text = OrMax(quota);
  // One word alone is the quota, so that with a new period it has to be said again.
  if (quota == 0) {
    ASSIGN_OR_RETURN(text, writer.ReadFirstWord("cpu.max"));
  }
  if (period != 0) absl::StrAppend(&text, " ", period);
  return writer.Write("cpu.max", text);
}

absl::Status ApplyCpuV2(const Cgroup& cgroup, const oci::CpuResources& cpu) {
  const LimitWriter writer(cgroup, "cpu");
  // First: an idle cgroup refuses weights, which mean nothing to it.
  RETURN_IF_ERROR(writer.Write("cpu.idle", cpu.idle));
  if (cpu.shares.value_or(0) != 0 && cpu.idle != 1) {
    // Shares 2..262144 onto weights 1..10000.
    const std::uint64_t shares = std::clamp<std::uint64_t>(*cpu.shares, 2, 262144);
    RETURN_IF_ERROR(writer.Write("cpu.weight", absl::StrCat(1 + (shares - 2) * 9999 / 262142)));
  }
  const absl::Status burst = writer.Write("cpu.max.burst", cpu.burst);
  RETURN_IF_ERROR(ApplyCpuMax(writer, cpu));
  // It may not be above the quota, so raising both goes the other way round.
  return burst.ok() ? burst : writer.Write("cpu.max.burst", cpu.burst);
}

absl::Status ApplyCpuset(const Cgroup& cgroup, const oci::CpuResources& cpu) {
  const LimitWriter writer(cgroup, "cpuset");
  if (!cpu.cpus.empty()) RETURN_IF_ERROR(writer.Write("cpuset.cpus", cpu.cpus));
  if (!cpu.mems.empty()) RETURN_IF_ERROR(writer.Write("cpuset.mems", cpu.mems));
  return absl::OkStatus();
}

absl::Status ApplyUnified(const Cgroup& cgroup, const oci::Resources& resources) {
  const auto unified = resources.other_json.find("unified");
  if (unified == resources.other_json.end()) return absl::OkStatus();
  const LimitWriter writer(cgroup, "unified");
  oci::JsonReader in(unified->second);
  return in.ReadObject([&](absl::string_view name) -> absl::Status {
    std::string value;
    RETURN_IF_ERROR(in.ReadString(value));
    if (name.find('/') != absl::string_view::npos) return in.ValueError("not a file name");
    return writer.Write(name, value);
  });
}

}  // namespace

absl::Status ApplyResources(const Cgroup& cgroup, const oci::Resources& resources) {
  const bool v1 = cgroup.version == CgroupVersion::kV1;
  if (resources.memory) {
    const LimitWriter writer(cgroup, "memory");
    RETURN_IF_ERROR(v1 ? ApplyMemoryV1(writer, *resources.memory)
                       : ApplyMemoryV2(writer, *resources.memory));
  }
  if (resources.cpu) {
    RETURN_IF_ERROR(v1 ? ApplyCpuV1(cgroup, *resources.cpu) : ApplyCpuV2(cgroup, *resources.cpu));
    RETURN_IF_ERROR(ApplyCpuset(cgroup, *resources.cpu));
  }
  if (resources.pids_limit.value_or(0) != 0) {
    RETURN_IF_ERROR(LimitWriter(cgroup, "pids").Write("pids.max", OrMax(*resources.pids_limit)));
  }
  return v1 ? absl::OkStatus() : ApplyUnified(cgroup, resources);
}

absl::Status PrepareCpuset(const Cgroup& cgroup) {
  if (cgroup.version != CgroupVersion::kV1) return absl::OkStatus();
  const std::string directory = cgroup.DirectoryOf("cpuset");
  if (directory.empty()) return absl::OkStatus();
  for (const absl::string_view file : {"cpuset.cpus", "cpuset.mems"}) {
    // From the first level that has any, down to the cgroup itself.
    std::vector<std::string> empty;
    std::string level = directory;
    std::string value;
    for (;;) {
      ASSIGN_OR_RETURN(value, base::ReadKernelFile(absl::StrCat(level, "/", file)));
      absl::StripAsciiWhitespace(&value);
      if (!value.empty()) break;
      empty.push_back(level);
      level.resize(level.rfind('/'));
    }
    for (auto it = empty.rbegin(); it != empty.rend(); ++it) {
      RETURN_IF_ERROR(base::WriteKernelFile(absl::StrCat(*it, "/", file), value));
    }
  }
  return absl::OkStatus();
}

}  // namespace container
