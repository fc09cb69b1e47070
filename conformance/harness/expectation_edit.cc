// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/expectation_edit.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "base/status_macros.h"
#include "conformance/harness/expectations.h"
#include "conformance/harness/names.h"

namespace conformance {
namespace {

// How the attempts of a check ended, in the words of an entry.
struct Wanted {
  std::string result;  // "" for a check that passed or was not judged
  std::string why;
  double max_rate = 0;     // of "flaky"
  bool undecided = false;  // red for several reasons: no entry says that
};

Wanted WantedFor(const ObservedCheck& check) {
  std::set<std::string> verdicts;
  std::set<std::string> codes;
  std::size_t red = 0;
  for (std::size_t i = 0; i < check.verdicts.size(); ++i) {
    if (check.verdicts[i] == "pass") continue;
    ++red;
    verdicts.insert(check.verdicts[i]);
    codes.insert(check.codes[i]);
  }
  if (red == 0) return {};
  if (codes.size() > 1) return {.undecided = true};
  if (red == check.verdicts.size() && verdicts.size() == 1) {
    return {.result = *verdicts.begin(), .why = *codes.begin()};
  }
  const double rate = static_cast<double>(red) / static_cast<double>(check.verdicts.size());
  return {.result = "flaky", .why = *codes.begin(), .max_rate = std::ceil(rate * 20) / 20};
}

bool Passed(const ObservedCheck& check) {
  return !check.verdicts.empty() &&
         std::all_of(check.verdicts.begin(), check.verdicts.end(),
                     [](const std::string& verdict) { return verdict == "pass"; });
}

std::string Quoted(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return quoted + "\"";
}

// The lines of a file, entries found by the lines the TOML parser gave them.
class EntryText {
 public:
  EntryText(absl::string_view text, const std::vector<Expectation>& entries)
      : lines_(absl::StrSplit(text, '\n')) {
    if (!lines_.empty() && lines_.back().empty()) lines_.pop_back();
    for (const Expectation& entry : entries) starts_.push_back(Index(entry.line));
  }

  // Writes `key = value` into an entry: in place of the line that has the key, else before its
  // end. A comment behind the old value is about the old value and goes with it.
  void Set(const Expectation& entry, const std::string& key, const std::string& value) {
    const std::string line = absl::StrCat(key, " = ", value);
    const std::size_t end = End(entry);
    for (std::size_t i = Index(entry.line) + 1; i < end; ++i) {
      if (KeyOf(lines_[i]) == key) {
        replaced_[i] = line;
        return;
      }
    }
    added_[end].push_back(line);
  }

  void Unset(const Expectation& entry, const std::string& key) {
    for (std::size_t i = Index(entry.line) + 1; i < End(entry); ++i) {
      if (KeyOf(lines_[i]) == key) removed_.insert(i);
    }
  }

  // Removes an entry and the blank lines behind it.
  void Remove(const Expectation& entry) {
    std::size_t end = End(entry);
    while (end < lines_.size() && absl::StripAsciiWhitespace(lines_[end]).empty()) ++end;
    for (std::size_t i = Index(entry.line); i < end; ++i) removed_.insert(i);
  }

  [[nodiscard]] std::string Text() const {
    std::string text;
    for (std::size_t i = 0; i <= lines_.size(); ++i) {
      if (const auto added = added_.find(i); added != added_.end()) {
        for (const std::string& line : added->second) absl::StrAppend(&text, line, "\n");
      }
      if (i == lines_.size() || removed_.count(i) != 0) continue;
      const auto replaced = replaced_.find(i);
      absl::StrAppend(&text, replaced == replaced_.end() ? lines_[i] : replaced->second, "\n");
    }
    // What was removed last leaves blank lines at the end.
    while (absl::EndsWith(text, "\n\n")) text.pop_back();
    return text;
  }

 private:
  static std::size_t Index(int line) { return static_cast<std::size_t>(std::max(line, 1)) - 1; }

