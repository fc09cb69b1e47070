// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <map>
#include <string>
#include <vector>

#include "benchmarks/metric.h"
#include "benchmarks/record.h"

namespace benchmarks {

struct GateOptions {
  double margin = 0.05;    // a change of a smaller share is none, however certain
  std::size_t last = 20;   // runs of the baseline that count, at most
  std::size_t fewest = 5;  // runs that are needed to know the noise of what is not counted
};

enum class GateVerdict { kRegressed, kUndecided, kImproved, kEqual };
// "REGRESSED", "undecided", "improved", "equal".
absl::string_view GateVerdictName(GateVerdict verdict);

// One metric of a run held against a baseline. Shares are signed as they are: +0.08 is 8 % more,
// whether that is good or not.
struct GateRow {
  const Metric* metric = nullptr;
  std::size_t runs = 0;  // of the baseline
  double baseline = 0;   // median of them
  double now = 0;
  double change = 0;  // and its 95 % interval
  double low = 0;
  double high = 0;
  double fence = 0;  // change beyond which it is one: what the baseline itself varies by, or margin
  GateVerdict verdict = GateVerdict::kUndecided;
  std::string why;  // it is undecided
};

// Holds `now` against the runs of `baseline` (oldest first) that are of the same host and
// configuration, or of any host if `any_host`; those are to be chosen by ComparableRuns. A metric's
// noise is that of its last runs since its level changed last: the fence is the upper one of Tukey,
// third quartile + 3 interquartile ranges of the runs' distances from their median (as rustc-perf
// has it), but never below the margin. A row per metric of `now` that the baseline knows, in the
// order of AllMetrics().
std::vector<GateRow> Gate(const std::vector<Record>& baseline, const Record& now,
                          const GateOptions& options = {});

// Metric -> why it was not measured, as the gaps of a Side.
using NotMeasured = std::map<std::string, std::string>;

// Which of `gaps` speak against the shim: those of metrics that some run of `baseline` has a figure
// of, unless it is for want of a counter of the host.
NotMeasured BrokenMetrics(const std::vector<Record>& baseline, const NotMeasured& gaps);
// "The shim fails where the baseline does not: boot, create (why); delete (why)" as a line; "" of
// none.
std::string BrokenSentence(const NotMeasured& broken);

// Which runs of a history are comparable with `now`. FAILED_PRECONDITION says what they differ
// in if none is, and which flag admits them.
absl::StatusOr<std::vector<Record>> ComparableRuns(const std::vector<Record>& history,
                                                   const Record& now, bool any_host);

// What remains of `first` when the same was measured a second time: a regression that the second
// batch does not find, too, is undecided.
std::vector<GateRow> Confirm(std::vector<GateRow> first, const std::vector<GateRow>& second);

// The rows as a table for people.
std::string GateTable(const std::vector<GateRow>& rows);

}  // namespace benchmarks
