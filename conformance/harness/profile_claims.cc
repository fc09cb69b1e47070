// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/profile_claims.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

namespace conformance {
namespace {

// A bare address announces nothing and means version 2 (OUT-05).
int TaskVersion(const DialectProbe& probe) { return std::max(probe.version, 2); }

}  // namespace

std::vector<std::string> BrokenClaims(const Profile& profile, const SubjectInfo& subject) {
  std::vector<std::string> broken;
  for (const std::string& name : profile.dialects) {
    const DialectProbe& probe = subject.of(name == "legacy" ? Dialect::kLegacy : Dialect::kParams);
    if (!probe.usable) {
      broken.push_back(absl::StrCat("the profile (", profile.name, ") claims the ", name,
                                    " dialect, but: ", probe.problem));
    } else if (!profile.task_versions.empty() &&
               std::count(profile.task_versions.begin(), profile.task_versions.end(),
                          TaskVersion(probe)) == 0) {
      broken.push_back(absl::StrCat("the profile (", profile.name, ") claims task version ",
                                    absl::StrJoin(profile.task_versions, ", "), ", but ", name,
                                    " `start` announces ", TaskVersion(probe)));
    }
  }
  return broken;
}

}  // namespace conformance