  static std::string KeyOf(const std::string& line) {
    const std::size_t equals = line.find('=');
    return equals == std::string::npos
               ? ""
               : std::string(absl::StripAsciiWhitespace(line.substr(0, equals)));
  }

  // Behind the last line of an entry that is neither blank nor a comment.
  [[nodiscard]] std::size_t End(const Expectation& entry) const {
    std::size_t end = lines_.size();
    for (const std::size_t start : starts_) {
      if (start > Index(entry.line)) end = std::min(end, start);
    }
    while (end > Index(entry.line) + 1) {
      const absl::string_view line = absl::StripAsciiWhitespace(lines_[end - 1]);
      if (!line.empty() && line[0] != '#') break;
      --end;
    }
    return end;
  }

  std::vector<std::string> lines_;
  std::vector<std::size_t> starts_;
  std::map<std::size_t, std::string> replaced_;
  std::map<std::size_t, std::vector<std::string>> added_;  // before the line of that index
  std::set<std::size_t> removed_;
};

bool Exists(const std::string& glob, const std::vector<Check>& checks) {
  return std::any_of(checks.begin(), checks.end(),
                     [&glob](const Check& check) { return GlobMatches(glob, check.id); });
}

bool IsGlob(const Expectation& entry) {
  return entry.check.find_first_of("*?") != std::string::npos;
}

std::string NewEntry(const ObservedCheck& check, const Wanted& wanted,
                     const NewEntryFields& fields) {
  std::string text =
      absl::StrCat("\n[[expect]]\ncheck = ", Quoted(check.id), "\nresult = ", Quoted(wanted.result),
                   "\nwhy = ", Quoted(wanted.why), "\n");
  if (wanted.result == "flaky") absl::StrAppendFormat(&text, "max_rate = %.2f\n", wanted.max_rate);
  if (fields.issue.empty()) {
    absl::StrAppend(
        &text, "reference = ", Quoted(absl::StrCat(check.requirement, ": ", check.text)), "\n");
  } else {
    absl::StrAppend(&text, "issue = ", Quoted(fields.issue), "\n");
  }
  if (!fields.owner.empty()) absl::StrAppend(&text, "owner = ", Quoted(fields.owner), "\n");
  return text;
}

bool Agrees(const Expectation& entry, const Wanted& wanted) {
  if (entry.why != wanted.why) return false;
  if (entry.result == Expectation::Result::kFlaky) {
    return wanted.result != "flaky" || wanted.max_rate <= entry.max_rate;
  }
  return ResultName(entry.result) == wanted.result;
}

// An entry in force says that the check ends like this, or that it is not run.
bool IsExplained(const Expectations& expectations, const std::string& check, const Wanted& wanted) {
  const Expectation* const entry = expectations.Find(check, "");
  if (entry == nullptr) return false;
  if (entry->result == Expectation::Result::kSkip || Agrees(*entry, wanted)) return true;
  const std::vector<const Expectation*> chances = expectations.Chances(check, "");
  return std::any_of(chances.begin(), chances.end(),
                     [&](const Expectation* chance) { return Agrees(*chance, wanted); });
}

// The facts without which nobody can say whether the entry was in force.
std::vector<std::string> Missing(const Expectation& entry, const Facts& facts) {
  return entry.when ? entry.when->Unknown(facts) : std::vector<std::string>();
}

// An entry that may have been in force for the check, or nullptr.
const Expectation* Undecided(const Expectations& expectations, const std::string& check,
                             const Facts& facts) {
  for (const Expectation& entry : expectations.entries()) {
    if (GlobMatches(entry.check, check) && !Missing(entry, facts).empty()) return &entry;
  }
  return nullptr;
}

void Correct(EntryText& text, const Expectation& entry, const Wanted& wanted) {
  text.Set(entry, "result", Quoted(wanted.result));
  text.Set(entry, "why", Quoted(wanted.why));
  if (wanted.result == "flaky") {
    text.Set(entry, "max_rate", absl::StrFormat("%.2f", wanted.max_rate));
  } else {
    text.Unset(entry, "max_rate");
  }
}

}  // namespace

absl::StatusOr<ExpectationEdit> UpdateExpectations(absl::string_view text, const std::string& file,
                                                   const ObservedRun& run,
                                                   const std::vector<Check>& checks,
                                                   const NewEntryFields& fields) {
  const std::string before = text.empty() ? "schema = 1\n" : std::string(text);
  Expectations expectations;
  RETURN_IF_ERROR(expectations.Add(before, file));
  RETURN_IF_ERROR(expectations.Bind(checks, &run.facts));
  ExpectationEdit edit;
  EntryText lines(before, expectations.entries());
  std::string added;
  for (const ObservedCheck& check : run.checks) {
    const Wanted wanted = WantedFor(check);
    if (wanted.undecided) {
      edit.notes.push_back(absl::StrCat(check.id, ": red for several reasons (",
                                        absl::StrJoin(check.codes, ", "),
                                        "); write an entry for each"));
    }
    if (wanted.result.empty()) continue;
    if (!Exists(check.id, checks)) {
      edit.notes.push_back(absl::StrCat(check.id, ": this build has no such check"));
      continue;
    }
    if (IsExplained(expectations, check.id, wanted)) continue;
    const Expectation* entry = expectations.Find(check.id, "");
    if (const Expectation* maybe = Undecided(expectations, check.id, run.facts); maybe != nullptr) {
      edit.notes.push_back(absl::StrCat(
          check.id, ": ", wanted.result, " (", wanted.why, ") is left alone: whether the entry at ",
          maybe->place(), " holds depends on ", absl::StrJoin(Missing(*maybe, run.facts), ", "),
          ", which the results do not tell"));
    } else if (entry == nullptr) {
      added += NewEntry(check, wanted, fields);
    } else if (IsGlob(*entry)) {
      edit.notes.push_back(absl::StrCat(check.id, ": ", wanted.result, " (", wanted.why,
                                        ") differs from the glob at ", entry->place()));
    } else {
      Correct(lines, *entry, wanted);
    }
  }
  edit.text = lines.Text() + added;
  return edit;
}

absl::StatusOr<ExpectationEdit> PruneExpectations(absl::string_view text, const std::string& file,
                                                  const ObservedRun& run,
                                                  const std::vector<Check>& checks,
                                                  absl::string_view today) {
  Expectations expectations;
  RETURN_IF_ERROR(expectations.Add(text, file));
  ExpectationEdit edit;
  EntryText lines(text, expectations.entries());
  for (const Expectation& entry : expectations.entries()) {
    if (!entry.until.empty() && absl::string_view(entry.until) < today) {
      edit.notes.push_back(absl::StrCat(entry.place(), ": expired on ", entry.until));
      lines.Remove(entry);
      continue;
    }
    if (!Exists(entry.check, checks)) {
      edit.notes.push_back(absl::StrCat(entry.place(), ": no check matches ", entry.check));
      lines.Remove(entry);
      continue;
    }
    if (!Missing(entry, run.facts).empty()) continue;
    if (entry.when && !entry.when->Holds(run.facts)) continue;
    if (entry.result == Expectation::Result::kFlaky) continue;  // passing is what it allows
    std::size_t matches = 0;
    const bool all_passed =
        std::all_of(run.checks.begin(), run.checks.end(), [&](const ObservedCheck& check) {
          if (!GlobMatches(entry.check, check.id)) return true;
          ++matches;
          return Passed(check);
        });
    if (matches > 0 && all_passed) {
      edit.notes.push_back(absl::StrCat(entry.place(), ": ", entry.check, " passes"));
      lines.Remove(entry);
    }
  }
  edit.text = lines.Text();
  return edit;
}

}  // namespace conformance
