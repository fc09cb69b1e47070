// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/selection.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "conformance/harness/names.h"

namespace conformance {
namespace {

constexpr char kChangedSince[] = "changed-since:";

std::size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

// Smaller is nearer. A part that is spelled right counts for more than a similar whole.
std::size_t Distance(absl::string_view word, absl::string_view candidate) {
  const std::size_t distance = EditDistance(word, candidate);
  return absl::StrContains(candidate, word) ? distance / 4 : distance;
}

}  // namespace

absl::StatusOr<Selector> Selector::Parse(absl::string_view word) {
  Selector selector;
  selector.word_ = std::string(word);
  absl::string_view rest = word;
  selector.excludes_ = absl::ConsumePrefix(&rest, "!") || absl::ConsumePrefix(&rest, "-");
  const std::size_t colon = rest.find(':');
  if (colon != absl::string_view::npos) {
    const absl::string_view prefix = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
    if (prefix == "tag") {
      selector.kind_ = Kind::kTag;
    } else if (prefix == "req") {
      selector.kind_ = Kind::kRequirement;
    } else if (prefix == "level") {
      selector.kind_ = Kind::kLevel;
      if (!ParseLevel(rest)) {
        return absl::InvalidArgumentError(
            absl::StrCat("selector '", word, "': the levels are must, should and may"));
      }
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("selector '", word, "': unknown prefix '", prefix,
                       ":', there are tag:, req:, level: and changed-since:"));
    }
  }
  if (rest.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("selector '", word, "' selects nothing"));
  }
  selector.pattern_ = std::string(rest);
  return selector;
}

Selector Selector::OfIds(absl::string_view word, std::set<std::string> ids) {
  Selector selector;
  selector.word_ = std::string(word);
  selector.excludes_ = absl::StartsWith(word, "!") || absl::StartsWith(word, "-");
  selector.kind_ = Kind::kIds;
  selector.ids_ = std::move(ids);
  return selector;
}

Selector Selector::Only(std::string word, std::set<std::string> ids) {
  Selector selector = OfIds("", std::move(ids));
  selector.word_ = std::move(word);
  selector.restricts_ = true;
  return selector;
}

std::optional<std::string> Selector::FileOf(absl::string_view word) {
  if (!absl::ConsumePrefix(&word, "!")) absl::ConsumePrefix(&word, "-");
  if (!absl::ConsumePrefix(&word, kChangedSince)) return std::nullopt;
  return std::string(word);
}

bool Selector::Matches(const Check& check) const {
  const auto matches = [this](const std::string& text) { return GlobMatches(pattern_, text); };
  switch (kind_) {
    case Kind::kId:
      return matches(check.id) || pattern_ == AreaOf(check.id);
    case Kind::kTag:
      return std::any_of(check.tags.begin(), check.tags.end(), matches);
    case Kind::kRequirement:
      return std::any_of(check.requirements.begin(), check.requirements.end(), matches);
    case Kind::kLevel:
      return LevelName(check.level) == pattern_;
    case Kind::kIds:
      return ids_.count(check.id) != 0;
  }
  return false;
}

bool Selector::AsksForSoak(const Check& check) const {
  return pattern_ == (kind_ == Kind::kTag ? kSoakTag : check.id) && Matches(check);
}

Choice Choose(const Check& check, const std::vector<Selector>& selectors) {
  const bool soak = std::find(check.tags.begin(), check.tags.end(), kSoakTag) != check.tags.end();
  bool only_exclusions = true;
  bool passed_over = false;
  bool named = false;  // in a plan file
  const Selector* match = nullptr;
  for (const Selector& selector : selectors) {
    if (selector.excludes()) {
      if (selector.Matches(check)) {
        return {.chosen = false, .reason = absl::StrCat("excluded by '", selector.word(), "'")};
      }
      continue;
    }
    if (selector.restricts()) {
      if (!selector.Matches(check)) {
        return {.chosen = false, .reason = absl::StrCat("not in ", selector.word())};
      }
      named = true;
      continue;
    }
    only_exclusions = false;
    if (match != nullptr || !selector.Matches(check)) continue;
    if (soak && !named && !selector.AsksForSoak(check)) {
      passed_over = true;
    } else {
      match = &selector;
    }
  }
  if (match != nullptr) {
    return {.chosen = true, .reason = absl::StrCat("matches '", match->word(), "'")};
  }
  if (soak && !named && (only_exclusions || passed_over)) {
    return {.chosen = false, .reason = "takes a minute or more: only by tag:soak or its full id"};
  }
  if (only_exclusions) {
    return {.chosen = true,
            .reason = named               ? "in the plan"
                      : selectors.empty() ? "every check is selected"
                                          : "no exclusion matches it"};
  }
  return {.chosen = false, .reason = "matches no selector"};
}

std::vector<std::string> Nearest(absl::string_view word, const std::vector<Check>& checks,
                                 std::size_t count) {
  const std::string plain(absl::StripPrefix(absl::StripPrefix(word, "!"), "-"));
  std::set<std::string> candidates;
  for (const Check& check : checks) {
    const bool whole_id = absl::StrContains(plain, '/') || absl::StrContains(check.id, plain);
    candidates.insert(whole_id ? check.id : AreaOf(check.id));
  }
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const std::string& candidate : candidates) {
    ranked.emplace_back(Distance(plain, candidate), candidate);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> nearest;
  for (std::size_t i = 0; i < std::min(count, ranked.size()); ++i) {
    nearest.push_back(ranked[i].second);
  }
  return nearest;
}

}  // namespace conformance
