// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/cpu_ticks.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <string>
#include <vector>

namespace conformance {

// Fields 14 and 15 of its stat.
std::uint64_t CpuTicks(CheckContext& check, pid_t pid) {
  const std::string stat = check.World().ReadProc(pid, "stat");
  const std::vector<std::string> fields =
      absl::StrSplit(stat.substr(std::min(stat.rfind(')') + 2, stat.size())), ' ');
  std::uint64_t user = 0;
  std::uint64_t kernel = 0;
  check.ASSERT_THAT(fields.size() > 12 && absl::SimpleAtoi(fields[11], &user) &&
                        absl::SimpleAtoi(fields[12], &kernel),
                    ::testing::Eq(true), {.code = why::kHarness});
  return user + kernel;
}

}  // namespace conformance
