// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/busy_share.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <vector>

namespace conformance {
namespace {

using Seconds = std::chrono::duration<double>;

struct Spent {
  Seconds running{0};
  Seconds waiting{0};     // for a CPU, as far as it has got one since
  bool runnable = false;  // at the moment
};

// Of a thread's stat (Linux, Documentation/filesystems/proc.rst) the third field, behind a name
// that may have anything in it, and those of its time on CPUs, which every kernel counts; of
// schedstat (Documentation/scheduler/sched-stats.rst) the second, which is 0 where nobody counts
// it.
bool ParseSpent(const std::string& stat, const std::string& schedstat, Spent& spent) {
  const std::vector<std::string> fields =
      absl::StrSplit(stat.substr(std::min(stat.rfind(')') + 2, stat.size())), ' ');
  std::int64_t user = 0;
  std::int64_t kernel = 0;
  if (fields.size() < 13 || !absl::SimpleAtoi(fields[11], &user) ||
      !absl::SimpleAtoi(fields[12], &kernel)) {
    return false;
  }
  static const double tick = 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  spent.running = Seconds(static_cast<double>(user + kernel) * tick);
  spent.runnable = fields[0] == "R";
  const std::vector<std::string> scheduled = absl::StrSplit(schedstat, ' ');
  std::int64_t waiting = 0;  // ns
  if (scheduled.size() > 1 && absl::SimpleAtoi(scheduled[1], &waiting)) {
    spent.waiting = std::chrono::nanoseconds(waiting);
  }
  return true;
}

// By thread.
std::map<std::string, Spent> SpentBy(CheckContext& check, pid_t pid) {
  std::map<std::string, Spent> spent;
  std::error_code error;
  for (auto entry =
           std::filesystem::directory_iterator(absl::StrCat("/proc/", pid, "/task"), error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string thread = entry->path().filename().string();
    const std::string task = absl::StrCat("task/", thread);
    Spent one;
    if (ParseSpent(check.World().ReadProc(pid, task + "/stat"),
                   check.World().ReadProc(pid, task + "/schedstat"), one)) {
      spent[thread] = one;
    }
  }
  check.ASSERT_THAT(spent.empty(), ::testing::Eq(false),
                    {.text = "no thread of the shim has a stat", .code = why::kHarness});
  return spent;
}

struct Share {
  double used = 0;        // on a CPU, all threads
  double wanted = 0;      // the busiest thread on a CPU or waiting
  bool runnable = false;  // some thread is
};

Share ShareOf(const std::map<std::string, Spent>& before, const std::map<std::string, Spent>& after,
              Seconds passed) {
  Share share;
  for (const auto& [thread, now] : after) {
    const auto found = before.find(thread);
    const Spent then = found == before.end() ? Spent{} : found->second;
    const Seconds running = now.running - then.running;
    const Seconds waiting = now.waiting - then.waiting;
    share.used += running / passed;
    share.wanted = std::max(share.wanted, (running + waiting) / passed);
    share.runnable = share.runnable || now.runnable;
  }
  return share;
}

}  // namespace

double BusyShare(CheckContext& check, pid_t pid) {
  constexpr std::chrono::milliseconds kLook(190);
  constexpr std::chrono::seconds kLongest(2);
  const auto began = std::chrono::steady_clock::now();
  const std::map<std::string, Spent> before = SpentBy(check, pid);
  for (;;) {
    check.Linger(kLook);
    const auto passed = std::chrono::steady_clock::now() - began;
    const Share share = ShareOf(before, SpentBy(check, pid), passed);
    const bool idle = !share.runnable && share.wanted < 0.25;
    if (share.used >= 0.5 || idle || passed >= kLongest) return std::max(share.used, share.wanted);
  }
}

}  // namespace conformance
