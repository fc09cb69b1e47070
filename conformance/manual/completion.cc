// SPDX-License-Identifier: Apache-2.0
#include "conformance/manual/completion.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/substitute.h>

#include <algorithm>

#include "conformance/harness/ready_made.h"
#include "conformance/reports/reports.h"

namespace conformance {
namespace {

// What a shell completes a value with.
enum class Source { kNothing, kWords, kFiles, kDirectories, kPrograms, kChecks };

Source SourceOf(absl::string_view value) {
  if (!ValueWords(value).empty()) return Source::kWords;
  if (value == "SELECTOR" || value == "CHECK") return Source::kChecks;
  if (value == "SHIM") return Source::kPrograms;
  if (value == "DIR") return Source::kDirectories;
  for (const char* file : {"FILE", "FILE|-", "RESULT", "DIR/CHECK", "SOCKET"}) {
    if (value == file) return Source::kFiles;
  }
  return Source::kNothing;
}

// Values that are one of some words or a file.
bool AlsoFiles(absl::string_view value) {
  return value == "PROFILE" || value == "EXPECTATIONS" || value == "ENGINE";
}

std::string Joined(const CommandModel& command, absl::string_view separator) {
  return absl::StrJoin(command.words, separator);
}

const char kListChecks[] = "shimgauge list 2>/dev/null | awk '$2 ~ \"/\" {print $2}'";

// --- bash ---

std::string BashReply(absl::string_view value) {
  const std::string words = ValueWords(value);
  switch (SourceOf(value)) {
    case Source::kWords:
      return absl::StrCat("_shimgauge_reply \"", words, "\"",
                          AlsoFiles(value) ? "; _shimgauge_files -f" : "");
    case Source::kFiles:
      return "_shimgauge_files -f";
    case Source::kDirectories:
      return "_shimgauge_files -d";
    case Source::kPrograms:
      return "_shimgauge_files -f; _shimgauge_files -c -X '!containerd-shim-*'";
    case Source::kChecks:
      return absl::StrCat("_shimgauge_reply \"$(", kListChecks, ")\"");
    case Source::kNothing:
      break;
  }
  return ":";
}

std::string BashScript(const CommandModel& program) {
  std::string commands;
  std::string values;
  std::string words;
  for (const CommandModel* command : AllCommands(program)) {
    const std::string path = Joined(*command, " ");
    if (!path.empty()) {
      absl::SubstituteAndAppend(&commands, "      '$0$1') command='$2' ;;\n",
                                path.substr(0, path.size() - command->words.back().size()),
                                command->words.back(), absl::StrCat(path, " "));
    }
    std::vector<std::string> subs;
    std::vector<std::string> offered;
    std::string positional = ":";
    for (const CommandModel& sub : command->commands) subs.push_back(sub.words.back());
    for (const OptionModel& option : command->options) {
      if (option.positional) {
        if (SourceOf(option.value) != Source::kNothing) positional = BashReply(option.value);
        continue;
      }
      for (const std::string& name : option.names) {
        offered.push_back(name);
        if (option.value.empty()) continue;
        absl::SubstituteAndAppend(&values, "    '$0 $1') $2; return ;;\n", path, name,
                                  BashReply(option.value));
      }
    }
    absl::SubstituteAndAppend(
        &words,
        "    '$0')\n      if [[ $$current == -* ]]; then _shimgauge_reply ' $1'\n"
        "      else _shimgauge_reply '$2'; $3; fi ;;\n",
        path.empty() ? "" : path + " ", absl::StrJoin(offered, " "), absl::StrJoin(subs, " "),
        positional);
  }
  return absl::StrCat(R"(# bash completion of shimgauge
_shimgauge_reply() { COMPREPLY+=($(compgen -W "$1" -- "$current")); }
_shimgauge_files() { COMPREPLY+=($(compgen "$@" -- "$current")); }
_shimgauge() {
  local current=${COMP_WORDS[COMP_CWORD]} command='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command${COMP_WORDS[i]}" in
)",
                      commands, R"(    esac
  done
  case "${command% } ${COMP_WORDS[COMP_CWORD - 1]}" in
)",
                      values, R"(  esac
  case "$command" in
)",
                      words, R"(  esac
}
complete -o bashdefault -o default -F _shimgauge shimgauge
)");
}

// --- zsh ---

// Inside '...' of an _arguments specification.
std::string ZshText(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"'", "'\\''"}, {"[", "\\["}, {"]", "\\]"}, {":", "\\:"}});
}

std::string ZshAction(absl::string_view value) {
  switch (SourceOf(value)) {
    case Source::kWords:
      return AlsoFiles(value) ? absl::StrCat("{_alternative \"names\\:name\\:(", ValueWords(value),
                                             ")\" \"files\\:file\\:_files\"}")
                              : absl::StrCat("(", ValueWords(value), ")");
    case Source::kFiles:
      return "_files";
    case Source::kDirectories:
      return "_files -/";
    case Source::kPrograms:
      return "{_alternative \"commands\\:command\\:_command_names -e\" \"files\\:file\\:_files\"}";
    case Source::kChecks:
      return "_shimgauge_checks";
    case Source::kNothing:
      break;
  }
  return " ";
}

