// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/check_run.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/check_context_cleanup.h"
#include "conformance/harness/check_context_impl.h"
#include "conformance/harness/history_judge.h"
#include "conformance/harness/story_text.h"

namespace conformance {
namespace {

// Runs `function` to its end, whatever way it takes.
template <typename Function>
void Guarded(CheckScope& scope, Function function) {
  try {
    function();
  } catch (const CheckEnded&) {
    return;  // what ended it is recorded
  } catch (const std::exception& exception) {
    scope.HarnessFailed(absl::InternalError(absl::StrCat("exception: ", exception.what())));
  } catch (...) {
    scope.HarnessFailed(absl::InternalError("exception of an unknown kind"));
  }
}

// Nothing decided against the check so far.
bool Passing(const CheckScope& scope) {
  const CheckScope::Decisions& decisions = scope.decisions();
  return decisions.failures.empty() && decisions.errors.empty() && !decisions.skipped;
}

// One line for a reader who wonders in which state the check left everything.
std::string StateOfAffairs(CheckParts& parts) {
  std::vector<std::string> texts;
  for (const auto& daemon : parts.daemons.all()) {
    texts.push_back(absl::StrCat(
        "shim ", daemon->pid, " ",
        daemon->exit ? DescribeExit(*daemon->exit) : (daemon->alive() ? "alive" : "gone")));
  }
  for (const Life& life : Lives(parts.scope.history().story())) {
    const char* state = "created";
    if (life.started != nullptr) state = "started";
    if (life.waited != nullptr) state = "exited";
    if (life.over()) state = "deleted";
    texts.push_back(absl::StrCat(ProcessName(life.process), " ", state));
  }
  return texts.empty() ? "no shim was started" : absl::StrJoin(texts, ", ");
}

std::map<pid_t, std::string> KnownProcesses(CheckParts& parts) {
  std::map<pid_t, std::string> known;
  for (const Life& life : Lives(parts.scope.history().story())) {
    const bool exec = !life.process.exec.empty();
    for (const CallFact* call : life.calls) {
      if (call->pid == 0) continue;
      known[static_cast<pid_t>(call->pid)] =
          absl::StrCat(exec ? "" : "container ", ProcessName(life.process));
    }
  }
  for (const auto& daemon : parts.daemons.all()) known[daemon->pid] = "shim daemon";
  return known;
}

// What the invariants add to what the check itself found. Rules it has already failed on are not
// told twice.
void AddFindings(const Story& story, std::vector<Why>& whys) {
  const std::size_t own = whys.size();
  for (Why& finding : JudgeHistory(story)) {
    const bool told = std::any_of(
        whys.begin(), whys.begin() + static_cast<std::ptrdiff_t>(own), [&finding](const Why& why) {
          return why.requirement == finding.requirement || why.code == finding.code;
        });
    if (!told) whys.push_back(std::move(finding));
  }
}

// A line of the shim's log that its profile calls fatal.
std::optional<Why> FatalLine(const std::string& log, const std::vector<std::string>& fatal) {
  for (const std::string& text : fatal) {
    const std::size_t at = log.find(text);
    if (at == std::string::npos) continue;
    const std::size_t start = log.rfind('\n', at) + 1;  // npos + 1 is the beginning
    Why why;
    why.code = why::kLogFatal;
    why.text = "the shim's log holds what its profile calls fatal";
    why.expected = absl::StrCat("no \"", text, "\" in the log");
    why.observed = log.substr(start, std::min(log.find('\n', at), log.size()) - start);
    return why;
  }
  return std::nullopt;
}

// The subject as a check that names a dialect sees it.
SubjectInfo SubjectFor(const Check& check, SubjectInfo subject) {
  if (check.dialect && subject.of(*check.dialect).usable) {
    subject.default_dialect = *check.dialect;
    subject.task_version = subject.of(*check.dialect).version < 3 ? 2 : 3;
  }
  if (check.other_task_version) subject.task_version = subject.task_version == 2 ? 3 : 2;
  return subject;
}

// Why a check in a dialect or task version of its own would tell nothing new about this shim;
// empty: it would. A shim that cannot be started is judged all the same, and fails.
std::string NothingNew(const Check& check, const SubjectInfo& subject) {
  if (!subject.usable()) return "";
  if (check.other_task_version && !subject.other_task_version) {
    return absl::StrCat("the shim serves only version ", subject.task_version,
                        " of the Task service");
  }
  if (!check.dialect) return "";
  const Dialect other = *check.dialect == Dialect::kLegacy ? Dialect::kParams : Dialect::kLegacy;
  const std::string dialect = DialectName(*check.dialect);
  if (!subject.of(*check.dialect).usable) {
    return absl::StrCat("the shim does not speak the ", dialect, " dialect");
  }
  if (subject.of(other).usable) return "";
  return absl::StrCat("the shim speaks only the ", dialect,
                      " dialect: the check of the same name without it has judged this");
}

// The order of the cases is that of CheckOutcome.
void Decide(CheckScope& scope, std::optional<Why> crash, std::vector<Why> clean_up,
            const std::vector<std::string>& fatal_log, CheckOutcome& outcome) {
  const CheckScope::Decisions& decisions = scope.decisions();
  outcome.notes = decisions.notes;
  outcome.whys = decisions.failures;
  if (!decisions.errors.empty()) {
    outcome.verdict = Verdict::kError;
    outcome.whys.insert(outcome.whys.begin(), decisions.errors.begin(), decisions.errors.end());
    return;
  }
  if (crash) {
    outcome.verdict = Verdict::kCrash;
    outcome.whys.insert(outcome.whys.begin(), *std::move(crash));
    return;
  }
  if (decisions.hung) {
    outcome.verdict = Verdict::kHang;
    return;
  }
  if (decisions.skipped && outcome.whys.empty()) {
    outcome.verdict = Verdict::kSkip;
    outcome.whys = {decisions.skip};
    return;
  }
  AddFindings(scope.history().story(), outcome.whys);
  if (std::optional<Why> fatal = FatalLine(scope.history().log(), fatal_log)) {
    outcome.whys.push_back(*std::move(fatal));
  }
  if (outcome.whys.empty()) outcome.whys = std::move(clean_up);
  if (outcome.whys.empty()) outcome.whys = decisions.doubts;
  outcome.verdict = outcome.whys.empty() ? Verdict::kPass : Verdict::kFail;
  if (outcome.verdict == Verdict::kPass && outcome.observations == 0) {
    outcome.verdict = Verdict::kError;
    Why why;
    why.code = why::kHarness;
    why.text = "the check passed without observing anything";
    outcome.whys = {std::move(why)};
  }
}

}  // namespace

CheckOutcome RunCheck(const Check& check, const WorkerServices& services, const WorldInfo& world,
                      const SubjectInfo& probed, const Profile& profile) {
  const SubjectInfo subject = SubjectFor(check, probed);
  CheckScope scope(services, world, subject, profile, check.requirements);
  CheckOutcome outcome;
  std::optional<Why> crash;
  std::vector<Why> clean_up;
  {
    CheckParts parts(scope);
    if (check.other_task_version) parts.forced_task_version = subject.task_version;
    CheckContextImpl context(scope, parts);
    Guarded(scope, [&] {
      if (const absl::Status status = parts.sink.Start(); !status.ok()) {
        scope.EndAsError(base::Annotate(status, "event sink"));
      }
      scope.history().Begin();
      Guarded(scope, [&] {
        const std::string nothing_new = NothingNew(check, probed);
        if (!nothing_new.empty()) scope.EndAsSkip(nothing_new);
        check.run(context);
      });
      outcome.check_us = scope.history().Offset();
      // Only what the check itself saw; neither the proof of life below nor clean-up.
      outcome.observations = scope.observations();
      scope.RunReady();
      // Refusals prove nothing about a program that never works (law 1): it has to.
      if (Passing(scope) && scope.signs_of_life() == 0) {
        context.StartShim(context.MakeBundle(Program("pause"), {}), {});
      }
    });
    outcome.after = StateOfAffairs(parts);
    Guarded(scope,
            [&] { clean_up = CleanUp(parts, Passing(scope), scope.decisions().hung).Run(); });
    crash = parts.daemons.Crash();
    outcome.known = KnownProcesses(parts);
    outcome.boot_us = parts.commands.boot_us();
  }
  Decide(scope, std::move(crash), std::move(clean_up), profile.fatal_log, outcome);
  outcome.history = scope.history().TakeEntries();
  const std::string& log = scope.history().log();
  outcome.shim_log = log.substr(log.size() - std::min(log.size(), kLogBytesKept));
  outcome.hang = scope.decisions().hang;
  if (outcome.verdict == Verdict::kPass || outcome.verdict == Verdict::kFail) {
    outcome.story = StoryText(scope.history().story());
    outcome.findings = JudgeHistory(scope.history().story());
  }
  outcome.rpc_count = scope.history().calls();
  return outcome;
}

}  // namespace conformance
