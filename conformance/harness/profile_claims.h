// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conformance/harness/check_run.h"
#include "conformance/harness/profile.h"

namespace conformance {

// What the profile claims about `start` and the probe disproved, one sentence each: a dialect that
// does not work, a Task version it does not list.
std::vector<std::string> BrokenClaims(const Profile& profile, const SubjectInfo& subject);

}  // namespace conformance
