// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/busy_share.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

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

using std::chrono::nanoseconds;

struct Spent {
  nanoseconds running{0};
  nanoseconds waiting{0};  // for a CPU, as far as it has got one since
  bool runnable = false;   // at the moment
};

// Linux, Documentation/filesystems/proc.rst: the third field, after a name that may have anything
// in it.
bool IsRunnable(const std::string& stat) {
  const std::size_t name_end = stat.rfind(") ");
  return name_end != std::string::npos && stat.compare(name_end + 2, 1, "R") == 0;
}

// By thread. Of schedstat the first two fields (Linux, Documentation/scheduler/sched-stats.rst).
std::map<std::string, Spent> SpentBy(CheckContext& check, pid_t pid) {
  std::map<std::string, Spent> spent;
  std::error_code error;
  for (auto entry =
           std::filesystem::directory_iterator(absl::StrCat("/proc/", pid, "/task"), error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string thread = entry->path().filename().string();
    const std::string task = absl::StrCat("task/", thread);
    const std::vector<std::string> fields =
        absl::StrSplit(check.World().ReadProc(pid, task + "/schedstat"), ' ');
    std::int64_t running = 0;
    std::int64_t waiting = 0;
    if (fields.size() > 1 && absl::SimpleAtoi(fields[0], &running) &&
        absl::SimpleAtoi(fields[1], &waiting)) {
      spent[thread] = {nanoseconds(running), nanoseconds(waiting),
                       IsRunnable(check.World().ReadProc(pid, task + "/stat"))};
    }
  }
  check.ASSERT_THAT(spent.empty(), ::testing::Eq(false),
                    {.text = "no schedstat of the shim can be read", .code = why::kHarness});
  return spent;
}

struct Share {
  double used = 0;        // on a CPU, all threads
  double wanted = 0;      // the busiest thread on a CPU or waiting
  bool runnable = false;  // some thread is
};

Share ShareOf(const std::map<std::string, Spent>& before, const std::map<std::string, Spent>& after,
              std::chrono::duration<double> passed) {
  Share share;
  for (const auto& [thread, now] : after) {
    const auto found = before.find(thread);
    const Spent then = found == before.end() ? Spent{} : found->second;
    const std::chrono::duration<double> running = now.running - then.running;
    const std::chrono::duration<double> waiting = now.waiting - then.waiting;
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
