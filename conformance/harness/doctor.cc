// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/doctor.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/kernel_file.h"
#include "base/pidfd.h"
#include "conformance/harness/host.h"
#include "conformance/harness/mount_table.h"
#include "conformance/harness/user_namespace.h"
#include "conformance/reports/json_records.h"

namespace conformance {
namespace {

using Grade = Finding::Grade;

constexpr std::int64_t kMemoryWanted = std::int64_t{256} << 20;
constexpr std::size_t kListedMax = 4;  // ids that the text names; JSON names all
constexpr int kDoctorSchema = 1;

std::optional<std::int64_t> ReadNumber(const std::string& path) {
  const absl::StatusOr<std::string> text = base::ReadKernelFile(path);
  std::int64_t number = 0;
  if (!text.ok() || !absl::SimpleAtoi(absl::StripAsciiWhitespace(*text), &number)) {
    return std::nullopt;
  }
  return number;
}

std::int64_t FreeMemory() {
  const absl::StatusOr<std::string> text = base::ReadKernelFile("/proc/meminfo");
  if (!text.ok()) return 0;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    if (!absl::ConsumePrefix(&line, "MemAvailable:")) continue;
    absl::ConsumeSuffix(&line, "kB");
    std::int64_t kibibytes = 0;
    return absl::SimpleAtoi(absl::StripAsciiWhitespace(line), &kibibytes) ? kibibytes * 1024 : 0;
  }
  return 0;
}

// Something mounted on a part of /proc hides it. (binfmt_misc lies on a directory that is empty.)
std::vector<std::string> MaskedProc() {
  std::vector<std::string> masked;
  const absl::StatusOr<std::vector<MountEntry>> mounts = ReadMountTable();
  if (!mounts.ok()) return masked;
  for (const MountEntry& mount : *mounts) {
    if (absl::StartsWith(mount.mount_point, "/proc/") && mount.fs_type != "binfmt_misc" &&
        mount.fs_type != "autofs") {
      masked.push_back(mount.mount_point);
    }
  }
  return masked;
}

std::vector<std::string> IdsOf(const std::vector<Check>& checks,
                               const std::function<bool(const Check&)>& wanted) {
  std::vector<std::string> ids;
  for (const Check& check : checks) {
    if (wanted(check)) ids.push_back(check.id);
  }
  return ids;
}

std::vector<std::string> Costs(const std::vector<Check>& checks, HostNeeds lacking) {
  return IdsOf(checks,
               [lacking](const Check& check) { return (HostNeedsOf(check) & lacking) != 0; });
}

Finding Kernel(const MachineFacts& facts) {
  Finding finding{.subject = "kernel", .observed = facts.host.kernel};
  if (facts.pidfds) return finding;
  finding.grade = Grade::kProblem;
  absl::StrAppend(&finding.observed, ", without pidfds");
  finding.fix = "use Linux 5.3 or newer";
  return finding;
}

// Why no worlds can be made without root, in the order of the kernel's own questions.
Finding UserNamespaces(const MachineFacts& facts) {
  Finding finding{.subject = "user namespaces", .observed = "allowed"};
  const auto problem = [&finding, &facts](std::string observed, std::string fix) {
    finding.grade = facts.host.root ? Grade::kGood : Grade::kProblem;
    finding.observed = std::move(observed);
    if (!facts.host.root) finding.fix = absl::StrCat(fix, "; or run as root");
    if (facts.host.root) absl::StrAppend(&finding.observed, " (root does without)");
    return finding;
  };
  if (!facts.max_user_namespaces) {
    return problem("this kernel has none", "use a kernel with CONFIG_USER_NS");
  }
  if (*facts.max_user_namespaces == 0) {
    return problem("forbidden by user.max_user_namespaces = 0",
                   "sysctl user.max_user_namespaces=10000");
  }
  if (facts.unprivileged_user_namespaces == 0) {
    return problem("forbidden to all but root by kernel.unprivileged_userns_clone = 0",
                   "sysctl kernel.unprivileged_userns_clone=1");
  }
  if (facts.apparmor_restricts == 1 && !facts.host.root) {
    // A profile may allow it all the same: the trial tells.
    finding.grade = Grade::kNote;
    finding.observed = "restricted by kernel.apparmor_restrict_unprivileged_userns = 1";
    finding.fix =
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for "
        "shimgauge that allows userns; or run as root";
    return finding;
  }
  return finding;
}

Finding Proc(const MachineFacts& facts) {
  Finding finding{.subject = "/proc", .observed = "whole"};
  if (facts.masked_proc.empty()) return finding;
  finding.observed =
      absl::StrCat("parts are hidden (", absl::StrJoin(facts.masked_proc, ", "), ")");
  if (facts.host.root) return finding;
  finding.grade = Grade::kNote;
  absl::StrAppend(&finding.observed, ", so the kernel may refuse worlds a fresh one");
  finding.fix =
      "start this container with its /proc unmasked (docker: --security-opt "
      "systempaths=unconfined), or run as root in a privileged one";
  return finding;
}

Finding Owner(const MachineFacts& facts) {
  if (facts.host.root) {
    return {.subject = "worlds", .observed = "belong to root: namespaces, mounts, cgroups"};
  }
  return {.subject = "worlds",
          .observed = absl::StrCat("belong to a ", DescribePrivilege(facts.host), ", of uid ",
                                   facts.caller_uid)};
}

Finding Ids(const MachineFacts& facts, const std::vector<Check>& checks) {
  const HostNeeds lacking = ToHostNeeds(HostNeed::kManyIds) & ~facts.host.offers;
  Finding finding{.subject = "ids", .observed = "more than one user and group in worlds"};
  if (lacking == 0) return finding;
  finding.observed = "worlds have one user and one group";
  finding.fix =
      facts.subordinate_ids
          ? "give this user more subordinate ids in /etc/subuid and /etc/subgid"
          : "install newuidmap (Debian: uidmap) and give this user a range of 65536 ids in "
            "/etc/subuid and /etc/subgid";
  finding.checks = Costs(checks, lacking);
  finding.grade = finding.checks.empty() ? Grade::kGood : Grade::kNote;
  return finding;
}

Finding Cgroups(const MachineFacts& facts, const std::vector<Check>& checks) {
  const HostNeeds lacking = (HostNeed::kCgroups | HostNeed::kEngineCgroups) & ~facts.host.offers;
  Finding finding{.subject = "cgroups", .observed = facts.host.cgroup_mode};
  if (lacking == 0) {
    absl::StrAppend(&finding.observed, ", every hierarchy can be written");
    return finding;
  }
  if (facts.host.cgroup_mode == "none") {
    finding.observed = "no hierarchy is mounted";
    finding.fix = "mount /sys/fs/cgroup, or run in a container that has it";
  } else {
    absl::StrAppend(&finding.observed, ", but this caller may make none");
    finding.fix = facts.caller_is_root ? "mount /sys/fs/cgroup writable (docker: --privileged)"
                                       : "run as root; they belong to the machine's root";
  }
  finding.checks = Costs(checks, lacking);
  finding.grade = Grade::kNote;
  return finding;
}

Finding Engine(const MachineFacts& facts, const std::vector<Check>& checks) {
  Finding finding{
      .subject = "engine",
      .observed = absl::StrCat(EngineKindName(facts.engine.kind),
                               facts.engine.path.empty() ? "" : ": ", facts.engine.path)};
  absl::StrAppend(&finding.observed, "; runc ", facts.runc ? "is" : "is not", " installed, crun ",
                  facts.crun ? "is" : "is not");
  if (!facts.engine_installed) {
    finding.grade = Grade::kProblem;
    finding.observed = absl::StrCat(facts.engine.path, " is not installed");
    finding.fix = facts.engine.kind == EngineChoice::Kind::kReal
                      ? "install it, or use --engine fake (shimgauge-engine, built with the judge)"
                      : "build shimgauge-engine, or install it";
    return finding;
  }
  if (facts.engine.kind == EngineChoice::Kind::kFake ||
      facts.engine.kind == EngineChoice::Kind::kNone) {
    return finding;
  }
  finding.checks = IdsOf(
      checks, [](const Check& check) { return (check.needs & ToNeeds(Need::kFakeEngine)) != 0; });
  if (finding.checks.empty()) return finding;
  finding.grade = Grade::kNote;
  absl::StrAppend(&finding.observed, "; it cannot be made to fail");
  finding.fix = "leave out --engine, or build shimgauge-engine";
  return finding;
}

Finding Programs(const MachineFacts& facts) {
  const auto state = [](const char* name, bool found) {
    return absl::StrCat(name, found ? " found" : " not found");
  };
  return {.subject = "programs",
          .observed = absl::StrCat(state("containerd", facts.containerd), ", ",
                                   state("criu", facts.criu), "; neither is needed")};
}

Finding Tracing(const MachineFacts& facts) {
  Finding finding{.subject = "ptrace", .observed = "unrestricted"};
  if (!facts.ptrace_scope || *facts.ptrace_scope == 0) return finding;
  finding.observed = absl::StrCat("kernel.yama.ptrace_scope = ", *facts.ptrace_scope);
  if (*facts.ptrace_scope < 2 || facts.caller_is_root) return finding;
  finding.grade = Grade::kNote;
  absl::StrAppend(&finding.observed, ": reports of hangs show less about processes");
  finding.fix = "sysctl kernel.yama.ptrace_scope=1";
  return finding;
}

Finding Space(const MachineFacts& facts) {
  Finding finding{.subject = "space",
                  .observed = absl::StrCat(facts.free_memory_bytes >> 20,
                                           " MiB of memory for worlds, which live in tmpfs")};
  if (facts.free_memory_bytes >= kMemoryWanted) return finding;
  finding.grade = Grade::kNote;
  finding.fix = absl::StrCat("have ", kMemoryWanted >> 20, " MiB free, or use -j 1");
  return finding;
}

}  // namespace

