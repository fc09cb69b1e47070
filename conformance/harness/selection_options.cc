// SPDX-License-Identifier: Apache-2.0
#include <absl/status/statusor.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <iostream>
#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/facts.h"
#include "conformance/harness/host.h"
#include "conformance/harness/names.h"
#include "conformance/harness/nearest.h"
#include "conformance/harness/plan_file.h"
#include "conformance/harness/run_command.h"

namespace conformance {
namespace {

constexpr std::size_t kSuggestions = 5;

absl::StatusOr<Level> ParseLevelOption(const std::string& name) {
  if (name == "all") return Level::kMay;
  const std::optional<Level> level = ParseLevel(name);
  if (!level || *level == Level::kMay) {
    return absl::InvalidArgumentError(
        absl::StrCat("--level ", name, ": the choices are must, should and all"));
  }
  return *level;
}

// What people give in the place of a selector when they forget --shim.
bool LooksLikeAShim(absl::string_view word) {
  return absl::StartsWith(word, "/") || absl::StartsWith(word, "./") ||
         absl::StartsWith(word, "../") || absl::StrContains(word, "containerd-shim-");
}

absl::Status MatchesSomething(const Selector& selector, const std::vector<Check>& checks) {
  const bool matches = std::any_of(checks.begin(), checks.end(), [&selector](const Check& check) {
    return selector.Matches(check);
  });
  if (matches || selector.excludes()) return absl::OkStatus();
  if (LooksLikeAShim(selector.word())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", selector.word(), "' is no check; the shim to judge is given with --shim"));
  }
  return absl::NotFoundError(
      absl::StrCat("no check matches '", selector.word(), "'",
                   NearestHint(Nearest(selector.word(), checks, kSuggestions))));
}

}  // namespace

absl::StatusOr<LoadedSelection> LoadSelection(const SelectionOptions& options,
                                              const std::vector<Check>& checks) {
  LoadedSelection loaded;
  ASSIGN_OR_RETURN(loaded.level, ParseLevelOption(options.level));
  if (options.profile.empty()) {
    loaded.profile = DefaultProfile();
  } else {
    ASSIGN_OR_RETURN(loaded.profile, ReadProfile(options.profile));
  }
  ASSIGN_OR_RETURN(loaded.privilege, ChoosePrivilege(options.priv));
  ASSIGN_OR_RETURN(loaded.engine, ChooseEngine(options.engine, loaded.profile));
  loaded.profile.engine = loaded.engine.path;
  // The stand-in writes checkpoints; what another engine can is not known without a profile.
  if (options.profile.empty() && loaded.engine.kind == EngineChoice::Kind::kFake) {
    loaded.profile.claims |= ToNeeds(Need::kCheckpoint);
  }
  loaded.host = DescribeHost(loaded.privilege, loaded.engine.kind);
  for (const std::string& file : options.expect) {
    RETURN_IF_ERROR(loaded.expectations.AddFile(file));
  }
  loaded.facts = HostFacts(loaded.host, loaded.profile);
  RETURN_IF_ERROR(loaded.expectations.Bind(checks, &loaded.facts));
  if (!options.plan.empty()) {
    ASSIGN_OR_RETURN(std::set<std::string> ids, ReadPlanFile(options.plan, checks));
    loaded.selectors.push_back(
        Selector::Only(absl::StrCat("--plan ", options.plan), std::move(ids)));
  }
  for (const std::string& word : options.selectors) {
    if (const std::optional<std::string> file = Selector::FileOf(word)) {
      ASSIGN_OR_RETURN(std::set<std::string> ids, ChangedSince(*file, checks));
      if (ids.empty()) {
        return absl::NotFoundError(absl::StrCat("nothing has changed since ", *file));
      }
      loaded.selectors.push_back(Selector::OfIds(word, std::move(ids)));
      continue;
    }
    ASSIGN_OR_RETURN(Selector selector, Selector::Parse(word));
    loaded.selectors.push_back(std::move(selector));
  }
  // A misspelt selector beside a good one would silently judge less than was asked for.
  for (const Selector& selector : loaded.selectors) {
    RETURN_IF_ERROR(MatchesSomething(selector, checks));
  }
  return loaded;
}

int Complain(const absl::Status& status) {
  std::cerr << "shimgauge: " << std::string(status.message()) << std::endl;
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return kExitUsage;
    case absl::StatusCode::kFailedPrecondition:
      return kExitHostUnfit;
    case absl::StatusCode::kNotFound:
      return kExitNothing;
    default:
      return kExitHarness;
  }
}

int Print(const std::string& text, int exit_code) {
  const absl::StatusOr<std::unique_ptr<Output>> output = Output::Open("-");
  if (!output.ok()) return Complain(output.status());
  (*output)->Write(text);
  return ExitUnlessLost(**output, exit_code);
}

int ExitUnlessLost(const Output& output, int exit_code) {
  if (output.status().ok()) return exit_code;
  return Complain(absl::InternalError(output.status().message()));
}

int ExitUnlessLost(const OpenReports& reports, int exit_code) {
  for (const std::unique_ptr<Report>& report : reports.all) {
    if (report->status().ok()) continue;
    exit_code = Complain(
        absl::InternalError(absl::StrCat("a report is lost: ", report->status().message())));
  }
  return exit_code;
}

}  // namespace conformance
