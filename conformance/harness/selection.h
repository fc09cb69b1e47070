// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conformance/harness/check.h"

namespace conformance {

// One word of the command line that chooses checks: a glob over ids ("events/*", "*exit*"), an
// area ("events"), "tag:x", "req:EVT-20" (a glob too), "level:must", "changed-since:FILE". A
// leading '!' or '-' excludes.
class Selector {
 public:
  // INVALID_ARGUMENT for an empty selector, an unknown prefix or an unknown level.
  static absl::StatusOr<Selector> Parse(absl::string_view word);
  // Stands for exactly these checks: "changed-since:FILE", which others have read.
  static Selector OfIds(absl::string_view word, std::set<std::string> ids);
  // Nothing but these checks can be chosen, and they are unless others say no: "--plan FILE".
  static Selector Only(std::string word, std::set<std::string> ids);
  // The file that "changed-since:FILE" names, "!" aside; nullopt for any other word.
  static std::optional<std::string> FileOf(absl::string_view word);

  [[nodiscard]] bool excludes() const { return excludes_; }
  [[nodiscard]] bool restricts() const { return restricts_; }
  [[nodiscard]] const std::string& word() const { return word_; }
  [[nodiscard]] bool Matches(const Check& check) const;
  // Asks for this check, or for soak tests, by name and not among others.
  [[nodiscard]] bool AsksForSoak(const Check& check) const;

 private:
  enum class Kind { kId, kTag, kRequirement, kLevel, kIds };
  std::string word_;  // as given
  bool excludes_ = false;
  bool restricts_ = false;
  Kind kind_ = Kind::kId;
  std::string pattern_;
  std::set<std::string> ids_;  // of kIds
};

// What a list of selectors says about one check.
struct Choice {
  bool chosen = false;
  std::string reason;  // "matches 'events'", "excluded by '!tag:slow'", "matches no selector"
};

// A check is chosen if a selector matches it (or only exclusions are given) and no exclusion does.
// A check tagged kSoakTag is chosen only by a selector that AsksForSoak.
Choice Choose(const Check& check, const std::vector<Selector>& selectors);

// The ids (or areas) of `checks` that look most like `word`, best first, at most `count`.
std::vector<std::string> Nearest(absl::string_view word, const std::vector<Check>& checks,
                                 std::size_t count);

}  // namespace conformance
