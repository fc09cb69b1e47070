// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/selection.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <set>
#include <utility>

#include "conformance/harness/names.h"
#include "conformance/harness/nearest.h"

namespace conformance {
namespace {

constexpr char kChangedSince[] = "changed-since:";

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
  std::string plain(absl::StripPrefix(absl::StripPrefix(word, "!"), "-"));
  plain.erase(std::remove(plain.begin(), plain.end(), '*'), plain.end());
  std::set<std::string> candidates;
  for (const Check& check : checks) {
    const bool whole_id = absl::StrContains(plain, '/') || absl::StrContains(check.id, plain);
    candidates.insert(whole_id ? check.id : AreaOf(check.id));
  }
  return NearestWords(plain, candidates, count);
}

}  // namespace conformance
