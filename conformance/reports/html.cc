// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/html.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "conformance/harness/names.h"
#include "conformance/harness/requirement.h"
#include "conformance/reports/evidence.h"
#include "conformance/reports/html_check.h"
#include "conformance/reports/json_records.h"
#include "conformance/reports/markup.h"
#include "conformance/reports/overview.h"
#include "conformance/reports/text.h"

namespace conformance {
namespace {

constexpr std::size_t kSlowest = 10;

constexpr char kStyle[] = R"(
:root { color-scheme: light dark; --good: #1a7f37; --bad: #cf222e; --dim: #777; --line: #8884; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 75rem; margin: 1rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h1.conformant { color: var(--good); } h1.red { color: var(--bad); }
h2 { font-size: 1.2rem; margin-top: 2rem; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; } td, th { padding: .1rem .6rem; text-align: left;
  vertical-align: top; border-bottom: 1px solid var(--line); }
dl { display: grid; grid-template-columns: 6rem 1fr; margin: .3rem 0; } dt { color: var(--dim); }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
code, pre, .timeline { font-family: ui-monospace, monospace; font-size: 13px; }
pre { overflow-x: auto; max-height: 30rem; } small { color: var(--dim); }
details.check > :not(summary) { margin-left: 1.5rem; }
.v { display: inline-block; min-width: 3.5rem; font-weight: 600; color: var(--dim); }
.v.pass { color: var(--good); }
.v.fail, .v.crash, .v.hang, .v.leak, .v.error, .v.xpass, .v.flaky { color: var(--bad); }
.timeline td { overflow-wrap: anywhere; } tr.first { background: #cf222e33; }
tr.log td { color: var(--dim); }
.filter { position: sticky; top: 0; background: Canvas; padding: .4rem 0; } .hidden { display: none; }
)";

constexpr char kScript[] = R"(
const checks = [...document.querySelectorAll('details.check')];
const fields = ['verdict', 'area', 'level'].map(name => [name, document.getElementById('f-' + name)]);
const text = document.getElementById('f-text'), count = document.getElementById('f-count');
for (const [name, field] of fields)
  for (const value of [...new Set(checks.map(check => check.dataset[name]))])
    field.add(new Option(value, value));
function filter() {
  let shown = 0;
  for (const check of checks) {
    const wanted = fields.every(([name, field]) => field.value === '' ||
        (field.value === 'unexpected' ? check.dataset.unexpected === '1'
                                      : check.dataset[name] === field.value)) &&
        check.textContent.toLowerCase().includes(text.value.toLowerCase());
    check.classList.toggle('hidden', !wanted);
    if (wanted) ++shown;
  }
  count.textContent = shown + ' of ' + checks.length;
}
for (const [, field] of fields) field.onchange = filter;
text.oninput = filter;
document.getElementById('filter').classList.remove('hidden');
filter();
window.onhashchange = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === 'DETAILS') target.open = true;
};
const link = document.getElementById('download');
link.href = URL.createObjectURL(new Blob([document.getElementById('results').textContent],
                                         {type: 'application/json'}));
link.classList.remove('hidden');
)";

void AddRow(const std::vector<std::string>& cells, std::string& html) {
  absl::StrAppend(&html, "<tr><td>", absl::StrJoin(cells, "</td><td>"), "</td></tr>\n");
}

std::string Table(const std::vector<std::string>& head, const std::string& rows) {
  return absl::StrCat("<table><thead><tr><th>", absl::StrJoin(head, "</th><th>"),
                      "</th></tr></thead><tbody>\n", rows, "</tbody></table>\n");
}

std::string CheckLink(const std::string& id) {
  return absl::StrCat("<a href=\"#", XmlText(HtmlCheckAnchor(id)), "\">", XmlText(id), "</a>");
}

std::string Header(const FinishedRun& finished) {
  const Summary& summary = finished.summary;
  const Standing standing = StandingOf(summary);
  std::string html = absl::StrCat(
      "<h1 class=\"", standing == Standing::kConformant ? "conformant" : "red", "\">",
      StandingName(standing), "</h1>\n<p>", absl::StrJoin(LevelScores(summary), " \u00b7 "),
      " \u00b7 ", summary.counts.unexpected(), " unexpected \u00b7 exit code ", ExitCodeOf(summary),
      "</p>\n");
  std::string items;
  for (const std::string& reason : Reasons(summary)) {
    absl::StrAppend(&items, "<li>", XmlText(Printable(reason)), "</li>\n");
  }
  for (const std::string& stale : summary.stale_expectations) {
    absl::StrAppend(&items, "<li>stale expectation: ", XmlText(Printable(stale)), "</li>\n");
  }
  if (!items.empty()) absl::StrAppend(&html, "<ul>\n", items, "</ul>\n");
  std::string counts;
  for (const Result result : kResults) {
    if (summary.counts.of(result) == 0) continue;
    AddRow(
        {absl::StrCat("<span class=\"v ", ResultName(result), "\">", ResultName(result), "</span>"),
         absl::StrCat(summary.counts.of(result))},
        counts);
  }
  return html + Table({"verdict", "checks"}, counts);
}

std::string Dialect(const DialectProbe& probe) {
  if (!probe.usable) return absl::StrCat("no: ", XmlText(Printable(probe.problem)));
  return absl::StrCat("yes, ", XmlText(Printable(probe.protocol)), ", version ", probe.version,
                      ", ", Milliseconds(std::chrono::microseconds(probe.took_us)), " ms");
}

