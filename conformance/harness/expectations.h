// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conformance/harness/check.h"
#include "conformance/harness/condition.h"
#include "conformance/harness/verdict.h"

namespace conformance {

// One [[expect]] table: a check whose red verdict is known, and exactly why.
//
//   [[expect]]
//   check  = "events/oom-precedes-exit"  # id or glob; a glob needs max_matches
//   result = "fail"                      # fail | hang | crash | leak | flaky | skip
//   why    = "event.missing"             # must equal why.code: one reason, one entry
//   issue  = "https://..."               # or reference = "peers-measured.md, section 4"
//   kind   = "bug"                       # bug (default) | wontfix | spec-dispute | host
//   owner  = "@ana"                      # optional: who looks after it
//   until  = "2027-03-01"                # optional; red afterwards
//   when   = "shim.version < '1.6.36'"   # optional, see condition.h: else as if it was not there
//
// "flaky" needs max_rate; `result = "flaky(max_rate=0.02)"` is another way to write it.
struct Expectation {
  enum class Kind { kBug, kWontfix, kSpecDispute, kHost };
  // How the check is expected to end. kFlaky: passes or fails with `why`, at most `max_rate` of the
  // attempts (but at least one). kSkip: is not run at all.
  enum class Result { kFail, kHang, kCrash, kLeak, kFlaky, kSkip };

  std::string check;
  Result result = Result::kFail;
  std::string why;        // empty only for kSkip
  std::string reference;  // issue or reference
  Kind kind = Kind::kBug;
  std::string owner;
  std::optional<Condition> when;
  std::string until;  // "YYYY-MM-DD" or empty
  std::size_t max_matches = 1;
  double max_rate = 1.0;
  std::string file;
  int line = 0;
  [[nodiscard]] std::string place() const;  // "file:line"
};
absl::string_view ResultName(Expectation::Result result);
absl::string_view KindName(Expectation::Kind kind);

// The entries of all --expect files. A check has at most one entry that always holds (fail, hang,
// crash, leak), and flaky ones beside it, each with another `why`: what chance does instead of it.
// A later file wins over earlier ones: its entry replaces the one with the same `why`, and one that
// always holds replaces another. "skip" stands alone.
class Expectations {
 public:
  // Adds one file. INVALID_ARGUMENT with file, line and field for anything it does not understand,
  // and for an entry without a reason to believe it.
  absl::Status Add(absl::string_view toml, const std::string& file_name);
  // A file, or a ready-made one by its name (ready_made.h).
  absl::Status AddFile(const std::string& path);

  // Some entry's `when` mentions the fact.
  [[nodiscard]] bool Mentions(absl::string_view fact) const;

  // Binds the entries to `checks` (all there are, selected or not). Only entries whose `when` holds
  // for `facts` take part; without facts, as for linting, all do, and those with a `when` overlap
  // nothing. Two entries of one file of which one would replace the other are an error.
  absl::Status Bind(const std::vector<Check>& checks, const Facts* facts = nullptr);

  // The entry for this check, or nullptr: the one that always holds, if there is one, else a flaky
  // one. An expired entry excuses nothing.
  [[nodiscard]] const Expectation* Find(absl::string_view check_id, absl::string_view today) const;
  // The other entries for this check: all of them flaky.
  [[nodiscard]] std::vector<const Expectation*> Chances(absl::string_view check_id,
                                                        absl::string_view today) const;

  // Entries that are red by themselves: those that match no check, more checks than max_matches, or
  // are expired at `today` ("YYYY-MM-DD"). One sentence each. Those that Bind() left out are not.
  [[nodiscard]] std::vector<std::string> Stale(absl::string_view today) const;
  // Entries of which nothing is left because later files speak about the same checks.
  [[nodiscard]] std::vector<std::string> Overridden() const;

  [[nodiscard]] const std::vector<Expectation>& entries() const { return entries_; }

 private:
  absl::Status BindTo(const std::string& check_id, std::size_t entry);
  // Those of a check that have not expired, the one that always holds first.
  [[nodiscard]] std::vector<const Expectation*> All(absl::string_view check_id,
                                                    absl::string_view today) const;

  std::vector<Expectation> entries_;
  std::vector<std::size_t> match_counts_;                     // by entry, after Bind()
  std::vector<bool> applies_;                                 // by entry, after Bind()
  std::map<std::string, std::vector<std::size_t>> bindings_;  // entries by check id
};

// Today in UTC as "YYYY-MM-DD".
std::string Today();

}  // namespace conformance
