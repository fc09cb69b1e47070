// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/daemon_line.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <utility>
#include <vector>

namespace conformance {
namespace {

// MAJOR and MINOR; the patch says nothing about the line.
using Minor = std::pair<int, int>;

struct LineRow {
  absl::string_view name;
  Minor first;
  Minor last;
};
constexpr std::array<LineRow, kDaemonLines.size()> kLines = {{{"1.6", {1, 6}, {1, 6}},
                                                              {"1.7", {1, 7}, {1, 7}},
                                                              {"2.0-2.2", {2, 0}, {2, 2}},
                                                              {"2.3", {2, 3}, {2, 3}},
                                                              {"2.4", {2, 4}, {2, 4}}}};

const LineRow& RowOf(DaemonLine line) { return kLines[static_cast<std::size_t>(line)]; }

Minor MinorOf(absl::string_view release) {
  const std::vector<absl::string_view> parts = absl::StrSplit(release, '.');
  Minor minor{0, 0};
  const bool read = parts.size() >= 2 && absl::SimpleAtoi(parts[0], &minor.first) &&
                    absl::SimpleAtoi(parts[1], &minor.second);
  return read ? minor : Minor{0, 0};
}

}  // namespace

absl::string_view DaemonLineName(DaemonLine line) { return RowOf(line).name; }

std::string DaemonCheckId(DaemonLine line) {
  const Minor& first = RowOf(line).first;
  return absl::StrCat("daemons/runs-under-containerd-", first.first, "-", first.second);
}

bool HoldsFor(const Validity& validity, DaemonLine line) {
  const LineRow& row = RowOf(line);
  const bool begun = validity.since.empty() || MinorOf(validity.since) <= row.last;
  const bool ended = !validity.until.empty() && MinorOf(validity.until) < row.first;
  return begun && !ended;
}

std::string ValidityText(const Validity& validity) {
  if (validity.since.empty() && validity.until.empty()) return "all";
  if (validity.until.empty()) return absl::StrCat("since ", validity.since);
  if (validity.since.empty()) return absl::StrCat("until ", validity.until);
  if (validity.since == validity.until) return absl::StrCat("only ", validity.since);
  return absl::StrCat(validity.since, " to ", validity.until);
}

}  // namespace conformance
