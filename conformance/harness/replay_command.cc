// SPDX-License-Identifier: Apache-2.0
// `shimgauge replay DIR`: the rules over whole histories, applied to recordings of the past.
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/strip.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "conformance/harness/commands.h"
#include "conformance/harness/run_command.h"
#include "conformance/reports/evidence.h"
#include "conformance/reports/output.h"
#include "conformance/reports/recording.h"

namespace conformance {
namespace {

constexpr char kFooter[] = R"(
What a check expects cannot be judged again without a shim; what holds for every history can: one
exit per process, the order of events, one truth about how a process ended, and so on.

Examples:
  shimgauge run --shim ./my-shim --record out --keep all
  shimgauge replay out

Exit codes: 0 nothing new is found, 1 something is, 2 usage, 4 harness error,
5 no recorded execution can be judged.)";

// A finding that is in one list only, by what it says.
std::vector<Why> Without(const std::vector<Why>& findings, const std::vector<Why>& others) {
  std::vector<Why> rest;
  for (const Why& finding : findings) {
    const bool known = std::any_of(others.begin(), others.end(), [&finding](const Why& other) {
      return other.code == finding.code && other.requirement == finding.requirement &&
             other.text == finding.text;
    });
    if (!known) rest.push_back(finding);
  }
  return rest;
}

std::string Findings(absl::string_view word, const std::string& execution,
                     const std::vector<Why>& findings) {
  std::string text;
  for (const Why& why : findings) {
    absl::StrAppend(&text, word, execution, "   ", why.requirement, " ", why.code, ": ",
                    Printable(why.text), "\n");
    if (!why.expected.empty())
      absl::StrAppend(&text, "  expected  ", Printable(why.expected), "\n");
    if (!why.observed.empty())
      absl::StrAppend(&text, "  observed  ", Printable(why.observed), "\n");
  }
  return text;
}

struct Tally {
  std::size_t judged = 0;
  std::size_t worse = 0;
  std::size_t better = 0;
  std::size_t without_story = 0;
};

absl::Status ReplayOne(const std::string& execution, const StoryJudge& judge, Tally& tally,
                       Output& output) {
  ASSIGN_OR_RETURN(const RecordedStory recorded, ReadRecordedStory(execution));
  if (recorded.story.empty()) {
    ++tally.without_story;
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<Why>> today = judge(recorded.story);
  if (!today.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(execution, ": ", today.status().message()));
  }
  const std::vector<Why> worse = Without(*today, recorded.findings);
  const std::vector<Why> better = Without(recorded.findings, *today);
  ++tally.judged;
  tally.worse += worse.empty() ? 0 : 1;
  tally.better += better.empty() ? 0 : 1;
  output.Write(Findings("WORSE   ", execution, worse));
  output.Write(Findings("better  ", execution, better));
  return absl::OkStatus();
}

int Replay(const std::string& directory, const StoryJudge& judge) {
  const absl::StatusOr<std::vector<std::string>> executions = RecordedExecutions(directory);
  if (!executions.ok()) return Complain(executions.status());
  const absl::StatusOr<std::unique_ptr<Output>> output = Output::Open("-");
  if (!output.ok()) return Complain(output.status());
  Tally tally;
  for (const std::string& execution : *executions) {
    if (const absl::Status status = ReplayOne(execution, judge, tally, **output); !status.ok()) {
      return Complain(status);
    }
  }
  (*output)->Write(absl::StrCat(
      executions->size(), " executions: ", tally.judged, " judged again, ", tally.worse,
      " with new findings, ", tally.better, " with findings that are gone",
      tally.without_story == 0
          ? ""
          : absl::StrCat("; ", tally.without_story, " without a story to judge"),
      "\n"));
  if (tally.judged == 0) {
    return Complain(absl::NotFoundError(
        absl::StrCat(directory, " holds no execution that can be judged (see run --keep all)")));
  }
  return ExitUnlessLost(**output, tally.worse > 0 ? kExitUnexpected : kExitAsExpected);
}

}  // namespace

CommandAction DefineReplay(CLI::App& app, const CommandContext& context) {
  const auto directory = std::make_shared<std::string>();  // owners: CLI's bindings, the action
  app.add_option("recording", *directory, "what `run --record DIR` was given")
      ->type_name("DIR")
      ->required();
  app.footer(kFooter);
  return [directory, context] { return Replay(*directory, context.judge_story); };
}

}  // namespace conformance