std::string ZshFunction(const CommandModel& command) {
  const std::string name =
      absl::StrCat("_shimgauge", command.words.empty() ? "" : "_", Joined(command, "_"));
  std::string arguments;
  const auto positionals =
      std::count_if(command.options.begin(), command.options.end(),
                    [](const OptionModel& option) { return option.positional; });
  int position = 0;
  for (const OptionModel& option : command.options) {
    const std::string action = ZshAction(option.value);
    if (option.positional) {
      // The last one may be repeated.
      const std::string place = ++position == positionals ? "*" : absl::StrCat(position);
      absl::SubstituteAndAppend(&arguments, " \\\n    '$0:$1:$2'", place, ZshText(option.value),
                                action);
      continue;
    }
    for (const std::string& word : option.names) {
      absl::SubstituteAndAppend(
          &arguments, " \\\n    '*$0[$1]$2'", word, ZshText(option.description),
          option.value.empty() ? "" : absl::StrCat(":", ZshText(option.value), ":", action));
    }
  }
  if (command.commands.empty()) {
    return absl::StrCat(name, "() {\n  _arguments", arguments, "\n}\n");
  }
  std::string rows;
  std::string cases;
  for (const CommandModel& sub : command.commands) {
    absl::SubstituteAndAppend(&rows, "    '$0:$1'\n", sub.words.back(), ZshText(sub.summary));
    absl::SubstituteAndAppend(&cases,
                              "    $0) shift words; ((CURRENT--)); _shimgauge_$1; return ;;\n",
                              sub.words.back(), Joined(sub, "_"));
  }
  return absl::Substitute(R"($0() {
  local -a commands=(
$1  )
  if ((CURRENT > 2)); then
    case $${words[2]} in
$2    esac
  else
    _describe command commands
  fi
  _arguments$3
}
)",
                          name, rows, cases, arguments);
}

std::string ZshScript(const CommandModel& program) {
  std::string script = absl::StrCat(
      "#compdef shimgauge\n# zsh completion of shimgauge\n_shimgauge_checks() {\n  local -a "
      "checks=(${(f)\"$(",
      kListChecks, ")\"})\n  compadd -a checks\n}\n");
  for (const CommandModel* command : AllCommands(program)) script += ZshFunction(*command);
  return script + "compdef _shimgauge shimgauge\n";
}

// --- fish ---

std::string FishText(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

std::string FishValue(absl::string_view value) {
  switch (SourceOf(value)) {
    case Source::kWords:
      return absl::StrCat(AlsoFiles(value) ? " -r -F -a " : " -x -a ", FishText(ValueWords(value)));
    case Source::kFiles:
    case Source::kDirectories:
      return " -r -F";
    case Source::kPrograms:
      return " -r -F -a '(__fish_complete_command)'";
    case Source::kChecks:
      return absl::StrCat(" -x -a ", FishText(absl::StrCat("(", kListChecks, ")")));
    case Source::kNothing:
      break;
  }
  return " -x";
}

std::string FishScript(const CommandModel& program) {
  std::string script = "# fish completion of shimgauge\ncomplete -c shimgauge -f\n";
  for (const CommandModel* command : AllCommands(program)) {
    std::vector<std::string> seen;
    for (const std::string& word : command->words) {
      seen.push_back("__fish_seen_subcommand_from " + word);
    }
    std::vector<std::string> subs;
    for (const CommandModel& sub : command->commands) subs.push_back(sub.words.back());
    const std::string here = seen.empty() ? "__fish_use_subcommand" : absl::StrJoin(seen, "; and ");
    const std::string before = subs.empty() || seen.empty()
                                   ? here
                                   : absl::StrCat(here, "; and not __fish_seen_subcommand_from ",
                                                  absl::StrJoin(subs, " "));
    const std::string prefix = absl::StrCat("complete -c shimgauge -n ", FishText(here));
    for (const CommandModel& sub : command->commands) {
      absl::StrAppend(&script, "complete -c shimgauge -n ", FishText(before), " -a ",
                      sub.words.back(), " -d ", FishText(sub.summary), "\n");
    }
    for (const OptionModel& option : command->options) {
      absl::StrAppend(&script, prefix);
      for (const std::string& name : option.names) {
        if (option.positional) break;
        const bool is_long = name.substr(0, 2) == "--";
        absl::StrAppend(&script, is_long ? " -l " : " -s ", name.substr(is_long ? 2 : 1));
      }
      if (option.positional || !option.value.empty()) {
        // An argument is no option's value: -r and -x do not apply.
        absl::StrAppend(&script, option.positional ? absl::StrReplaceAll(FishValue(option.value),
                                                                         {{" -x", ""}, {" -r", ""}})
                                                   : FishValue(option.value));
      }
      absl::StrAppend(&script, " -d ", FishText(option.description), "\n");
    }
  }
  return script;
}

std::string ReadyMadeNames(ReadyMade kind) { return absl::StrJoin(ReadyMadeNamesOf(kind), " "); }

}  // namespace

std::string ValueWords(absl::string_view value) {
  if (value == "LEVEL") return "must should all";
  if (value == "WHICH") return "failed all none";
  if (value == "SHELL") return "bash zsh fish";
  if (value == "VERSION") return "auto 2 3";
  if (value == "ENGINE") return "fake real";
  if (value == "WHO") return "auto root userns";
  if (value == "ORDER") return "failed-first";
  if (value == "PROFILE") return ReadyMadeNames(ReadyMade::kProfile);
  if (value == "EXPECTATIONS") return ReadyMadeNames(ReadyMade::kExpectations);
  if (value == "FORMAT=FILE") {
    return absl::StrJoin(ReportFormats(), " ", [](std::string* out, const ReportFormat& format) {
      absl::StrAppend(out, format.name, "=");
    });
  }
  return "";
}

absl::StatusOr<std::string> CompletionScript(const CommandModel& program, absl::string_view shell) {
  if (shell == "bash") return BashScript(program);
  if (shell == "zsh") return ZshScript(program);
  if (shell == "fish") return FishScript(program);
  return absl::InvalidArgumentError(
      absl::StrCat("no completion for '", shell, "'; the shells are bash, zsh and fish"));
}

}  // namespace conformance
