// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/process_facts.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <system_error>

#include "base/kernel_file.h"
#include "base/status_macros.h"
#include "metrics/v1/metrics.pb.h"

namespace backends {
namespace {

namespace v1 = io::containerd::cgroups::v1;

constexpr char kMetricsType[] = "io.containerd.cgroups.v1.Metrics";
constexpr std::uint64_t kNanoseconds = 1000000000;

std::string FileOf(pid_t pid, const char* name) { return absl::StrCat("/proc/", pid, "/", name); }

// "12 (a name) S 1 ...": the name may hold anything, its own end included.
absl::Status ParseStat(absl::string_view text, ProcessFacts& facts) {
  constexpr std::size_t kUtime = 11;  // counted from the state
  constexpr std::size_t kThreads = 17;
  const std::size_t name_end = text.rfind(") ");
  if (name_end == absl::string_view::npos) return absl::DataLossError("/proc/PID/stat: no name");
  const std::vector<absl::string_view> fields = absl::StrSplit(text.substr(name_end + 2), ' ');
  if (fields.size() <= kThreads || !absl::SimpleAtoi(fields[kThreads], &facts.threads)) {
    return absl::DataLossError("/proc/PID/stat: too few fields");
  }
  std::size_t field = kUtime;
  for (const char* name : {"utime", "stime", "cutime", "cstime"}) {
    std::uint64_t ticks = 0;
    (void)absl::SimpleAtoi(fields[field++], &ticks);
    facts.stat.emplace_back(name, ticks);
  }
  return absl::OkStatus();
}

// "VmRSS:     1234 kB", "rchar: 12".
ProcessFacts::Items ParseLines(absl::string_view text, bool (*wanted)(absl::string_view name)) {
  ProcessFacts::Items items;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::pair<absl::string_view, absl::string_view> split =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (!wanted(split.first)) continue;
    absl::string_view value = absl::StripAsciiWhitespace(split.second);
    const bool kilobytes = absl::ConsumeSuffix(&value, " kB");
    std::uint64_t number = 0;
    if (!absl::SimpleAtoi(value, &number)) continue;
    items.emplace_back(absl::AsciiStrToLower(split.first), kilobytes ? number * 1024 : number);
  }
  return items;
}

bool IsAmount(absl::string_view name) {
  return absl::StartsWith(name, "Vm") || absl::StartsWith(name, "Rss") ||
         absl::EndsWith(name, "ctxt_switches");
}

bool IsAny(absl::string_view) { return true; }

}  // namespace

std::uint64_t ProcessFacts::Get(const Items& items, const char* name) {
  for (const auto& [item, value] : items) {
    if (item == name) return value;
  }
  return 0;
}

absl::StatusOr<ProcessFacts> ReadProcessFacts(pid_t pid) {
  ProcessFacts facts;
  ASSIGN_OR_RETURN(const std::string stat, base::ReadKernelFile(FileOf(pid, "stat")));
  RETURN_IF_ERROR(ParseStat(stat, facts));
  const absl::StatusOr<std::string> status = base::ReadKernelFile(FileOf(pid, "status"));
  if (status.ok()) facts.status = ParseLines(*status, &IsAmount);
  const absl::StatusOr<std::string> io = base::ReadKernelFile(FileOf(pid, "io"));
  if (io.ok()) facts.io = ParseLines(*io, &IsAny);
  std::error_code error;
  for (auto fd = std::filesystem::directory_iterator(FileOf(pid, "fd"), error);
       !error && fd != std::filesystem::directory_iterator(); fd.increment(error)) {
    ++facts.fds;
  }
  return facts;
}

shim::Opaque ToMetrics(const ProcessFacts& facts) {
  const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  const std::uint64_t user = ProcessFacts::Get(facts.stat, "utime") * kNanoseconds / ticks;
  const std::uint64_t kernel = ProcessFacts::Get(facts.stat, "stime") * kNanoseconds / ticks;
  v1::Metrics metrics;
  v1::CPUUsage& usage = *metrics.mutable_cpu()->mutable_usage();
  usage.set_user(user);
  usage.set_kernel(kernel);
  usage.set_total(user + kernel);
  v1::MemoryStat& memory = *metrics.mutable_memory();
  memory.set_rss(ProcessFacts::Get(facts.status, "rssanon"));
  memory.set_mapped_file(ProcessFacts::Get(facts.status, "rssfile") +
                         ProcessFacts::Get(facts.status, "rssshmem"));
  memory.mutable_usage()->set_usage(ProcessFacts::Get(facts.status, "vmrss"));
  memory.mutable_usage()->set_max(ProcessFacts::Get(facts.status, "vmhwm"));
  metrics.mutable_pids()->set_current(facts.threads);
  return {.type_url = kMetricsType, .value = metrics.SerializeAsString()};
}

}  // namespace backends
