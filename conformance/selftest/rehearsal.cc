// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/rehearsal.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <utility>

namespace conformance {
namespace {

constexpr char kOutside[] = "-";  // as FaultTrigger says it

}  // namespace

Rehearsal Rehearsal::Parse(absl::string_view journal) {
  Rehearsal rehearsal;
  for (const absl::string_view line : absl::StrSplit(journal, '\n', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> words = absl::StrSplit(line, absl::MaxSplits(' ', 1));
    rehearsal.checks_of_[words.second].insert(words.first);
  }
  return rehearsal;
}

bool Rehearsal::Reaches(absl::string_view fault, const std::string& check) const {
  const auto found = checks_of_.find(fault);
  if (found == checks_of_.end()) return false;
  return found->second.count(check) > 0 || found->second.count(kOutside) > 0;
}

std::string Rehearsal::Format() const {
  std::string text;
  for (const auto& [fault, checks] : checks_of_) {
    for (const std::string& check : checks) absl::StrAppend(&text, check, " ", fault, "\n");
  }
  return text;
}

}  // namespace conformance
