// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/evidence.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <vector>

#include "conformance/harness/requirement.h"
#include "conformance/reports/hints.h"
#include "conformance/reports/recording.h"
#include "conformance/reports/utf8.h"

namespace conformance {
namespace {

constexpr std::size_t kLogLines = 8;
constexpr std::size_t kLineCharactersMax = 400;

std::string Shortened(absl::string_view text) {
  std::string line = Printable(text);
  if (line.size() <= kLineCharactersMax) return line;
  std::size_t end = kLineCharactersMax;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0u) == 0x80u) --end;
  return absl::StrCat(line.substr(0, end), "... (", line.size() - end, " more)");
}

// "  rule      text"; nothing for an empty text. Further lines are indented likewise.
void AddField(absl::string_view name, absl::string_view text, std::string& out) {
  if (text.empty()) return;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    absl::StrAppendFormat(&out, "  %-10s%s\n", name, Shortened(line));
    name = "";
  }
}

// The time of a line is told already; many logs begin with one of their own.
absl::string_view WithoutTime(absl::string_view line) {
  absl::string_view rest = line;
  if (!absl::ConsumePrefix(&rest, "time=\"")) return line;
  const std::size_t end = rest.find("\" ");
  return end == absl::string_view::npos ? line : rest.substr(end + 2);
}

std::string TimelineLine(const HistoryEntry& entry) {
  const bool log = entry.lane == HistoryEntry::Lane::kLog;
  return absl::StrFormat("  %+9.3f  %s%s%s\n", static_cast<double>(entry.offset_us) / 1000.0,
                         log ? "log: " : "",
                         Shortened(log ? WithoutTime(entry.text) : absl::string_view(entry.text)),
                         entry.contradiction ? "   \u25c4 first contradiction" : "");
}

// The part of a history that is shown.
struct Window {
  std::size_t first = 0;
  std::size_t end = 0;
  std::size_t marked = 0;  // the contradiction, or `end`
};

Window WindowOf(const std::vector<HistoryEntry>& history, std::size_t lines) {
  Window window;
  window.first = history.size() > lines ? history.size() - lines : 0;
  const auto marked = std::find_if(history.begin(), history.end(),
                                   [](const HistoryEntry& entry) { return entry.contradiction; });
  window.marked = static_cast<std::size_t>(marked - history.begin());
  if (marked != history.end()) {
    // The causes come before: three quarters of the window.
    const std::size_t before = lines * 3 / 4;
    window.first = std::min(window.first, window.marked > before ? window.marked - before : 0);
  }
  window.end = std::min(history.size(), window.first + std::min(lines, history.size()));
  return window;
}

void AddTimeline(const std::vector<HistoryEntry>& history, const Window& window, std::string& out) {
  if (window.first == window.end) return;
  if (window.first > 0) {
    absl::StrAppendFormat(&out, "  %9s  %d earlier lines\n", "...", window.first);
  }
  for (std::size_t i = window.first; i < window.end; ++i) out += TimelineLine(history[i]);
  if (window.end < history.size()) {
    absl::StrAppendFormat(&out, "  %9s  %d later lines\n", "...", history.size() - window.end);
  }
}

void AddRule(const CheckResult& result, const Attempt& attempt, std::string& out) {
  const Check& check = *result.planned.check;
  std::string id = attempt.whys.empty() ? "" : attempt.whys.front().requirement;
  if (id.empty() && !check.requirements.empty()) id = check.requirements.front();
  const Requirement* requirement = LookupRequirement(id);
  if (requirement == nullptr) return AddField("rule", id, out);
  AddField("rule", absl::StrCat(id, ": ", requirement->wording), out);
  AddField("source", requirement->source, out);
}

