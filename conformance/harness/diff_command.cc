// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/diff_command.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "conformance/harness/commands.h"
#include "conformance/harness/names.h"
#include "conformance/harness/run_command.h"
#include "conformance/reports/evidence.h"
#include "conformance/reports/overview.h"
#include "conformance/reports/utf8.h"

namespace conformance {
namespace {

constexpr std::size_t kCellColumns = 44;
constexpr std::size_t kCellLinesMax = 12;

constexpr char kFooter[] = R"(
Examples:
  shimgauge diff before.json after.json
  shimgauge run --shim ./my-shim --report json=now.json; shimgauge diff main.json now.json

Exit codes: 0 nothing got worse, 1 something did, 2 usage, 4 harness error.)";

// How good an end is, whatever was expected of it.
int Goodness(Result result) {
  switch (result) {
    case Result::kPass:
    case Result::kXpass:
      return 3;
    case Result::kSkip:
    case Result::kNotRun:
    case Result::kError:
      return 2;  // not judged
    case Result::kFlaky:
      return 1;
    default:
      return 0;
  }
}

// The verdict of the shim behind an expectation.
absl::string_view PlainName(const CheckResult& result) {
  if (result.result == Result::kXpass) return ResultName(Result::kPass);
  if (result.result != Result::kXfail) return ResultName(result.result);
  const Attempt* attempt = result.evidence();
  return attempt == nullptr ? ResultName(result.result) : VerdictName(attempt->verdict);
}

absl::string_view KindName(Difference::Kind kind) {
  switch (kind) {
    case Difference::Kind::kWorse:
      return "WORSE";
    case Difference::Kind::kBetter:
      return "better";
    case Difference::Kind::kChanged:
      return "changed";
    case Difference::Kind::kNew:
      return "new";
    case Difference::Kind::kRemoved:
      return "removed";
  }
  return "changed";
}

// The lines of a cell: `text` broken at the column, which counts characters.
std::vector<std::string> Wrapped(const std::string& text) {
  std::vector<std::string> lines;
  for (absl::string_view rest : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::string printable = Printable(rest);
    std::size_t columns = kCellColumns;
    for (absl::string_view left = printable; !left.empty();) {
      if (columns == kCellColumns) {
        lines.emplace_back();
        columns = 0;
      }
      const std::size_t length = std::max<std::size_t>(1, CharacterLength(left));
      absl::StrAppend(&lines.back(), left.substr(0, length));
      left.remove_prefix(length);
      ++columns;
    }
  }
  if (lines.size() > kCellLinesMax) {
    lines.resize(kCellLinesMax);
    lines.back() = "...";
  }
  return lines;
}

std::size_t Columns(absl::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  }));
}

// "  expected  LEFT            RIGHT"
void AddSides(absl::string_view name, const std::string& before, const std::string& after,
              std::string& out) {
  if (before.empty() && after.empty()) return;
  const std::vector<std::string> left = Wrapped(before);
  const std::vector<std::string> right = Wrapped(after);
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    const std::string cell = i < left.size() ? left[i] : "";
    const std::string line =
        absl::StrFormat("  %-9s %s%s  %s", i == 0 ? name : "", cell,
                        std::string(kCellColumns - std::min(kCellColumns, Columns(cell)), ' '),
                        i < right.size() ? right[i] : "");
    absl::StrAppend(&out, absl::StripTrailingAsciiWhitespace(line), "\n");
  }
}

// What is told of one side; all empty for a pass.
struct Side {
  std::string why;
  std::string expected;
  std::string observed;
  std::string contradiction;
  std::string left;
};

Side SideOf(const CheckResult* result) {
  Side side;
  const Attempt* attempt = result == nullptr ? nullptr : result->evidence();
  if (result == nullptr || result->result == Result::kPass) return side;
  if (result->result == Result::kSkip) {
    side.why = absl::StrCat(SkipKindName(result->skip_kind()), ": ", result->skip_reason());
    return side;
  }
  side.why = WhyText(*result);
  if (attempt == nullptr) return side;
  if (!attempt->whys.empty()) {
    side.expected = attempt->whys.front().expected;
    side.observed = attempt->whys.front().observed;
  }
  for (const HistoryEntry& entry : attempt->history) {
    if (entry.contradiction) side.contradiction = entry.text;
  }
  side.left = absl::StrJoin(attempt->left, "\n", [](std::string* out, const Remainder& one) {
    absl::StrAppend(out, one.code, ": ", one.text);
  });
  return side;
}

std::string DifferenceText(const Difference& difference) {
  const CheckResult& any = difference.after != nullptr ? *difference.after : *difference.before;
  const Check& check = *any.planned.check;
  std::string verdicts;
  if (difference.before != nullptr) absl::StrAppend(&verdicts, PlainName(*difference.before));
  if (difference.before != nullptr && difference.after != nullptr) verdicts += " \u2192 ";
  if (difference.after != nullptr) absl::StrAppend(&verdicts, PlainName(*difference.after));
  std::string text = absl::StrFormat("%-8s %s   %s  %s   %s\n", KindName(difference.kind), check.id,
                                     absl::AsciiStrToUpper(LevelName(check.level)),
                                     absl::StrJoin(check.requirements, " "), verdicts);
  if (difference.kind == Difference::Kind::kRemoved) return text;
  const Side before = SideOf(difference.before);
  const Side after = SideOf(difference.after);
  AddSides("why", before.why, after.why, text);
  AddSides("expected", before.expected, after.expected, text);
  AddSides("observed", before.observed, after.observed, text);
  AddSides("first", before.contradiction, after.contradiction, text);
  AddSides("left", before.left, after.left, text);
  return text;
}