MachineFacts ReadMachineFacts(const HostInfo& host, const EngineChoice& engine) {
  MachineFacts facts;
  facts.host = host;
  facts.engine = engine;
  facts.engine_installed = engine.path.empty() || IsInstalled(engine.path);
  facts.caller_is_root = ::geteuid() == 0;
  facts.caller_uid = ::geteuid();
  facts.max_user_namespaces = ReadNumber("/proc/sys/user/max_user_namespaces");
  facts.unprivileged_user_namespaces = ReadNumber("/proc/sys/kernel/unprivileged_userns_clone");
  facts.apparmor_restricts = ReadNumber("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  facts.ptrace_scope = ReadNumber("/proc/sys/kernel/yama/ptrace_scope");
  facts.masked_proc = MaskedProc();
  facts.pidfds = base::OpenPidfd(::getpid()).ok();
  facts.free_memory_bytes = FreeMemory();
  facts.subordinate_ids = MappableIds() > 1;
  facts.runc = IsInstalled("runc");
  facts.crun = IsInstalled("crun");
  facts.containerd = IsInstalled("containerd");
  facts.criu = IsInstalled("criu");
  return facts;
}

const char* GradeName(Finding::Grade grade) {
  switch (grade) {
    case Grade::kGood:
      return "ok";
    case Grade::kNote:
      return "note";
    case Grade::kProblem:
      return "problem";
  }
  return "problem";
}

std::vector<Finding> Examine(const MachineFacts& facts, const std::vector<Check>& checks) {
  return {Kernel(facts),         UserNamespaces(facts), Proc(facts),
          Owner(facts),          Ids(facts, checks),    Cgroups(facts, checks),
          Engine(facts, checks), Programs(facts),       Tracing(facts),
          Space(facts)};
}

std::size_t CountNotes(const std::vector<Finding>& findings) {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(),
                    [](const Finding& finding) { return finding.grade != Grade::kGood; }));
}

