// SPDX-License-Identifier: Apache-2.0
#include "conformance/manual/man_page.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>

#include "conformance/harness/accounting.h"
#include "conformance/harness/ready_made.h"
#include "conformance/reports/evidence.h"

namespace conformance {
namespace {

std::string Roff(absl::string_view text) {
  std::string escaped = absl::StrReplaceAll(text, {{"\\", "\\e"}, {"-", "\\-"}});
  // A line that begins with one of these would be a request.
  if (!escaped.empty() && (escaped[0] == '.' || escaped[0] == '\'')) escaped = "\\&" + escaped;
  return absl::StrReplaceAll(escaped, {{"\n.", "\n\\&."}, {"\n'", "\n\\&'"}});
}

std::string Verbatim(absl::string_view text) {
  return absl::StrCat(".nf\n", Roff(absl::StripAsciiWhitespace(text)), "\n.fi\n");
}

std::string Term(const OptionModel& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.names) {
    names.push_back(option.positional ? absl::StrCat("\\fI", Roff(option.value), "\\fR")
                                      : absl::StrCat("\\fB", Roff(name), "\\fR"));
  }
  const std::string value = option.positional || option.value.empty()
                                ? ""
                                : absl::StrCat(" \\fI", Roff(option.value), "\\fR");
  return absl::StrCat(absl::StrJoin(names, ", "), value);
}

std::string Synopsis(const CommandModel& command) {
  std::string line = absl::StrCat("shimgauge ", absl::StrJoin(command.words, " "), " [OPTIONS]");
  for (const OptionModel& option : command.options) {
    if (!option.positional) continue;
    absl::StrAppend(&line, " ", option.required ? "" : "[", option.value,
                    option.required ? "" : "]");
  }
  return line;
}

std::string CommandSection(const CommandModel& command) {
  std::string text =
      absl::StrCat(".SS ", Roff(Synopsis(command)), "\n", Roff(command.summary), ".\n");
  for (const OptionModel& option : command.options) {
    absl::StrAppend(&text, ".TP\n", Term(option), "\n", Roff(option.description), "\n");
  }
  if (!command.footer.empty()) absl::StrAppend(&text, ".PP\n", Verbatim(command.footer));
  return text;
}

std::string WrongUsageSection() {
  std::string text = "What shimgauge says to mistakes, with exit code 2 unless noted:\n";
  for (const WrongUsage& usage : WrongUsages()) {
    std::vector<std::string> words;
    for (const std::string& word : usage.arguments) words.push_back(ShellWord(word));
    absl::StrAppend(
        &text, ".PP\n",
        Verbatim(absl::StrCat(
            "$ shimgauge ", absl::StrJoin(words, " "), "\nshimgauge: ", usage.message,
            usage.exit_code == kExitUsage ? ""
                                          : absl::StrCat("\n(exit code ", usage.exit_code, ")"))));
  }
  return text;
}

}  // namespace

