// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/observed_results.h"

#include "conformance/reports/text.h"

namespace conformance {
namespace {

bool WasJudged(const Attempt& attempt) {
  switch (attempt.verdict) {
    case Verdict::kSkip:
    case Verdict::kNotRun:
    case Verdict::kError:
      return false;
    default:
      return true;
  }
}

ObservedCheck Observe(const CheckResult& result) {
  const Check& check = *result.planned.check;
  ObservedCheck observed{.id = check.id};
  if (!check.requirements.empty()) observed.requirement = check.requirements.front();
  for (const Attempt& attempt : result.attempts) {
    if (!WasJudged(attempt)) continue;
    observed.verdicts.emplace_back(VerdictName(attempt.verdict));
    observed.codes.push_back(attempt.whys.empty() ? "" : attempt.whys.front().code);
  }
  const Attempt* evidence = result.evidence();
  if (evidence != nullptr && !evidence->whys.empty()) {
    const Why& why = evidence->whys.front();
    observed.text = why.text;
    if (!why.requirement.empty()) observed.requirement = why.requirement;
  }
  return observed;
}

}  // namespace

ObservedRun Observe(const ResultFile& file) {
  ObservedRun observed;
  observed.complete = file.complete();
  const HostInfo& host = file.run().host;
  observed.facts = {{"host.kernel", host.kernel},
                    {"host.cgroup", host.cgroup_mode},
                    {"host.priv", host.root ? "root" : "userns"},
                    {"shim.version", ShortVersion(file.finished().subject.version_text)}};
  for (const CheckResult& result : file.finished().results) {
    observed.checks.push_back(Observe(result));
  }
  return observed;
}

}  // namespace conformance
