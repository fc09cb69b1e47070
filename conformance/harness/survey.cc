// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/survey.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>

#include <algorithm>
#include <iterator>

#include "conformance/harness/host_pids.h"
#include "conformance/harness/hypervisor_need.h"
#include "conformance/reports/text.h"

namespace conformance {
namespace {

constexpr std::size_t kReasonBytesMax = 120;

// Fit for a comment: one line of printable text, not too long.
std::string OneComment(const std::string& text) {
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    line.push_back(byte < 0x20 || byte == 0x7f ? ' ' : c);
  }
  line = std::string(absl::StripAsciiWhitespace(line));
  if (line.size() <= kReasonBytesMax) return line;
  std::size_t end = kReasonBytesMax;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) --end;
  return line.substr(0, end) + "...";
}

std::string Quoted(const std::string& text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"");
}

std::string DescribeStart(const DialectProbe& probe) {
  if (!probe.usable) return absl::StrCat("no: ", probe.problem);
  return absl::StrCat("yes, ", probe.protocol, ", task version ", std::max(probe.version, 2),
                      probe.version < 2 ? " (a bare address)" : "", ", in ",
                      (probe.took_us + 500) / 1000, " ms");
}

bool Says(const Survey& survey, Need need) {
  return survey.claims.count(need) > 0 && survey.claims.at(need).kind == Answer::Kind::kYes;
}

std::string ClaimLine(Need need, const Answer& answer) {
  const std::string name(NeedName(need));
  std::string line;
  std::string comment = absl::StrJoin(answer.notes, "; ");
  switch (answer.kind) {
    case Answer::Kind::kYes:
      line = name + " = true";
      break;
    case Answer::Kind::kNo:
      line = name + " = false";
      comment = answer.reason;
      break;
    case Answer::Kind::kUnasked:
      line = absl::StrCat("# ", name, " = true");
      comment = absl::StrCat("not asked: ", answer.reason);
      break;
  }
  if (comment.empty()) return line + "\n";
  return absl::StrCat(absl::StrFormat("%-22s", line), " # ", OneComment(comment), "\n");
}

}  // namespace

absl::StatusOr<const Check*> FindSurvey(const std::vector<Check>& surveys, const std::string& id) {
  for (const Check& survey : surveys) {
    if (survey.id == id) return &survey;
  }
  return absl::InternalError(absl::StrCat("no survey ", id));
}

std::vector<Check> ClaimedChecks(const std::vector<Check>& checks, const Profile& profile) {
  std::vector<Check> claimed;
  const Needs offered = profile.claims | ToNeeds(Need::kFakeEngine);
  std::copy_if(checks.begin(), checks.end(), std::back_inserter(claimed), [&](const Check& check) {
    return (check.needs & ~offered) == 0 && WhyNotInAVm(check, profile) == nullptr &&
           WhyNoHypervisor(check, profile).empty();
  });
  return claimed;
}

Answer ToAnswer(const CheckResult& result) {
  Answer answer;
  const Attempt* const attempt = result.evidence();
  if (result.planned.skip) {
    answer.kind = Answer::Kind::kUnasked;
    answer.reason = result.planned.skip_reason;
    return answer;
  }
  if (attempt == nullptr) return answer;
  answer.notes = attempt->notes;
  // Only expectations of the survey itself say where they stand.
  const auto own = std::find_if(attempt->whys.begin(), attempt->whys.end(),
                                [](const Why& why) { return !why.where.empty(); });
  const bool judged = attempt->verdict == Verdict::kPass || attempt->verdict == Verdict::kLeak ||
                      attempt->verdict == Verdict::kFail;
  if (judged && own == attempt->whys.end()) {
    answer.kind = Answer::Kind::kYes;
    return answer;
  }
  if (attempt->verdict == Verdict::kError) answer.kind = Answer::Kind::kUnasked;
  const Why why = own != attempt->whys.end() ? *own
                  : attempt->whys.empty() ? Why{.code = std::string(VerdictName(attempt->verdict))}
                                          : attempt->whys.front();
  answer.reason = absl::StrCat(
      attempt->verdict == Verdict::kFail ? "" : absl::StrCat(VerdictName(attempt->verdict), ": "),
      why.text.empty() ? why.code : why.text,
      why.observed.empty() ? "" : absl::StrCat(": ", why.observed));
  return answer;
}

std::string DraftProfile(const Survey& survey) {
  const bool engine = Says(survey, Need::kOciEngine) && !survey.engine.empty();
  std::string toml = absl::StrCat(
      "# What this shim claims, as `shimgauge probe` found it on ", survey.date,
      ". Read it, correct it, keep it\n# beside the shim: a claim that fails is red, what is not "
      "claimed is skipped with that reason.\n#\n");
  absl::StrAppend(&toml, "# version  ", OneComment(ShortVersion(survey.subject.version_text)),
                  "\n# legacy   ", OneComment(DescribeStart(survey.subject.legacy)),
                  "\n# params   ", OneComment(DescribeStart(survey.subject.params)),
                  "\n# task API ", survey.subject.task_version, "\nschema = 1\n\n");
  absl::StrAppend(&toml, "[shim]\npath = ", Quoted(survey.shim_path), "\n\n");
  absl::StrAppend(&toml,
                  "[engine]\n# \"oci\": drives the program that options.binary_name names; "
                  "\"none\": drives none\nkind = ",
                  engine ? "\"oci\"" : "\"none\"", "\n");
  if (engine) {
    absl::StrAppend(&toml, "binary = ", Quoted(survey.engine),
                    "\nfake_ok = true  # the judge's stand-in may take its place\n");
  }
  absl::StrAppend(&toml,
                  "\n[guest]\n# \"rootfs\": a container sees its bundle's rootfs; \"host\": "
                  "what the shim sees;\n# \"wasm\": it is a WebAssembly module of the "
                  "rootfs\nkind = \"",
                  GuestName(survey.guest), "\"\n\n[claims]\n");
  for (const auto& [need, answer] : survey.claims) absl::StrAppend(&toml, ClaimLine(need, answer));
  absl::StrAppend(&toml,
                  "\n[limits]\n# Caps of one `start` and of one call; raise them for shims "
                  "that boot a machine.\nboot = \"10s\"\nrpc = \"10s\"\n");
  return toml;
}

}  // namespace conformance