const std::vector<WrongUsage>& WrongUsages() {
  static const auto* const usages = new std::vector<WrongUsage>{
      {{"run"}, "no shim: give --shim PATH or a profile with [shim] path"},
      {{"run", "--shim", "./my-shim"}, "--shim: ./my-shim: No such file or directory"},
      {{"run", "--shim", "/"}, "--shim: / is a directory, not a program"},
      {{"run", "--colour"},
       "The following argument was not expected: --colour (see shimgauge run --help)"},
      {{"list", "--level", "may"}, "--level may: the choices are must, should and all"},
      {{"list", "--plan", "ids.txt"}, "open ids.txt: No such file or directory"},
      {{"list", "--profile", "my.toml"}, "my.toml: No such file or directory"},
      {{"explain"},
       "REQ|CHECK is missing: a requirement (EVT-20) or a check (events/...) (see shimgauge "
       "explain "
       "--help)"},
      {{"explain", "CREATE-01", "--colour"},
       "The following argument was not expected: --colour (see shimgauge explain --help)"},
      {{"explain", "CREATE-01", "CREATE-02"},
       "The following argument was not expected: CREATE-02 (see shimgauge explain --help)"},
      {{"repro"},
       "DIR/CHECK is missing: what `run --record DIR` wrote, or DIR/CHECK.NUMBER (see shimgauge "
       "repro --help)"},
      {{"repro", "out/none"},
       "out/none: no recording; expected DIR/CHECK, where `run --record DIR` wrote"},
      {{"repro", "a", "b"},
       "The following argument was not expected: b (see shimgauge repro --help)"},
      {{"replay"},
       "DIR is missing: what `run --record DIR` was given (see shimgauge replay --help)"},
      {{"replay", "out"},
       "out: no recording: run.json is missing; expected what --record was given"},
      {{"replay", "--shim", "x"},
       "The following argument was not expected: --shim (see shimgauge replay --help)"},
      {{"diff"},
       "RESULT is missing: the earlier result (json or jsonl) (see shimgauge diff --help)"},
      {{"diff", "old.json"}, "RESULT is missing: the later result (see shimgauge diff --help)"},
      {{"diff", "old.json", "new.json"}, "open old.json: No such file or directory"},
      {{"merge"},
       "RESULT is missing: results (json or jsonl) of all shards of one run (see shimgauge merge "
       "--help)"},
      {{"merge", "1.json", "2.json"}, "open 1.json: No such file or directory"},
      {{"merge", "--all"},
       "RESULT is missing: results (json or jsonl) of all shards of one run (see shimgauge merge "
       "--help)"},
      {{"probe"},
       "--shim SHIM is missing: the shim to ask: a path, or a name in PATH (see shimgauge "
       "probe "
       "--help)"},
      {{"probe", "--shim", "./my-shim"}, "--shim: ./my-shim: No such file or directory"},
      {{"probe", "my-shim"},
       "--shim SHIM is missing: the shim to ask: a path, or a name in PATH (see shimgauge "
       "probe "
       "--help)"},
      {{"profile", "my.toml"}, "my.toml: No such file or directory"},
      {{"profile", "runc-v2-1.7", "--image", "/dev/null"},
       "--image /dev/null: no file that can be read"},
      {{"profile", "kata-go-clh", "--hypervisor", "/none"}, "--hypervisor /none: no such file"},
      {{"doctor", "--fix"},
       "The following argument was not expected: --fix (see shimgauge doctor --help)"},
      {{"doctor", "--priv", "sudo"}, "--priv sudo: the choices are auto, root and userns"},
      {{"doctor", "--engine", "./runc"}, "--engine: ./runc is no program that can be executed"},
      {{"expect"},
       "shimgauge expect needs one of lint, update, prune (see shimgauge expect --help)"},
      {{"expect", "lint", "known.toml"}, "known.toml: No such file or directory"},
      {{"expect", "update", "out.json", "known.toml"}, "open out.json: No such file or directory"},
      {{"call", "s.sock", "State", "{\"id\": 7}"}, "request:1:8: .id: expected a string, got 7"},
      {{"call", "s.sock", "Task/state"}, "no method 'Task/state'; there are: Task/State"},
      {{"call", "s.sock", "State", "--timeout", "soon"},
       "--timeout soon: expected a duration such as \"2s\" or \"500ms\""},
      {{"call", "s.sock", "State"}, "connect s.sock: No such file or directory", 3},
      {{"selftest"},
       "shimgauge selftest needs one of faults, matrix, legal, null, bench, page (see shimgauge "
       "selftest --help)"},
      {{"selftest", "faults", "colour:red"},
       "'colour:red' chooses no fault: expected a name or glob, seam:wire, seam:shim, seam:engine, "
       "check:GLOB or tag:NAME"},
      {{"selftest", "faults", "--at-least", "0.5"},
       "--at-least needs --repeat: one execution tells nothing"},
      {{"bench"},
       "shimgauge bench needs one of run, compare, gate, history, bisect, export, metrics (see "
       "shimgauge bench --help)"},
      {{"bench", "run"},
       "SHIM is missing: programs to measure: PATH or LABEL=PATH (see shimgauge bench run --help)"},
      {{"bench", "compare", "x"},
       "NEW is missing: the shim as it is (see shimgauge bench compare --help)"},
      {{"completion"}, "SHELL is missing: bash, zsh or fish (see shimgauge completion --help)"},
      {{"completion", "tcsh"}, "no completion for 'tcsh'; the shells are bash, zsh and fish"},
      {{"completion", "bash", "zsh"},
       "The following argument was not expected: zsh (see shimgauge completion --help)"},
      {{"man", "run"}, "The following argument was not expected: run (see shimgauge man --help)"},
      {{"man", "--pdf"},
       "The following argument was not expected: --pdf (see shimgauge man --help)"},
      {{"man", "1", "shimgauge"},
       "The following arguments were not expected: shimgauge 1 (see shimgauge man --help)"},
  };
  return *usages;
}

std::string ManPage(const CommandModel& program, const std::string& version) {
  std::string page = absl::StrCat(".TH SHIMGAUGE 1 \"\" \"shimgauge ", version, "\"\n");
  absl::StrAppend(&page, R"(.SH NAME
shimgauge \- a judge for containerd shims
.SH SYNOPSIS
.B shimgauge
.I COMMAND
[\fIOPTIONS\fR]
.SH DESCRIPTION
Plays containerd towards a containerd\-shim\-* program, checks that it keeps the behavioural contract, and
reports every verdict with its evidence. Each check runs in namespaces of its own, so that nothing of it is
left behind.
.SH OPTIONS
)");
  for (const OptionModel& option : program.options) {
    absl::StrAppend(&page, ".TP\n", Term(option), "\n", Roff(option.description), "\n");
  }
  absl::StrAppend(&page, ".SH COMMANDS\n");
  for (const CommandModel* command : AllCommands(program)) {
    if (!command->words.empty()) page += CommandSection(*command);
  }
  absl::StrAppend(&page, R"(.SH EXIT STATUS
Of \fBrun\fR; the other commands say theirs above.
.TP
.B 0
every verdict is as expected
.TP
.B 1
an unexpected verdict, a stale expectation, or a claim of the profile that does not hold
.TP
.B 2
wrong usage: command line, profile or expectations
.TP
.B 3
this host cannot run the checks
.TP
.B 4
trouble of the judge itself, or an incomplete run
.TP
.B 5
nothing was selected, or nothing was run
.TP
.B 130
interrupted; the reports are complete as far as the run came
.SH FILES
Profiles and expectations are TOML. Ready\-made ones are named without a path:
.TP
profiles
)",
                  Roff(absl::StrJoin(ReadyMadeNamesOf(ReadyMade::kProfile), ", ")),
                  "\n.TP\nexpectations\n",
                  Roff(absl::StrJoin(ReadyMadeNamesOf(ReadyMade::kExpectations), ", ")),
                  "\n.SH EXAMPLES\n", WrongUsageSection());
  return page;
}

}  // namespace conformance
