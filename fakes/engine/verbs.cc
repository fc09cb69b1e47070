// SPDX-License-Identifier: Apache-2.0
#include "fakes/engine/verbs.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

#include "base/status_macros.h"
#include "fakes/engine/commands.h"

namespace fakes {
namespace {

constexpr int kFailed = 1;
constexpr int kExecFailed = 255;
constexpr int kNoSuchVerb = 3;
constexpr char kDefaultRoot[] = "/run/shimgauge-engine";
constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();

// A verb is data: its flags, how many arguments it takes, and what runs it.
struct Verb {
  const char* name;
  absl::StatusOr<int> (*run)(const Command&, EngineFaults&);
  std::vector<FlagSpec> flags;
  std::size_t arguments_min = 1;
  std::size_t arguments_max = 1;
  const char* error_prefix = "";
  int error_code = kFailed;
};

const FlagSpec kBundle{"bundle", "b", true};
const FlagSpec kPidFile{"pid-file", "", true};
const FlagSpec kConsoleSocket{"console-socket", "", true};
const FlagSpec kNoPivot{"no-pivot", "", false};
const FlagSpec kNoNewKeyring{"no-new-keyring", "", false};
const FlagSpec kPreserveFds{"preserve-fds", "", true};

std::vector<FlagSpec> ExecFlags() {
  return {kConsoleSocket,
          kPidFile,
          kPreserveFds,
          {"cwd", "", true},
          {"env", "e", true},
          {"tty", "t", false},
          {"user", "u", true},
          {"additional-gids", "g", true},
          {"process", "p", true},
          {"detach", "d", false},
          {"process-label", "", true},
          {"apparmor", "", true},
          {"no-new-privs", "", false},
          {"cap", "c", true},
          {"cgroup", "", true},
          {"ignore-paused", "", false}};
}

std::vector<FlagSpec> UpdateFlags() {
  return {
      {"resources", "r", true},     {"cpu-period", "", true},         {"cpu-quota", "", true},
      {"cpu-share", "", true},      {"cpu-burst", "", true},          {"cpu-rt-period", "", true},
      {"cpu-rt-runtime", "", true}, {"cpuset-cpus", "", true},        {"cpuset-mems", "", true},
      {"memory", "", true},         {"memory-reservation", "", true}, {"memory-swap", "", true},
      {"pids-limit", "", true}};
}

std::vector<FlagSpec> CheckpointFlags() {
  std::vector<FlagSpec> flags = {kBundle, kPidFile, kConsoleSocket, kNoPivot};
  for (const absl::string_view name :
       {"image-path", "work-path", "parent-path", "manage-cgroups-mode", "empty-ns", "status-fd",
        "lsm-profile", "lsm-mount-context", "page-server"}) {
    flags.push_back({name, "", true});
  }
  for (const absl::string_view name :
       {"leave-running", "tcp-established", "ext-unix-sk", "shell-job", "file-locks", "lazy-pages",
        "pre-dump", "auto-dedup", "detach", "no-subreaper"}) {
    flags.push_back({name, "", false});
  }
  return flags;
}

std::vector<Verb> AllVerbs() {
  return {
      {"create",
       &RunCreate,
       {kBundle, kPidFile, kConsoleSocket, kNoPivot, kNoNewKeyring, kPreserveFds},
       1,
       1,
       "create failed: "},
      {"start", &RunStart, {}},
      {"exec", &RunExec, ExecFlags(), 1, kAny, "exec failed: ", kExecFailed},
      {"kill", &RunKill, {{"all", "a", false}}, 1, 2},
      {"delete", &RunDelete, {{"force", "f", false}}},
      {"state", &RunState, {}},
      {"ps", &RunPs, {{"format", "f", true}}, 1, kAny},
      {"list", &RunList, {{"format", "f", true}, {"quiet", "q", false}}, 0, 0},
      {"pause", &RunPause, {}},
      {"resume", &RunResume, {}},
      {"update", &RunUpdate, UpdateFlags()},
      {"events", &RunEvents, {{"interval", "", true}, {"stats", "", false}}},
      {"features", &RunFeatures, {}, 0, 0},
      {"checkpoint", &RunCheckpoint, CheckpointFlags()},
      {"restore", &RunRestore, CheckpointFlags()},
  };
}

std::vector<FlagSpec> GlobalFlags() {
  return {{"root", "", true},       {"log", "", true},
          {"log-format", "", true}, {"systemd-cgroup", "", false},
          {"debug", "", false},     {"rootless", "", true},
          {"criu", "", true},       {"help", "h", false},
          {"version", "v", false}};
}

int Complain(const EngineLog& log, const absl::Status& status, int code,
             absl::string_view prefix = "") {
  log.Error(absl::StrCat(prefix, status.message()));
  return code;
}

void PrintHelp() {
  std::string text =
      "shimgauge-engine stands in for runc: the same command line, and faults on demand.\n\n"
      "usage: shimgauge-engine [--root DIR] [--log FILE] [--log-format text|json]\n"
      "                        [--systemd-cgroup] VERB [flags] [arguments]\n\nverbs:\n";
  for (const Verb& verb : AllVerbs()) absl::StrAppend(&text, "  ", verb.name, "\n");
  Print(absl::StrCat(text, "\nroot: ", kDefaultRoot, " unless said otherwise\n"));
}

// Words in the order and form that shims take apart.
void PrintVersion() { Print("runc version 1.1.5\ncommit: shimgauge-engine\nspec: 1.0.2\n"); }

absl::Status CheckArguments(const Verb& verb, const std::vector<std::string>& arguments) {
  const std::size_t count = arguments.size();
  if (count >= verb.arguments_min && count <= verb.arguments_max) return absl::OkStatus();
  const bool exact = verb.arguments_min == verb.arguments_max;
  return absl::InvalidArgumentError(absl::StrCat(
      "shimgauge-engine: \"", verb.name, "\" requires ",
      exact                        ? "exactly"
      : count < verb.arguments_min ? "a minimum of"
                                   : "a maximum of",
      " ", count < verb.arguments_min ? verb.arguments_min : verb.arguments_max, " argument(s)"));
}

absl::StatusOr<EngineLog> LogOf(const Flags& flags) {
  const std::string format = flags.Last("log-format");
  if (!format.empty() && format != "text" && format != "json") {
    return absl::InvalidArgumentError(absl::StrCat("invalid log-format: ", format));
  }
  return EngineLog(flags.Last("log"),
                   format == "json" ? EngineLog::Format::kJson : EngineLog::Format::kText);
}

int RunVerb(const Verb& verb, const Command& command) {
  absl::StatusOr<EngineFaults> faults =
      EngineFaults::Begin(command.root, verb.name, command.id, command.log);
  if (!faults.ok()) return Complain(command.log, faults.status(), kFailed);
  faults->At(FaultPoint::kBefore);
  if (faults->SkipsWork()) return 0;
  const absl::StatusOr<int> code = verb.run(command, *faults);
  faults->At(FaultPoint::kAfter);
  return code.ok() ? *code
                   : Complain(command.log, code.status(), verb.error_code, verb.error_prefix);
}

}  // namespace

int RunEngine(const std::vector<std::string>& words) {
  const absl::StatusOr<ParsedFlags> global = ParseFlags(GlobalFlags(), words);
  if (!global.ok()) return Complain(EngineLog(), global.status(), kFailed);
  const absl::StatusOr<EngineLog> log = LogOf(global->flags);
  if (!log.ok()) return Complain(EngineLog(), log.status(), kFailed);
  if (global->flags.Has("version")) return PrintVersion(), 0;
  if (global->flags.Has("help") || global->rest.empty()) return PrintHelp(), 0;
  const std::vector<Verb> verbs = AllVerbs();
  const auto verb = std::find_if(verbs.begin(), verbs.end(),
                                 [&](const Verb& one) { return global->rest[0] == one.name; });
  if (verb == verbs.end()) {
    return Complain(*log,
                    absl::NotFoundError(absl::StrCat("No help topic for '", global->rest[0], "'")),
                    kNoSuchVerb);
  }
  const absl::StatusOr<ParsedFlags> parsed =
      ParseFlags(verb->flags, {global->rest.begin() + 1, global->rest.end()});
  if (!parsed.ok()) return Complain(*log, parsed.status(), kFailed);
  const absl::Status counted = CheckArguments(*verb, parsed->rest);
  if (!counted.ok()) return Complain(*log, counted, kFailed);
  const std::string root = global->flags.Last("root");
  return RunVerb(*verb, {.root = root.empty() ? kDefaultRoot : root,
                         .systemd_cgroup = global->flags.Has("systemd-cgroup"),
                         .flags = parsed->flags,
                         .arguments = parsed->rest,
                         .log = *log,
                         .id = parsed->rest.empty() ? "" : parsed->rest[0]});
}

void Print(const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (written <= 0) return;
    done += static_cast<std::size_t>(written);
  }
}

}  // namespace fakes
