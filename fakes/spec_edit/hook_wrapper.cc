// SPDX-License-Identifier: Apache-2.0
#include "fakes/spec_edit/hook_wrapper.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iterator>

#include "base/unique_fd.h"
#include "fakes/spec_edit/json_edit.h"

namespace fakes {
namespace {

constexpr absl::string_view kPlain[] = {
    "ignore-failure", "fail",          "skip",       "twice",          "no-input",
    "no-environment", "own-name",      "background", "lost-directory", "insist-on-input",
    "unread-output",  "engine-output", "outlive"};
constexpr absl::string_view kInput = "input ";
constexpr absl::string_view kCutInput = "cut-input ";
constexpr absl::string_view kDirectory = "directory ";
constexpr int kCannotRun = 127;

// The state as the hook shall get it.
std::string ChangedInput(absl::string_view action, std::string input) {
  std::size_t bytes = 0;
  if (absl::ConsumePrefix(&action, kInput)) {
    const auto edit = ParseJsonEdit(action);
    if (edit.ok()) ApplyJsonEdit(*edit, input).status().IgnoreError();
  } else if (absl::ConsumePrefix(&action, kCutInput) && absl::SimpleAtoi(action, &bytes)) {
    input.resize(std::min(bytes, input.size()));
  } else if (action == "no-input") {
    input.clear();
  }
  return input;
}

std::string ReadInput() {
  std::string input;
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got <= 0) return input;
    input.append(buffer, static_cast<std::size_t>(got));
  }
}

// A file that holds `input`, at its start.
base::UniqueFd InputFile(const std::string& input) {
  base::UniqueFd file(::memfd_create("state", MFD_CLOEXEC));
  (void)!::write(file.get(), input.data(), input.size());
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

struct RealHook {
  std::string action;
  std::string path;
  std::vector<std::string> argv;
};

// One that has been removed, so that it has no name any more.
void EnterLostDirectory() {
  char path[] = "/tmp/lost-XXXXXX";
  if (::mkdtemp(path) == nullptr) return;
  (void)!::chdir(path);
  ::rmdir(path);
}

// Writing to stdout and stderr blocks once the pipe is full: the hook itself holds the other end.
void SpoilOutput() {
  int ends[2];
  if (::pipe(ends) != 0) return;
  ::dup2(ends[1], STDOUT_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
}

// Not the pipe that the engine has given us, but what it writes to itself.
void TakeEnginesOutput() {
  const std::string path = absl::StrCat("/proc/", ::getppid(), "/fd/1");
  const base::UniqueFd output(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (output.ok()) ::dup2(output.get(), STDOUT_FILENO);
}

[[noreturn]] void BecomeWith(const RealHook& hook, int input) {
  ::dup2(input, STDIN_FILENO);
  absl::string_view directory = hook.action;
  if (absl::ConsumePrefix(&directory, kDirectory)) (void)!::chdir(std::string(directory).c_str());
  if (hook.action == "lost-directory") EnterLostDirectory();
  if (hook.action == "unread-output") SpoilOutput();
  if (hook.action == "engine-output") TakeEnginesOutput();
  std::vector<char*> argv;
  for (const std::string& word : hook.argv) argv.push_back(const_cast<char*>(word.c_str()));
  if (hook.action == "own-name") argv[0] = const_cast<char*>(hook.path.c_str());
  argv.push_back(nullptr);
  char* nothing[] = {nullptr};
  ::execve(hook.path.c_str(), argv.data(), hook.action == "no-environment" ? nothing : ::environ);
  // As the engine would have said it.
  const std::string complaint = absl::StrCat(hook.path, ": no such hook\n");
  (void)!::write(STDERR_FILENO, complaint.data(), complaint.size());
  ::_exit(kCannotRun);
}

[[noreturn]] void Become(const RealHook& hook, const std::string& input) {
  const base::UniqueFd file = InputFile(input);
  BecomeWith(hook, file.get());
}

// The exit code; that of a signal is 128 + its number.
int RunToEnd(const RealHook& hook, const std::string& input) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    // Who ends the wrapper at the hook's timeout means the hook.
    if (hook.action == "outlive") {
      ::setsid();
    } else {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    }
    Become(hook, input);
  }
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid) return kCannotRun;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Feeds the hook its state as engines do, by a pipe; what does not fit and is not read is a
// failure.
int RunFedByPipe(const RealHook& hook, const std::string& input) {
  int ends[2];
  if (::pipe(ends) != 0) return kCannotRun;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(ends[1]);
    BecomeWith(hook, ends[0]);
  }
  ::close(ends[0]);
  std::signal(SIGPIPE, SIG_IGN);
  std::size_t fed = 0;
  while (fed < input.size()) {
    const ssize_t written = ::write(ends[1], input.data() + fed, input.size() - fed);
    if (written <= 0) break;
    fed += static_cast<std::size_t>(written);
  }
  ::close(ends[1]);
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid) return kCannotRun;
  if (fed < input.size()) return 1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

absl::Status CheckHookWrapper(absl::string_view action) {
  if (std::find(std::begin(kPlain), std::end(kPlain), action) != std::end(kPlain)) {
    return absl::OkStatus();
  }
  std::size_t bytes = 0;
  if (absl::ConsumePrefix(&action, kInput)) return ParseJsonEdit(action).status();
  if (absl::ConsumePrefix(&action, kDirectory) && absl::StartsWith(action, "/")) {
    return absl::OkStatus();
  }
  if (absl::ConsumePrefix(&action, kCutInput) && absl::SimpleAtoi(action, &bytes)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", action,
                   "': expected ignore-failure, fail, skip, twice, no-input, no-environment, "
                   "own-name, background, lost-directory, insist-on-input, unread-output, "
                   "engine-output, outlive, directory /DIR, input EDIT or cut-input BYTES"));
}

std::vector<std::string> WrappedHook(const std::string& action, const std::string& path,
                                     const std::vector<std::string>& argv) {
  std::vector<std::string> words = {"hook-wrapper", kHookWord, action, path};
  if (argv.empty()) words.push_back(path);
  words.insert(words.end(), argv.begin(), argv.end());
  return words;
}

int RunHookWrapper(const std::vector<std::string>& words) {
  constexpr std::size_t kOwnWords = 3;  // --hook, what to do, the hook's path
  if (words.size() <= kOwnWords) return kCannotRun;
  const RealHook hook{
      .action = words[1], .path = words[2], .argv = {words.begin() + kOwnWords, words.end()}};
  if (hook.action == "skip") return 0;
  const std::string input = ChangedInput(hook.action, ReadInput());
  if (hook.action == "background") {
    if (::fork() == 0) Become(hook, input);
    return 0;
  }
  if (hook.action == "insist-on-input") return RunFedByPipe(hook, input);
  if (hook.action == "twice") RunToEnd(hook, input);
  if (hook.action == "outlive") return RunToEnd(hook, input);
  if (hook.action == "ignore-failure" || hook.action == "fail") {
    const int code = RunToEnd(hook, input);
    return hook.action == "ignore-failure" ? 0 : std::max(code, 1);
  }
  Become(hook, input);
}

}  // namespace fakes
