// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace conformance {

// What a condition can ask about, by name. A fact that is not there is unknown.
using Facts = std::map<std::string, std::string>;

// The names, with what they are:
//   shim.version    of the shim under test, as `-v` says it
//   engine.version  of the OCI engine
//   host.kernel     "6.12.1"
//   engine          file name of the OCI engine: "runc", "shimgauge-engine"; "none" without one
//   host.cgroup     "v1", "v2", "hybrid" or "none"; 1 and 2 are v1 and v2
//   host.priv       "root" or "userns": who owns the worlds
std::vector<std::string> FactNames();

// A `when` of an expectation: comparisons joined by `and`, `or`, `not` and parentheses, such as
//   shim.version < '1.7.22' and (host.cgroup == 2 or engine != 'runc')
// Versions know all six operators, words == and !=. Values are quoted; numbers need not be.
class Condition {
 public:
  // INVALID_ARGUMENT says at which column of the condition what was expected.
  static absl::StatusOr<Condition> Parse(absl::string_view text);

  // A comparison with an unknown fact does not hold, whatever its operator.
  [[nodiscard]] bool Holds(const Facts& facts) const;
  [[nodiscard]] bool Mentions(absl::string_view fact) const;
  // The names of the facts it mentions that are unknown: without them its answer is a guess.
  [[nodiscard]] std::vector<std::string> Unknown(const Facts& facts) const;

  struct Node;  // of the expression; defined where it is parsed

 private:
  explicit Condition(std::shared_ptr<const Node> root) : root_(std::move(root)) {}
  std::shared_ptr<const Node> root_;  // shared by the copies of this condition, never changed
};

// Compares versions by their first four numbers: "1.6.20~ds1" is 1.6.20, what lacks counts as 0,
// and a version with -alpha, -beta or -rc behind them comes before the one without. Negative: a is
// older.
int CompareVersions(absl::string_view a, absl::string_view b);

}  // namespace conformance
