// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conformance/harness/check_context.h"

// What the checks of `delete` share (contract §1.8, §8).
namespace conformance {

// SIGKILL, and the end of the daemon.
void KillShim(CheckContext& check, ShimUnderTest& shim);

// `delete` as containerd runs it: exit 0 within 5 s, one DeleteResponse on stdout. `when` says of
// what, or after what.
DeleteResult ExpectDelete(CheckContext& check, const Bundle& bundle, const std::string& when);
// The same for a `delete` that has run already.
void JudgeDelete(CheckContext& check, const DeleteResult& result, const std::string& when);

// Nothing of the container is left: its init is gone, and no mount below its bundle.
void ExpectNothingLeft(CheckContext& check, const Task& task);

// The part of AddDeleteRecoveryChecks in delete_recovery_hostile.cc.
void AddHostileDeleteChecks(std::vector<Check>& checks);

}  // namespace conformance
