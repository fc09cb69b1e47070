// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/strip.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/kernel_file.h"
#include "base/pidfd.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/cgroup_stats.h"
#include "fakes/engine/commands.h"
#include "fakes/engine/container_processes.h"
#include "fakes/engine/container_store.h"
#include "oci/json_text.h"

namespace fakes {
namespace {

constexpr int kDefaultIntervalSeconds = 5;

// What is known of a container, as state and list show it.
struct Report {
  ContainerRecord record;
  ContainerStatus status = ContainerStatus::kStopped;
  oci::Spec spec;
  [[nodiscard]] pid_t pid() const {
    return status == ContainerStatus::kStopped ? 0 : record.init.pid;
  }
};

absl::StatusOr<Report> LoadReport(const ContainerStore& store) {
  Report report;
  ASSIGN_OR_RETURN(report.record, store.Load());
  report.status = StatusOf(store, report.record);
  absl::StatusOr<oci::Spec> spec = store.LoadConfig();
  if (spec.ok()) report.spec = *std::move(spec);
  return report;
}

std::string FormatAnnotations(const oci::StringMap& annotations) {
  return absl::StrCat("{",
                      absl::StrJoin(annotations, ",",
                                    [](std::string* to, const auto& entry) {
                                      absl::StrAppend(to, oci::JsonQuote(entry.first), ":",
                                                      oci::JsonQuote(entry.second));
                                    }),
                      "}");
}

std::string FormatReport(const Report& report, absl::string_view separator) {
  std::vector<std::string> members = {
      absl::StrCat("\"ociVersion\": ", oci::JsonQuote(report.spec.oci_version)),
      absl::StrCat("\"id\": ", oci::JsonQuote(report.record.id)),
      absl::StrCat("\"pid\": ", report.pid()),
      absl::StrCat("\"status\": \"", StatusName(report.status), "\""),
      absl::StrCat("\"bundle\": ", oci::JsonQuote(report.record.bundle)),
      absl::StrCat("\"rootfs\": ", oci::JsonQuote(report.record.rootfs)),
      absl::StrCat("\"created\": ", oci::JsonQuote(report.record.created))};
  if (!report.spec.annotations.empty()) {
    members.push_back(
        absl::StrCat("\"annotations\": ", FormatAnnotations(report.spec.annotations)));
  }
  members.emplace_back("\"owner\": \"\"");
  return absl::StrJoin(members, separator);
}

std::vector<Report> LoadAll(const std::string& root) {
  std::vector<Report> reports;
  std::error_code error;
  for (std::filesystem::directory_iterator it(root, error), end; !error && it != end;
       it.increment(error)) {
    const absl::StatusOr<ContainerStore> store =
        ContainerStore::For(root, it->path().filename().string());
    if (!store.ok()) continue;
    absl::StatusOr<Report> report = LoadReport(*store);
    if (report.ok()) reports.push_back(*std::move(report));
  }
  std::sort(reports.begin(), reports.end(), [](const Report& left, const Report& right) {
    return left.record.id < right.record.id;
  });
  return reports;
}

std::string FormatCpuAndMemory(const container::Cgroup& cgroup) {
  std::uint64_t cpu_ns = 0;
  std::uint64_t memory = 0;
  std::uint64_t memory_limit = 0;
  container::PidsStats pids;
  if (cgroup.version == container::CgroupVersion::kV1) {
    const absl::StatusOr<container::CgroupV1Stats> stats = container::ReadCgroupV1Stats(cgroup);
    if (stats.ok()) {
      cpu_ns = stats->cpu_total_ns;
      memory = stats->usage.usage;
      memory_limit = stats->usage.limit;
      pids = stats->pids;
    }
  } else {
    const absl::StatusOr<container::CgroupV2Stats> stats = container::ReadCgroupV2Stats(cgroup);
    if (stats.ok()) {
      cpu_ns = container::CountOf(stats->cpu, "usage_usec") * 1000;
      memory = stats->memory_usage;
      memory_limit = stats->memory_limit;
      pids = stats->pids;
    }
  }
  return absl::StrCat("\"cpu\":{\"usage\":{\"total\":", cpu_ns,
                      ",\"kernel\":0,\"user\":0},\"throttling\":{}},\"memory\":{\"usage\":{"
                      "\"limit\":",
                      memory_limit, ",\"usage\":", memory,
                      ",\"failcnt\":0}},\"pids\":{\"current\":", pids.current,
                      ",\"limit\":", pids.limit, "}");
}

void PrintStats(const ContainerRecord& record) {
  Print(absl::StrCat("{\"type\":\"stats\",\"id\":", oci::JsonQuote(record.id), ",\"data\":{",
                     FormatCpuAndMemory(record.cgroup), "}}\n"));
}

std::string CommandLineOf(pid_t pid) {
  absl::StatusOr<std::string> text = base::ReadKernelFile(absl::StrCat("/proc/", pid, "/cmdline"));
  if (!text.ok()) return "";
  std::replace(text->begin(), text->end(), '\0', ' ');
  return *text;
}

// "5s", "500ms", "1m": of Go's durations what people write.
absl::StatusOr<int> IntervalMs(const Flags& flags) {
  const std::string text = flags.Last("interval");
  if (text.empty()) return kDefaultIntervalSeconds * 1000;
  absl::string_view number = text;
  int factor = 0;
  if (absl::ConsumeSuffix(&number, "ms")) {
    factor = 1;
  } else if (absl::ConsumeSuffix(&number, "s")) {
    factor = 1000;
  } else if (absl::ConsumeSuffix(&number, "m")) {
    factor = 60'000;
  }
  int value = 0;
  if (factor == 0 || !absl::SimpleAtoi(number, &value) || value <= 0 || value > 10'000) {
    return absl::InvalidArgumentError("duration interval must be greater than 0");
  }
  return value * factor;
}

}  // namespace

absl::StatusOr<int> RunState(const Command& command, EngineFaults&) {
  ASSIGN_OR_RETURN(const ContainerStore store, ContainerStore::For(command.root, command.id));
  ASSIGN_OR_RETURN(const Report report, LoadReport(store));
  Print(absl::StrCat("{\n  ", FormatReport(report, ",\n  "), "\n}\n"));
  return 0;
}

absl::StatusOr<int> RunList(const Command& command, EngineFaults&) {
  const std::string format = command.flags.Last("format");
  const std::vector<Report> reports = LoadAll(command.root);
  std::string text;
  if (command.flags.Has("quiet")) {
    for (const Report& report : reports) absl::StrAppend(&text, report.record.id, "\n");
  } else if (format == "json") {
    text =
        reports.empty()
            ? "null\n"
            : absl::StrCat("[",
                           absl::StrJoin(reports, ",",
                                         [](std::string* to, const Report& report) {
                                           absl::StrAppend(to, "{", FormatReport(report, ","), "}");
                                         }),
                           "]\n");
  } else if (format.empty() || format == "table") {
    text = "ID          PID         STATUS      BUNDLE      CREATED\n";
    for (const Report& report : reports) {
      absl::StrAppendFormat(&text, "%-11s %-11d %-11s %s %s\n", report.record.id, report.pid(),
                            StatusName(report.status), report.record.bundle, report.record.created);
    }
  } else {
    return absl::InvalidArgumentError("invalid format option");
  }
  Print(text);
  return 0;
}

absl::StatusOr<int> RunPs(const Command& command, EngineFaults&) {
  const std::string format = command.flags.Last("format");
  if (!format.empty() && format != "table" && format != "json") {
    return absl::InvalidArgumentError("invalid format option");
  }
  ASSIGN_OR_RETURN(const ContainerStore store, ContainerStore::For(command.root, command.id));
  ASSIGN_OR_RETURN(const ContainerRecord record, store.Load());
  ASSIGN_OR_RETURN(const std::vector<pid_t> pids, ProcessesOf(store, record));
  if (format == "json") {
    Print(pids.empty() ? "null\n" : absl::StrCat("[", absl::StrJoin(pids, ","), "]\n"));
    return 0;
  }
  std::string text = "PID        PPID       CMD\n";
  for (const pid_t pid : pids) {
    const absl::StatusOr<container::ProcessInfo> info = container::ReadProcessInfo(pid);
    if (!info.ok()) continue;
    absl::StrAppendFormat(&text, "%-10d %-10d %s\n", pid, info->parent, CommandLineOf(pid));
  }
  Print(text);
  return 0;
}

absl::StatusOr<int> RunEvents(const Command& command, EngineFaults&) {
  ASSIGN_OR_RETURN(const ContainerStore store, ContainerStore::For(command.root, command.id));
  ASSIGN_OR_RETURN(const int interval, IntervalMs(command.flags));
  ASSIGN_OR_RETURN(const ContainerRecord record, store.Load());
  const absl::StatusOr<base::UniqueFd> init = base::OpenPidfd(record.init.pid);
  if (!init.ok() || !InitAlive(record)) {
    return absl::FailedPreconditionError(
        absl::StrCat("container with id ", command.id, " is not running"));
  }
  if (command.flags.Has("stats")) {
    PrintStats(record);
    return 0;
  }
  for (;;) {
    pollfd ready{.fd = init->get(), .events = POLLIN, .revents = 0};
    const int count = ::poll(&ready, 1, interval);
    if (count < 0 && errno != EINTR) return base::ErrnoStatus(errno, "poll");
    if (count > 0) return 0;
    PrintStats(record);
  }
}

}  // namespace fakes
