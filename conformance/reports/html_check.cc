// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/html_check.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <vector>

#include "conformance/harness/names.h"
#include "conformance/harness/requirement.h"
#include "conformance/reports/evidence.h"
#include "conformance/reports/hints.h"
#include "conformance/reports/markup.h"
#include "conformance/reports/overview.h"

namespace conformance {
namespace {

constexpr std::size_t kTimelineMax = 400;
constexpr std::size_t kLogBytesMax = 64 * 1024;
constexpr std::size_t kTextBytesMax = 4 * 1024;

using Lane = HistoryEntry::Lane;

// The columns of a time line; the log shares one with the world.
constexpr Lane kLanes[] = {Lane::kRpc, Lane::kEvent, Lane::kProcess, Lane::kWorld};

std::string Text(absl::string_view text) {
  return XmlText(Printable(Shortened(text, kTextBytesMax)));
}

std::string Lines(const std::vector<std::string>& lines) {
  return absl::StrJoin(lines, "\n",
                       [](std::string* out, const std::string& line) { *out += Text(line); });
}

void AddField(absl::string_view name, absl::string_view html, std::string& out) {
  if (!html.empty()) absl::StrAppend(&out, "<dt>", name, "</dt><dd>", html, "</dd>\n");
}

std::string Rules(const Check& check) {
  std::string html;
  for (const std::string& id : check.requirements) {
    const Requirement* rule = LookupRequirement(id);
    absl::StrAppend(&html, "<a href=\"#req-", XmlText(id), "\">", XmlText(id), "</a>",
                    rule == nullptr ? "" : absl::StrCat(" ", XmlText(rule->wording)),
                    rule == nullptr || rule->source.empty()
                        ? ""
                        : absl::StrCat(" <small>", XmlText(rule->source), "</small>"),
                    "<br>");
  }
  return html;
}

std::string TimelineRow(const HistoryEntry& entry) {
  std::string row = absl::StrFormat("<tr class=\"%s%s\"><td>%+.3f</td>", LaneName(entry.lane),
                                    entry.contradiction ? " first" : "",
                                    static_cast<double>(entry.offset_us) / 1000.0);
  const Lane column = entry.lane == Lane::kLog ? Lane::kWorld : entry.lane;
  for (const Lane lane : kLanes) {
    absl::StrAppend(
        &row, "<td>",
        lane != column
            ? ""
            : absl::StrCat(Text(entry.text),
                           entry.contradiction ? " <b>\u25c4 first contradiction</b>" : ""),
        "</td>");
  }
  return row + "</tr>\n";
}

std::string Timeline(const std::vector<HistoryEntry>& history) {
  if (history.empty()) return "";
  std::size_t first = history.size() > kTimelineMax ? history.size() - kTimelineMax : 0;
  const auto marked = std::find_if(history.begin(), history.end(),
                                   [](const HistoryEntry& one) { return one.contradiction; });
  if (marked != history.end()) {
    const auto position = static_cast<std::size_t>(marked - history.begin());
    first = std::min(first, position > kTimelineMax / 2 ? position - kTimelineMax / 2 : 0);
  }
  const std::size_t end = std::min(history.size(), first + kTimelineMax);
  std::string html =
      "<table class=\"timeline\"><thead><tr><th>ms</th><th>calls</th><th>events</th>"
      "<th>processes</th><th>world and log</th></tr></thead><tbody>\n";
  if (first > 0) {
    absl::StrAppend(&html, "<tr><td colspan=\"5\">", first, " earlier lines</td></tr>\n");
  }
  for (std::size_t i = first; i < end; ++i) html += TimelineRow(history[i]);
  if (end < history.size()) {
    absl::StrAppend(&html, "<tr><td colspan=\"5\">", history.size() - end,
                    " later lines</td></tr>\n");
  }
  return html + "</tbody></table>\n";
}

std::string Attempts(const CheckResult& result) {
  if (result.attempts.size() < 2) return "";
  return absl::StrJoin(result.attempts, ", ", [](std::string* out, const Attempt& attempt) {
    absl::StrAppend(out, VerdictName(attempt.verdict), " (seed ", SeedText(attempt.seed), ")");
  });
}

std::string Evidence(const CheckResult& result, const Attempt& attempt, const RunInfo& run) {
  std::string html;
  for (const Why& why : attempt.whys) {
    AddField("why", absl::StrCat("<code>", Text(why.code), "</code> ", Text(why.text)), html);
    AddField("expected", Text(why.expected), html);
    AddField("observed", Text(why.observed), html);
    AddField("where", Text(why.where), html);
  }
  AddField("hang", Lines(attempt.hang), html);
  AddField("attempts", Attempts(result), html);
  AddField("after", Text(attempt.after), html);
  for (const Remainder& left : attempt.left) {
    AddField("left", absl::StrCat("<code>", Text(left.code), "</code> ", Text(left.text)), html);
  }
  for (const std::string& note : attempt.notes) AddField("note", Text(note), html);
  if (!attempt.whys.empty()) AddField("hint", Text(HintFor(attempt.whys.front().code)), html);
  AddField("again", absl::StrCat("<code>", Text(AgainCommand(result, run)), "</code>"), html);
  return html;
}

std::string Log(const std::string& log) {
  if (log.empty()) return "";
  const std::size_t first = log.size() > kLogBytesMax ? log.size() - kLogBytesMax : 0;
  return absl::StrCat("<details><summary>shim log</summary><pre>",
                      XmlText(absl::string_view(log).substr(first)), "</pre></details>\n");
}

}  // namespace

std::string HtmlCheckAnchor(const std::string& check_id) {
  return absl::StrCat("check-", check_id);
}

std::string HtmlCheck(const CheckResult& result, const RunInfo& run) {
  const Check& check = *result.planned.check;
  const absl::string_view verdict = ResultName(result.result);
  const Attempt* attempt = result.evidence();
  std::string html = absl::StrFormat(
      "<details class=\"check\" id=\"%s\" data-verdict=\"%s\" data-area=\"%s\" data-level=\"%s\" "
      "data-unexpected=\"%d\"%s><summary><span class=\"v %s\">%s</span> %s "
      "<small>%s %s %s</small> <small class=\"why\">%s</small></summary>\n",
      XmlText(HtmlCheckAnchor(check.id)), verdict, XmlText(AreaOf(check.id)),
      LevelName(check.level), NeedsLook(result) ? 1 : 0, NeedsLook(result) ? " open" : "", verdict,
      verdict, XmlText(check.id), absl::AsciiStrToUpper(LevelName(check.level)),
      XmlText(absl::StrJoin(check.requirements, " ")),
      attempt == nullptr ? "" : SecondsText(TimeOf(result)),
      result.result == Result::kPass ? "" : Text(WhyText(result)));
  std::string fields;
  AddField("rule", Rules(check), fields);
  if (!result.unexpected_text.empty()) AddField("differs", Text(result.unexpected_text), fields);
  if (result.planned.expectation != nullptr) {
    const Expectation& expected = *result.planned.expectation;
    AddField("known", Text(absl::StrCat(KindName(expected.kind), ": ", expected.reference)),
             fields);
  }
  if (result.result == Result::kSkip) {
    AddField("skipped",
             Text(absl::StrCat(SkipKindName(result.skip_kind()), ": ", result.skip_reason())),
             fields);
  }
  const bool told = attempt != nullptr && result.result != Result::kPass;
  if (told && result.result != Result::kSkip) fields += Evidence(result, *attempt, run);
  absl::StrAppend(&html, "<dl>\n", fields, "</dl>\n");
  if (told) absl::StrAppend(&html, Timeline(attempt->history), Log(attempt->shim_log));
  return html + "</details>\n";
}

}  // namespace conformance
