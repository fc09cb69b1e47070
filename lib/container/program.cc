// SPDX-License-Identifier: Apache-2.0
#include "container/program.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <vector>

#include "base/status_macros.h"
#include "container/credentials.h"

namespace container {
namespace {

constexpr int kSignalMax = 64;

absl::Status ExecError(const std::string& program, int error_number, absl::string_view step) {
  absl::string_view words = "";
  if (error_number == ENOENT) words = "no such file or directory";
  if (error_number == EACCES) words = "permission denied";
  if (words.empty()) {
    return base::ErrnoStatus(error_number, absl::StrCat("exec: \"", program, "\": ", step));
  }
  return absl::Status(base::ErrnoStatus(error_number, "").code(),
                      absl::StrCat("exec: \"", program, "\": ", step, words));
}

// 0, or why `path` cannot be executed.
int CheckExecutable(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return errno;
  if (!S_ISREG(info.st_mode)) return EACCES;
  // As the effective user: what execve itself will ask.
  return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

std::string SearchPath(const oci::Process& process) {
  std::string path;
  for (const std::string& entry : process.env) {
    if (absl::StartsWith(entry, "PATH=")) path = entry.substr(5);
  }
  return path;
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

absl::StatusOr<std::string> FindProgram(const oci::Process& process) {
  if (process.args.empty()) return absl::InvalidArgumentError("process args cannot be empty");
  const std::string& program = process.args[0];
  if (program.find('/') != std::string::npos) {
    const int error_number = CheckExecutable(program);
    if (error_number == 0) return program;
    return ExecError(program, error_number,
                     error_number == EACCES ? "" : absl::StrCat("stat ", program, ": "));
  }
  for (const absl::string_view directory : absl::StrSplit(SearchPath(process), ':')) {
    const std::string candidate = absl::StrCat(directory.empty() ? "." : directory, "/", program);
    if (!program.empty() && CheckExecutable(candidate) == 0) return candidate;
  }
  return absl::NotFoundError(
      absl::StrCat("exec: \"", program, "\": executable file not found in $PATH"));
}

absl::Status ExecutedProgram::Prepare() {
  ASSIGN_OR_RETURN(path_, FindProgram(process_));
  return absl::OkStatus();
}

absl::Status ExecutedProgram::Become() {
  std::vector<std::string> env = process_.env;
  if (std::none_of(env.begin(), env.end(),
                   [](const std::string& entry) { return absl::StartsWith(entry, "HOME="); })) {
    env.push_back(absl::StrCat("HOME=", HomeOf(process_.user.uid)));
  }
  const std::vector<char*> argv = Pointers(process_.args);
  const std::vector<char*> envp = Pointers(env);
  ::syscall(SYS_close_range, 3U + preserved_fds_, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
  for (int signo = 1; signo <= kSignalMax; ++signo) ::signal(signo, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(path_.c_str(), argv.data(), envp.data());
  return ExecError(path_, errno, "");
}

}  // namespace container
