// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/process_cost.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "base/kernel_file.h"
#include "base/status_macros.h"

namespace benchmarks {
namespace {

namespace fs = std::filesystem;

// "Key:   17 kB" of each line.
absl::StatusOr<std::map<std::string, double>> ReadKeys(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadKernelFile(path));
  std::map<std::string, double> keys;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    double value = 0;
    if (words.size() >= 2 && absl::SimpleAtod(words[1], &value)) keys[words[0]] = value;
  }
  return keys;
}

absl::StatusOr<std::vector<pid_t>> Threads(pid_t pid) {
  std::error_code error;
  std::vector<pid_t> threads;
  for (const auto& entry : fs::directory_iterator(absl::StrCat("/proc/", pid, "/task"), error)) {
    pid_t thread = 0;
    if (absl::SimpleAtoi(entry.path().filename().string(), &thread)) threads.push_back(thread);
  }
  if (error) return base::ErrnoStatus(error.value(), absl::StrCat("threads of ", pid));
  return threads;
}

}  // namespace

absl::StatusOr<Holdings> ReadHoldings(pid_t pid) {
  ASSIGN_OR_RETURN(auto keys, ReadKeys(absl::StrCat("/proc/", pid, "/smaps_rollup")));
  Holdings holdings;
  holdings.pss_kib = keys["Pss:"];
  holdings.dirty_kib = keys["Private_Dirty:"];
  holdings.uss_kib = holdings.dirty_kib + keys["Private_Clean:"];
  ASSIGN_OR_RETURN(const std::vector<pid_t> threads, Threads(pid));
  holdings.threads = static_cast<double>(threads.size());
  std::error_code error;
  for (fs::directory_iterator entry(absl::StrCat("/proc/", pid, "/fd"), error), end;
       !error && entry != end; entry.increment(error)) {
    ++holdings.fds;
  }
  if (error) return base::ErrnoStatus(error.value(), absl::StrCat("descriptors of ", pid));
  return holdings;
}

absl::StatusOr<double> CpuMilliseconds(pid_t pid) {
  clockid_t clock{};
  if (const int error = ::clock_getcpuclockid(pid, &clock); error != 0) {
    return base::ErrnoStatus(error, "clock_getcpuclockid");
  }
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) return base::ErrnoStatus(errno, "clock_gettime");
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

absl::StatusOr<double> VoluntarySwitches(pid_t pid) {
  ASSIGN_OR_RETURN(const std::vector<pid_t> threads, Threads(pid));
  double sum = 0;
  for (const pid_t thread : threads) {
    auto keys = ReadKeys(absl::StrCat("/proc/", pid, "/task/", thread, "/status"));
    if (keys.ok()) sum += (*keys)["voluntary_ctxt_switches:"];  // else it ended just now
  }
  return sum;
}

absl::StatusOr<EventCounter> EventCounter::Instructions(pid_t pid) {
  absl::StatusOr<EventCounter> counter = Open(pid, PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS);
  if (counter.ok()) return counter;
  if (absl::IsPermissionDenied(counter.status())) {
    return base::Annotate(counter.status(), absl::StrCat(kNoCounter, " for us"));
  }
  return absl::UnimplementedError(kNoCounter);
}

absl::StatusOr<EventCounter> EventCounter::Open(pid_t pid, std::uint32_t type,
                                                std::uint64_t config) {
  ASSIGN_OR_RETURN(const std::vector<pid_t> threads, Threads(pid));
  EventCounter counter;
  for (const pid_t thread : threads) {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = type;
    attributes.config = config;
    attributes.exclude_kernel = 1;
    attributes.exclude_hv = 1;
    attributes.inherit = 1;
    attributes.inherit_thread = 1;  // not the engines it starts
    base::UniqueFd fd(static_cast<int>(
        ::syscall(SYS_perf_event_open, &attributes, thread, -1, -1, PERF_FLAG_FD_CLOEXEC)));
    if (!fd.ok()) return base::ErrnoStatus(errno, "perf_event_open");
    counter.counters_.push_back(std::move(fd));
  }
  return counter;
}

absl::StatusOr<double> EventCounter::Read() const {
  double sum = 0;
  for (const base::UniqueFd& fd : counters_) {
    std::uint64_t value = 0;
    if (::read(fd.get(), &value, sizeof value) != sizeof value) {
      return base::ErrnoStatus(errno, "reading a counter");
    }
    sum += static_cast<double>(value);
  }
  return sum;
}

}  // namespace benchmarks
