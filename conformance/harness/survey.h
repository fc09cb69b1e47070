// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <vector>

#include "conformance/harness/accounting.h"
#include "conformance/harness/check.h"
#include "conformance/harness/check_run.h"
#include "conformance/harness/profile.h"

namespace conformance {

// Ids of the two surveys that stand for no claim (conformance/checks/survey.h).
inline constexpr char kWorldSurvey[] = "survey/world";
inline constexpr char kRunsSurvey[] = "survey/runs";

// The survey of that id. INTERNAL when there is none.
absl::StatusOr<const Check*> FindSurvey(const std::vector<Check>& surveys, const std::string& id);

// Those of `checks` whose needs the profile claims: what would be run on a perfect machine.
std::vector<Check> ClaimedChecks(const std::vector<Check>& checks, const Profile& profile);

// What asking a shim for one capability came to.
struct Answer {
  enum class Kind {
    kYes,
    kNo,
    kUnasked  // this machine does not let it be asked
  };
  Kind kind = Kind::kNo;
  std::string reason;  // of kNo and kUnasked: one line
  std::vector<std::string> notes;
};
// A survey that ran. What the shim's history breaks elsewhere (an event out of order, something
// left behind) is for `run` to judge: the capability is there all the same.
Answer ToAnswer(const CheckResult& result);

// Everything `probe` found out about a shim.
struct Survey {
  std::string shim_path;
  std::string date;
  SubjectInfo subject;
  Profile::Guest guest = Profile::Guest::kRootfs;
  std::string engine;  // as the profile is to name it, if the shim turns out to drive one
  Answer runs;         // create, start, wait, delete
  std::map<Need, Answer> claims;
};

// The commented profile (TOML, schema 1) that ParseProfile accepts. What could not be asked is
// left as a comment, hence not claimed.
std::string DraftProfile(const Survey& survey);

}  // namespace conformance
