// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <cstddef>
#include <string>

#include "conformance/harness/accounting.h"
#include "conformance/harness/run_info.h"

namespace conformance {

// What a person needs to decide "shim or check?" without running it again: rule, expected,
// observed, time line, state afterwards, what is left, shim log, a hint, and the command to run it
// again. One line each, indented by two blanks. At most `timeline_lines` lines of the time line,
// around the first contradiction.
std::string EvidenceText(const CheckResult& result, const RunInfo& run,
                         std::size_t timeline_lines = 40);

// "shimgauge run --shim /x events/exit-after-start --seed 5eed".
std::string AgainCommand(const CheckResult& result, const RunInfo& run);

// The argument as one word of a POSIX shell.
std::string ShellWord(absl::string_view argument);

// Control characters and what is no UTF-8 as escapes, so that no output of a shim can drive a
// terminal or break a line.
std::string Printable(absl::string_view text);

}  // namespace conformance
