// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "conformance/harness/condition.h"
#include "conformance/harness/profile.h"
#include "conformance/harness/run_info.h"

namespace conformance {

// The facts (condition.h) that are known without running anything.
Facts HostFacts(const HostInfo& host, const Profile& profile);

// The version a program prints for `argument` ("-v", "--version"), as reports show it; "" when it
// cannot be run, says nothing, or is not done within two seconds, which also ends it.
std::string AskVersion(const std::string& program, const std::string& argument);

}  // namespace conformance
