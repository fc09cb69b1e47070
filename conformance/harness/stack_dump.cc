// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/stack_dump.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>

#include <chrono>
#include <csignal>

#include "base/status_macros.h"

namespace conformance {
namespace {

using std::chrono::milliseconds;

// A dump is whole once nothing more of it has come for so long; no program says when.
constexpr milliseconds kFirstLine{1000};
constexpr milliseconds kQuiet{100};
constexpr int kPiecesMax = 1000;  // one that never stops writing

std::string NewLog(const std::string& before, const std::string& now) {
  // Only the newest part is kept, which may have lost what was there before.
  return absl::StartsWith(now, before) ? now.substr(before.size()) : now;
}

// Loggers of key=value lines put a whole dump into one, with its line ends escaped.
std::string Unescaped(const std::string& text) {
  return absl::StrReplaceAll(text, {{"\\n", "\n"}, {"\\t", "  "}, {"\t", "  "}});
}

}  // namespace

std::vector<std::string> StackDump(CheckScope& scope, DaemonTable& daemons, pid_t daemon) {
  const int signo = scope.profile().dump_signal;
  if (signo == 0 || daemon <= 0) return {};
  History& history = scope.history();
  const std::string before = history.log();
  daemons.ExpectDeath(daemon);
  if (::kill(daemon, signo) != 0) return {};
  history.Add(HistoryEntry::Lane::kProcess,
              absl::StrCat("signal ", signo, " to ", daemon, ": where is it?"));
  std::string seen = before;
  milliseconds patience = kFirstLine;
  for (int i = 0; i < kPiecesMax; ++i) {
    if (!scope.RunUntil(
            "", [&] { return history.log() != seen; }, patience)) {
      break;
    }
    seen = history.log();
    patience = kQuiet;
  }
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(Unescaped(NewLog(before, seen)), '\n')) {
    if (line.empty() || lines.size() == kStackLinesMax) continue;
    lines.push_back(absl::StrCat("stack    ", line));
  }
  if (lines.empty()) lines.push_back("stack    nothing came into its log");
  return lines;
}

}  // namespace conformance
