// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_engine/subject_run.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace fakes {
namespace {

constexpr int kCannotRun = 127;
constexpr int kFirstFree = 10;

[[noreturn]] void RunChild(const std::string& program, const std::vector<std::string>& words,
                           const SubjectStreams& streams, int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  int copies[3];
  for (int i = 0; i < 3; ++i) {
    // A negative one is /dev/null.
    copies[i] = streams.source[i] < 0 ? ::open("/dev/null", O_RDWR | O_CLOEXEC)
                                      : ::fcntl(streams.source[i], F_DUPFD_CLOEXEC, kFirstFree);
  }
  for (int i = 0; i < 3; ++i) ::dup2(copies[i], i);
  if (output >= 0) ::dup2(output, STDOUT_FILENO);
  const absl::Status why = BecomeSubject(program, words);
  (void)!::write(STDERR_FILENO, why.message().data(), why.message().size());
  ::_exit(kCannotRun);
}

}  // namespace

absl::Status BecomeSubject(const std::string& program, const std::vector<std::string>& words) {
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  return base::ErrnoStatus(errno, absl::StrCat("execute ", program));
}

absl::StatusOr<SubjectEnd> RunSubject(const std::string& program,
                                      const std::vector<std::string>& words,
                                      const SubjectStreams& streams) {
  int ends[2] = {-1, -1};
  if (streams.capture && ::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe");
  const base::UniqueFd in(ends[0]);
  base::UniqueFd out(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return base::ErrnoStatus(errno, "fork");
  if (pid == 0) RunChild(program, words, streams, out.get());
  out.reset();
  SubjectEnd end;
  char buffer[4096];
  while (streams.capture) {
    const ssize_t got = ::read(in.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    end.output.append(buffer, static_cast<std::size_t>(got));
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) != pid) {
    if (errno != EINTR) return base::ErrnoStatus(errno, "wait");
  }
  end.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return end;
}

}  // namespace fakes
