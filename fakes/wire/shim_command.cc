// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/shim_command.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/exit_status.h"
#include "base/spawn.h"
#include "base/status_macros.h"
#include "fakes/wire/limits.h"

extern char** environ;  // NOLINT: POSIX names it so

namespace fakes {
namespace {

constexpr std::array<absl::string_view, 4> kBoolFlags = {"debug", "v", "version", "info"};

std::vector<std::string> Environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> env;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (added.count(text.substr(0, text.find('='))) == 0) env.push_back(text);
  }
  for (const auto& [name, value] : added) env.push_back(absl::StrCat(name, "=", value));
  return env;
}

absl::StatusOr<base::UniqueFd> InputOf(const std::string& text) {
  base::UniqueFd fd(text.empty() ? ::open("/dev/null", O_RDONLY | O_CLOEXEC)
                                 : ::memfd_create("input", MFD_CLOEXEC));
  if (!fd.ok()) return base::ErrnoStatus(errno, "input");
  if (text.empty()) return fd;
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::lseek(fd.get(), 0, SEEK_SET) != 0) {
    return base::ErrnoStatus(errno, "write the input");
  }
  return fd;
}

absl::StatusOr<std::string> ReadToEnd(int fd) {
  std::string text;
  char buffer[64 * 1024];
  for (;;) {
    const ssize_t got = ::read(fd, buffer, sizeof(buffer));
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::ErrnoStatus(errno, "read the output");
    const std::size_t room = kCommandOutputBytesMax - text.size();
    text.append(buffer, std::min(room, static_cast<std::size_t>(got)));
  }
}

absl::StatusOr<int> Reap(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return base::ErrnoStatus(errno, "waitpid");
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

ShimCommand ReadShimCommand(const std::vector<std::string>& args) {
  ShimCommand command;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (arg.empty() || arg[0] != '-') {
      if (arg == "start") command.side = WireSide::kStart;
      if (arg == "delete") command.side = WireSide::kDelete;
      return command;
    }
    std::string name = arg.substr(absl::StartsWith(arg, "--") ? 2 : 1);
    const std::size_t at = name.find('=');
    std::string value = "true";
    if (at != std::string::npos) {
      value = name.substr(at + 1);
      name.resize(at);
    } else if (std::find(kBoolFlags.begin(), kBoolFlags.end(), name) == kBoolFlags.end()) {
      value = i + 1 < args.size() ? args[++i] : "";
    }
    if (name == "v" || name == "version") command.side = WireSide::kVersion;
    if (name == "info") command.side = WireSide::kInfo;
    command.flags[name] = value;
  }
  // A flag that nobody knows takes what follows it for its value.
  if (!command.side && !args.empty()) {
    if (args.back() == "start") command.side = WireSide::kStart;
    if (args.back() == "delete") command.side = WireSide::kDelete;
  }
  return command;
}

absl::StatusOr<ShimOutcome> RunShim(const ShimRun& run) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe2");
  const base::UniqueFd ours(fds[0]);
  base::UniqueFd theirs(fds[1]);
  base::UniqueFd input;
  base::SpawnSpec spec;
  spec.path = run.program;
  spec.argv = {run.program};
  spec.argv.insert(spec.argv.end(), run.args.begin(), run.args.end());
  spec.env = Environment(run.env);
  spec.group = base::SpawnSpec::Group::kInherit;
  if (run.input) {
    ASSIGN_OR_RETURN(input, InputOf(*run.input));
  }
  spec.fds = {{.source = run.input ? input.get() : STDIN_FILENO, .target = STDIN_FILENO},
              {.source = theirs.get(), .target = STDOUT_FILENO},
              {.source = STDERR_FILENO, .target = STDERR_FILENO}};
  ASSIGN_OR_RETURN(const base::Child child, base::Spawn(spec));
  theirs.reset();
  ShimOutcome outcome;
  ASSIGN_OR_RETURN(outcome.output, ReadToEnd(ours.get()));
  ASSIGN_OR_RETURN(outcome.code, Reap(child.pid));
  return outcome;
}

absl::Status BecomeShim(const ShimRun& run) {
  std::vector<const char*> argv = {run.program.c_str()};
  for (const std::string& arg : run.args) argv.push_back(arg.c_str());
  argv.push_back(nullptr);
  ::execv(run.program.c_str(), const_cast<char* const*>(argv.data()));
  return base::ErrnoStatus(errno, absl::StrCat("execute ", run.program));
}

absl::StatusOr<int> OtherCommand(const FaultRequest& request, RuleBook& book,
                                 const ShimCommand& command, const std::vector<std::string>& args) {
  ShimRun run{.program = request.subject, .args = args, .env = {}, .input = {}};
  if (!command.side || !book.Concerns(Bit(*command.side))) return BecomeShim(run);
  CommandFacts facts = command.flags;
  AddLineFacts(args, facts);
  const std::vector<const WireRule*> rules = book.FireCommand(*command.side, facts);
  if (rules.empty()) return BecomeShim(run);
  ShimOutcome outcome;
  if (EditRun(rules, run)) {
    for (int runs = Has(rules, WireAct::kTwice) ? 2 : 1; runs > 0; --runs) {
      ASSIGN_OR_RETURN(outcome, RunShim(run));
    }
  }
  RETURN_IF_ERROR(EditOutcome(*command.side, rules, facts, outcome));
  (void)!::write(STDOUT_FILENO, outcome.output.data(), outcome.output.size());
  return outcome.code;
}

bool Has(const std::vector<const WireRule*>& rules, WireAct act) {
  return std::any_of(rules.begin(), rules.end(),
                     [act](const WireRule* rule) { return rule->act == act; });
}

}  // namespace fakes