std::string FindingsText(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    absl::StrAppend(&text, absl::StrFormat("%-8s %-16s %s\n", GradeName(finding.grade),
                                           finding.subject, finding.observed));
    const auto detail = [&text](absl::string_view word, absl::string_view what) {
      absl::StrAppend(&text, absl::StrFormat("%25s %-6s %s\n", "", word, what));
    };
    if (!finding.fix.empty() && finding.grade != Grade::kGood) detail("fix", finding.fix);
    if (finding.checks.empty()) continue;
    const std::size_t listed = std::min(kListedMax, finding.checks.size());
    const std::vector<std::string> first(
        finding.checks.begin(), finding.checks.begin() + static_cast<std::ptrdiff_t>(listed));
    const std::size_t more = finding.checks.size() - listed;
    detail("costs",
           absl::StrCat(
               finding.checks.size(),
               finding.checks.size() == 1 ? " check: " : " checks: ", absl::StrJoin(first, ", "),
               more == 0 ? "" : absl::StrCat(" and ", more, " more (--json names all)")));
  }
  return text;
}

std::string FindingsJson(const std::vector<Finding>& findings) {
  auto records = nlohmann::ordered_json::array();
  bool fit = true;
  for (const Finding& finding : findings) {
    fit = fit && finding.grade != Grade::kProblem;
    records.push_back({{"grade", GradeName(finding.grade)},
                       {"subject", finding.subject},
                       {"observed", finding.observed},
                       {"fix", finding.fix},
                       {"checks", finding.checks}});
  }
  return JsonText({{"schema", kDoctorSchema}, {"fit", fit}, {"findings", std::move(records)}}, 1) +
         "\n";
}

}  // namespace conformance
