// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "conformance/harness/check.h"
#include "conformance/harness/commands.h"

namespace conformance {

// The `shimgauge` of people: parses the command line and runs the sub-command it names. Returns the
// exit code. Mistakes on the command line are one sentence on standard error and exit code 2.
// `judge_story` is what `replay` judges by, `surveys` what `probe` and `doctor` ask, which is no
// part of any run.
int CommandLineMain(int argc, char** argv, const std::vector<Check>& checks,
                    const std::vector<Check>& surveys, const StoryJudge& judge_story);

}  // namespace conformance