// What the shim said around the contradiction, unless the time line has shown it: the latest lines
// of its log before, or the end of it all when the history knows of none.
void AddLog(const Attempt& attempt, const Window& window, std::string& out) {
  const auto is_log = [](const HistoryEntry& entry) {
    return entry.lane == HistoryEntry::Lane::kLog;
  };
  const std::vector<HistoryEntry>& history = attempt.history;
  const auto begin = history.begin();
  if (std::any_of(begin + static_cast<std::ptrdiff_t>(window.first),
                  begin + static_cast<std::ptrdiff_t>(window.end), is_log)) {
    return;
  }
  std::vector<absl::string_view> lines;
  for (std::size_t i = 0; i < std::min(window.marked, history.size()); ++i) {
    if (is_log(history[i])) lines.push_back(history[i].text);
  }
  if (lines.empty()) lines = absl::StrSplit(attempt.shim_log, '\n', absl::SkipEmpty());
  const std::size_t first = lines.size() > kLogLines ? lines.size() - kLogLines : 0;
  for (std::size_t i = first; i < lines.size(); ++i) {
    AddField(i == first ? "shim log" : "", WithoutTime(lines[i]), out);
  }
}

}  // namespace

std::string ShellWord(absl::string_view argument) {
  const bool plain = !argument.empty() && std::all_of(argument.begin(), argument.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::StrContains("_-./:=,@%+", absl::string_view(&c, 1));
  });
  if (plain) return std::string(argument);
  std::string word = "'";
  for (const char c : argument) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word.push_back(c);
    }
  }
  return word + "'";
}

std::string Printable(absl::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    if (byte == '\t') {
      printable.push_back(' ');
    } else if (length == 0 || byte < 0x20 || byte == 0x7F) {
      absl::StrAppendFormat(&printable, "\\x%02x", byte);
    } else {
      printable.append(text.data(), length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return printable;
}

std::string AgainCommand(const CheckResult& result, const RunInfo& run) {
  const Attempt* attempt = result.evidence();
  std::string command = "shimgauge";
  for (const std::string& word : run.again) absl::StrAppend(&command, " ", ShellWord(word));
  return absl::StrCat(command, " ", result.planned.check->id, " --seed ",
                      SeedText(attempt != nullptr ? attempt->seed : run.seed));
}

std::string EvidenceText(const CheckResult& result, const RunInfo& run,
                         std::size_t timeline_lines) {
  std::string out;
  const Attempt* attempt = result.evidence();
  if (attempt == nullptr) return out;
  AddRule(result, *attempt, out);
  if (!result.unexpected_text.empty()) AddField("differs", result.unexpected_text, out);
  for (const Why& why : attempt->whys) {
    AddField("why", absl::StrCat(why.code, why.text.empty() ? "" : ": ", why.text), out);
    AddField("expected", why.expected, out);
    AddField("observed", why.observed, out);
    AddField("where", why.where, out);
  }
  const Window window = WindowOf(attempt->history, timeline_lines);
  AddTimeline(attempt->history, window, out);
  for (const std::string& line : attempt->hang) {
    AddField(&line == &attempt->hang.front() ? "hang" : "", line, out);
  }
  AddField("after", attempt->after, out);
  for (const Remainder& left : attempt->left) {
    AddField("left", absl::StrCat(left.code, ": ", left.text), out);
  }
  for (const std::string& note : attempt->notes) AddField("note", note, out);
  AddLog(*attempt, window, out);
  if (!attempt->whys.empty()) {
    AddField("hint", std::string(HintFor(attempt->whys.front().code)), out);
  }
  AddField("again", AgainCommand(result, run), out);
  const bool recorded = attempt->verdict != Verdict::kPass && attempt->verdict != Verdict::kSkip &&
                        attempt->verdict != Verdict::kNotRun && !run.record.empty();
  if (recorded) {
    const std::string path = RecordedPath(run.record, result.planned.check->id, attempt->number);
    AddField("", absl::StrCat("shimgauge repro ", ShellWord(path)), out);
  }
  return out;
}

}  // namespace conformance