std::string Configuration(const FinishedRun& finished) {
  const RunInfo& run = *finished.run;
  std::vector<std::string> words;
  for (const std::string& word : run.argv) words.push_back(ShellWord(word));
  std::string rows;
  const auto add = [&rows](const char* name, const std::string& text) {
    AddRow({name, XmlText(Printable(text))}, rows);
  };
  add("shim", run.shim_path);
  add("version", ShortVersion(finished.subject.version_text));
  add("sha256", run.shim_sha256);
  AddRow({"start without stdin", Dialect(finished.subject.legacy)}, rows);
  AddRow({"start with BootstrapParams", Dialect(finished.subject.params)}, rows);
  add("host", absl::StrCat(run.host.kernel, ", cgroup ", run.host.cgroup_mode, ", ",
                           run.host.root ? "root" : "not root", ", ", run.host.cpus, " cpu"));
  add("engine", finished.engine);
  add("suite", absl::StrCat("shimgauge ", run.suite_version));
  add("profile", absl::StrCat(run.profile.name, ", claims ", NeedNames(run.profile.claims)));
  add("run", absl::StrCat("seed ", SeedText(run.seed), ", ", run.jobs, " at a time, ", run.repeat,
                          " times each, deadlines \u00d7 ", run.deadline_scale, ", took ",
                          SecondsText(finished.took)));
  add("command", absl::StrJoin(words, " "));
  return absl::StrCat("<details open><summary>Configuration</summary>\n", Table({"", ""}, rows),
                      "</details>\n");
}

std::string Checks(const FinishedRun& finished) {
  std::string html =
      "<h2 id=\"checks\">Checks</h2>\n<div id=\"filter\" class=\"filter hidden\">"
      "<input id=\"f-text\" placeholder=\"text\"> "
      "<select id=\"f-verdict\"><option value=\"\">all verdicts</option>"
      "<option value=\"unexpected\">unexpected</option></select> "
      "<select id=\"f-area\"><option value=\"\">all areas</option></select> "
      "<select id=\"f-level\"><option value=\"\">all levels</option></select> "
      "<small id=\"f-count\"></small></div>\n";
  for (const CheckResult& result : finished.results) html += HtmlCheck(result, *finished.run);
  return html;
}

std::string RequirementRows(const FinishedRun& finished) {
  std::map<std::string, std::vector<const CheckResult*>> judged;
  for (const CheckResult& result : finished.results) {
    for (const std::string& id : result.planned.check->requirements) judged[id].push_back(&result);
  }
  std::string html;
  for (const auto& [id, results] : judged) {
    const Requirement* rule = LookupRequirement(id);
    AddRow({absl::StrCat("<span id=\"req-", XmlText(id), "\">", XmlText(id), "</span>"),
            rule == nullptr ? "" : absl::AsciiStrToUpper(LevelName(rule->level)),
            rule == nullptr ? "" : XmlText(rule->wording),
            absl::StrJoin(results, "<br>",
                          [](std::string* out, const CheckResult* result) {
                            const absl::string_view verdict = ResultName(result->result);
                            absl::StrAppend(out, "<span class=\"v ", verdict, "\">", verdict,
                                            "</span> ", CheckLink(result->planned.check->id));
                          })},
           html);
  }
  return html;
}

std::string Skips(const FinishedRun& finished) {
  std::string rows;
  for (const auto& [reason, checks] : SkipsByReason(finished.results)) {
    std::vector<std::string> links;
    for (const std::string& check : checks) links.push_back(CheckLink(check));
    AddRow({XmlText(Printable(reason)), absl::StrCat(checks.size()), absl::StrJoin(links, ", ")},
           rows);
  }
  if (rows.empty()) return "";
  return absl::StrCat("<h2 id=\"skipped\">Skipped</h2>\n",
                      Table({"reason", "number", "checks"}, rows));
}

std::string SlowestTable(const FinishedRun& finished) {
  std::string rows;
  for (const CheckResult* result : Slowest(finished.results, kSlowest)) {
    AddRow({SecondsText(TimeOf(*result)), SecondsText(WorkOf(*result)),
            SecondsText(WaitOf(*result)), CheckLink(result->planned.check->id)},
           rows);
  }
  if (rows.empty()) return "";
  return absl::StrCat("<h2 id=\"slowest\">Slowest</h2>\n<p>", WorkAndWait(finished.results),
                      "</p>\n", Table({"time", "working", "waiting", "check"}, rows));
}

// As the content of a script element, which ends at the first "</script", whatever JSON says.
std::string EmbeddedJson(const FinishedRun& finished) {
  return absl::StrReplaceAll(JsonText(ResultRecord(finished)), {{"<", "\\u003c"}});
}

}  // namespace

std::string HtmlPage(const FinishedRun& finished) {
  const std::string title = absl::StrCat(StandingName(StandingOf(finished.summary)), ": ",
                                         Printable(finished.run->shim_path));
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
      XmlText(title), "</title>\n<style>", kStyle, "</style></head><body>\n", Header(finished),
      "<p><a id=\"download\" class=\"hidden\" download=\"results.json\">results.json</a></p>\n",
      Configuration(finished), Checks(finished), "<h2 id=\"requirements\">Requirements</h2>\n",
      Table({"id", "level", "rule", "checks"}, RequirementRows(finished)), Skips(finished),
      SlowestTable(finished), "<script type=\"application/json\" id=\"results\">",
      EmbeddedJson(finished), "</script>\n<script>", kScript, "</script>\n</body></html>\n");
}

std::unique_ptr<Report> MakeHtmlReport(std::unique_ptr<Output> output) {
  return MakeFinishedReport(std::move(output), &HtmlPage);
}

}  // namespace conformance