std::string Identities(const ResultFile& before, const ResultFile& after) {
  const auto identity = [](const ResultFile& file) {
    const RunInfo& run = file.run();
    const FinishedRun& finished = file.finished();
    return std::vector<std::pair<const char*, std::string>>{
        {"shim", run.shim_path},
        {"version", finished.subject.version_text},
        {"sha256", run.shim_sha256},
        {"suite", run.suite_version},
        {"engine", finished.engine},
        {"profile", run.profile.name},
        {"claims", NeedNames(run.profile.claims)},
        {"host", absl::StrCat(run.host.kernel, ", cgroup ", run.host.cgroup_mode, ", ",
                              run.host.root ? "root" : "not root")}};
  };
  std::string text;
  AddSides("", before.name(), after.name(), text);
  const auto left = identity(before);
  const auto right = identity(after);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i].second != right[i].second) {
      AddSides(left[i].first, left[i].second, right[i].second, text);
    }
  }
  AddSides("result", absl::StrJoin(LevelScores(before.finished().summary), ", "),
           absl::StrJoin(LevelScores(after.finished().summary), ", "), text);
  return text;
}

struct DiffOptions {
  std::string before;
  std::string after;
};

int DiffCommand(const DiffOptions& options) {
  const absl::StatusOr<ResultFile> before = ResultFile::Read(options.before);
  if (!before.ok()) return Complain(before.status());
  const absl::StatusOr<ResultFile> after = ResultFile::Read(options.after);
  if (!after.ok()) return Complain(after.status());
  const absl::StatusOr<std::unique_ptr<Output>> output = Output::Open("-");
  if (!output.ok()) return Complain(output.status());
  (*output)->Write(DiffText(*before, *after));
  const std::vector<Difference> differences = Compare(*before, *after);
  const bool worse = std::any_of(
      differences.begin(), differences.end(),
      [](const Difference& difference) { return difference.kind == Difference::Kind::kWorse; });
  return ExitUnlessLost(**output, worse ? kExitUnexpected : kExitAsExpected);
}

}  // namespace

std::vector<Difference> Compare(const ResultFile& before, const ResultFile& after) {
  using Kind = Difference::Kind;
  std::vector<Difference> differences;
  for (const CheckResult& result : after.finished().results) {
    Difference difference{.before = before.Find(result.planned.check->id), .after = &result};
    if (difference.before == nullptr) {
      difference.kind = Kind::kNew;
    } else {
      const int was = Goodness(difference.before->result);
      const int is = Goodness(result.result);
      const bool same = PlainName(*difference.before) == PlainName(result) &&
                        (is == 2 || WhyCode(*difference.before) == WhyCode(result));
      if (same) continue;
      // A red check that is not judged any more has not got better.
      difference.kind = is < was              ? Kind::kWorse
                        : is > was && is != 2 ? Kind::kBetter
                                              : Kind::kChanged;
    }
    differences.push_back(difference);
  }
  for (const CheckResult& result : before.finished().results) {
    if (after.Find(result.planned.check->id) == nullptr) {
      differences.push_back({.kind = Kind::kRemoved, .before = &result});
    }
  }
  std::stable_sort(differences.begin(), differences.end(),
                   [](const Difference& a, const Difference& b) { return a.kind < b.kind; });
  return differences;
}

std::string DiffText(const ResultFile& before, const ResultFile& after) {
  std::string text = Identities(before, after) + "\n";
  std::map<Difference::Kind, std::size_t> counts;
  for (const Difference& difference : Compare(before, after)) {
    ++counts[difference.kind];
    text += DifferenceText(difference);
  }
  if (counts.empty()) {
    return absl::StrCat(text, "no difference in ", after.finished().results.size(), " checks\n");
  }
  return absl::StrCat(text, "\n",
                      absl::StrJoin(counts, ", ",
                                    [](std::string* out, const auto& entry) {
                                      absl::StrAppend(out, entry.second, " ",
                                                      absl::AsciiStrToLower(KindName(entry.first)));
                                    }),
                      "\n");
}

CommandAction DefineDiff(CLI::App& app, const CommandContext& /*context*/) {
  const auto options = std::make_shared<DiffOptions>();  // owners: CLI's bindings, the action
  app.add_option("before", options->before, "the earlier result (json or jsonl)")
      ->type_name("RESULT")
      ->required();
  app.add_option("after", options->after, "the later result")->type_name("RESULT")->required();
  app.footer(kFooter);
  return [options] { return DiffCommand(*options); };
}

}  // namespace conformance
