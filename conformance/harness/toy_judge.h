// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/spawn.h"
#include "conformance/harness/check.h"
#include "conformance/harness/worker.h"

// A judge with toy checks inside the test binary, for tests of everything around checks: worlds,
// workers, runner, command line. Its shim is never run: the probe finds it usable unless the file
// is called "unusable".

namespace conformance {

// toy/passes, toy/fails, toy/vacuous, toy/skips, toy/may-fail, toy/aborts, toy/waits (for ever, for
// the shim), toy/spins (for ever), toy/babbles (no message), toy/flaky (by seed),
// toy/leaves-process, -mount, -cgroup, -socket, -files, toy/freezes (a frozen process),
// toy/inspects (its world), bootstrap/first.
std::vector<Check> ToyChecks();
WorkerBody ToyBody();

// If argv asks for it, is the worker or the toy judge and returns true with its exit code.
bool RunAsToyJudge(int argc, char** argv, int& exit_code);

// `judge ARGUMENTS...` of this test binary.
base::SpawnSpec ToyJudge(const std::vector<std::string>& arguments);

}  // namespace conformance
