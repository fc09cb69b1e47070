// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "conformance/selftest/cell.h"

namespace conformance {

// What a selftest found out: the content of its result file (docs/selftest.md).

// One known fault, given to the judge.
struct FaultRecord {
  std::string seam;
  std::string name;
  std::string what;
  std::string origin;
  std::string equivalent;  // not empty: no verdict is due, and nothing below is set
  std::string key;         // of all that the result depends on,
  std::string row_key;     // and of that without the programs
  bool earlier = false;    // found with programs that have changed since
  std::size_t firings = 0;
  std::vector<Cell> cells;           // the row's kills, in its order; then others that were red
  std::size_t also_green = 0;        // checks that no row asked for
  std::size_t also_not_reached = 0;  // likewise
  std::string first_screen;          // what the first killed check's report lacks; empty: nothing
  std::string problem;               // of the selftest itself: the judge gave no result
  std::int64_t ms = 0;
  friend bool operator==(const FaultRecord&, const FaultRecord&) = default;
};

// What a fault amounts to.
enum class FaultStanding {
  kKilled,      // by every check that its row names, for the right reason
  kEquivalent,  // nobody can
  kOtherwise,   // each named check was red, one for another reason, or its report is no use
  kSurvived,    // a named check was green
  kUnstable,    // in one execution of a named check and not in another
  kNotReached,  // a named check could not judge it
  kNeverFired,  // the defect did not show in the run
  kProblem,     // no result
};
FaultStanding StandingOf(const FaultRecord& fault);
// "killed as intended", "equivalent", "killed otherwise", ...
std::string StandingText(FaultStanding standing);
bool IsProven(const FaultRecord& fault);  // killed or equivalent
// One sentence on why it is not, empty for a proven one.
std::string ShortfallOf(const FaultRecord& fault);

// One program that is no shim.
struct NullRecord {
  std::string name;
  std::string what;
  int exit_code = 0;
  std::size_t judged = 0;           // checks that ran
  std::vector<std::string> passed;  // checks at MUST that passed: none should
  std::vector<std::string> left;    // what the run left on the host
  std::string problem;              // empty: the run ended in order and in time
  std::int64_t ms = 0;
  [[nodiscard]] bool ok() const { return passed.empty() && left.empty() && problem.empty(); }
  friend bool operator==(const NullRecord&, const NullRecord&) = default;
};

// One legal environment or way to be a shim.
struct LegalRecord {
  std::string name;
  std::string what;
  std::string skipped;  // why this host cannot try it
  std::string key;      // of all that the result depends on
  std::size_t repeats = 0;
  std::size_t passed = 0;               // checks
  std::vector<std::string> unexpected;  // "events/x: fail event.order"
  std::string problem;
  std::int64_t ms = 0;
  [[nodiscard]] bool ok() const { return unexpected.empty() && problem.empty(); }
  friend bool operator==(const LegalRecord&, const LegalRecord&) = default;
};

struct Proof {
  std::string command;  // "faults", "matrix", "null", "legal"
  std::string suite_version;
  std::string shim;  // file name of the subject
  std::string shim_sha256;
  std::string kernel;
  std::string started;        // RFC 3339, UTC
  std::string revision;       // of the tree, as --revision names it; may be empty
  bool complete = true;       // false: interrupted
  std::size_t not_begun = 0;  // faults for which there was no time
  int repeat = 1;
  std::vector<std::string> healthy_red;  // checks that are red on the healthy subject
  std::vector<FaultRecord> faults;
  std::vector<NullRecord> nulls;
  std::vector<LegalRecord> legal;
  std::int64_t ms = 0;
  friend bool operator==(const Proof&, const Proof&) = default;
};

}  // namespace conformance
