// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/tasks/run_program.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/spawn.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace benchmarks::tasks {
namespace {

std::vector<std::string> Environment(const std::map<std::string, std::string>& more) {
  std::vector<std::string> env;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string word = *entry;
    if (more.count(word.substr(0, word.find('='))) == 0) env.push_back(word);
  }
  for (const auto& [name, value] : more) env.push_back(absl::StrCat(name, "=", value));
  return env;
}

std::string ReadToEnd(int fd) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

}  // namespace

absl::StatusOr<ProgramRun> RunProgram(const ProgramOrder& order) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe2");
  const base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  const base::SpawnSpec spec{
      .path = order.path,
      .argv = order.argv,
      .env = Environment(order.env),
      .cwd = order.cwd,
      .fds = {{.source = write_end.get(), .target = 1}, {.source = write_end.get(), .target = 2}}};
  ProgramRun run;
  const Time begin = Clock::now();
  ASSIGN_OR_RETURN(const base::Child child, base::Spawn(spec));
  write_end.reset();
  run.output = ReadToEnd(read_end.get());
  int status = 0;
  while (::waitpid(child.pid, &status, 0) < 0) {
    if (errno != EINTR) return base::ErrnoStatus(errno, "waitpid");
  }
  run.took = Clock::now() - begin;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return run;
  return absl::InternalError(
      absl::StrCat(order.path, " ended with wait status ", status, ": ", run.output));
}

}  // namespace benchmarks::tasks
