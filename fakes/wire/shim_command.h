// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "fakes/fault/fault_request.h"
#include "fakes/wire/command_facts.h"
#include "fakes/wire/rule_book.h"
#include "fakes/wire/wire_rule.h"

namespace fakes {

// A command line of a shim, read leniently: what is wrong with it is for the shim to say.
struct ShimCommand {
  std::optional<WireSide> side;              // kStart, ..., kVersion; nullopt: something else
  std::map<std::string, std::string> flags;  // without dashes; flags without a value: "true"
};
ShimCommand ReadShimCommand(const std::vector<std::string>& args);

// What running it gave.
struct ShimOutcome {
  int code = 0;  // as a shell counts: 128 and more for signals
  std::string output;
};

// How to run it.
struct ShimRun {
  std::string program;
  std::vector<std::string> args;
  std::map<std::string, std::string> env;  // added to ours
  std::optional<std::string> input;        // nullopt: our own stdin
};

// Runs it and reads its stdout to the end; its stderr is ours.
absl::StatusOr<ShimOutcome> RunShim(const ShimRun& run);

// Becomes it. Returns only when that fails.
absl::Status BecomeShim(const ShimRun& run);

// What `rules` of a command, which fired, make of its outcome: output and code are edited, the rest
// is done here (sleep, stderr, files of the working directory, death). INVALID_ARGUMENT if what is
// to be edited cannot be decoded.
absl::Status EditOutcome(WireSide side, const std::vector<const WireRule*>& rules,
                         const CommandFacts& facts, ShimOutcome& outcome);
// And of how it is run; false if not at all.
bool EditRun(const std::vector<const WireRule*>& rules, ShimRun& run);

// `delete`, `-info`, `-v` and whatever else of the shim behind: becomes it, unless rules concern
// the command; then it is run and what it said is edited. Returns the exit code.
absl::StatusOr<int> OtherCommand(const FaultRequest& request, RuleBook& book,
                                 const ShimCommand& command, const std::vector<std::string>& args);

// Whether one of them is of this kind.
bool Has(const std::vector<const WireRule*>& rules, WireAct act);

}  // namespace fakes
