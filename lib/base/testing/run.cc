// SPDX-License-Identifier: Apache-2.0
#include "base/testing/run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/status_macros.h"

namespace base::testing {
namespace {

bool Maps(const SpawnSpec& spec, int target) {
  return std::any_of(spec.fds.begin(), spec.fds.end(),
                     [target](const FdMapping& mapping) { return mapping.target == target; });
}

// One end of the conversation while it is under way.
void ReadSome(UniqueFd& fd, std::string& into) {
  char buffer[4096];
  const ssize_t got = ::read(fd.get(), buffer, sizeof(buffer));
  if (got > 0) {
    into.append(buffer, static_cast<std::size_t>(got));
  } else if (got == 0 || errno != EINTR) {
    fd.reset();
  }
}

void WriteSome(UniqueFd& fd, absl::string_view& input) {
  if (!input.empty()) {
    const ssize_t put = ::write(fd.get(), input.data(), input.size());
    if (put > 0) {
      input.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno != EINTR && errno != EAGAIN) {
      input = "";
    }
  }
  if (input.empty()) fd.reset();
}

}  // namespace

absl::StatusOr<RunResult> RunToExit(SpawnSpec spec, absl::string_view input) {
  ASSIGN_OR_RETURN(Pipe in, MakePipe());
  ASSIGN_OR_RETURN(Pipe out, MakePipe());
  ASSIGN_OR_RETURN(Pipe err, MakePipe());
  if (!Maps(spec, 0)) spec.fds.push_back({in.read.get(), 0});
  if (!Maps(spec, 1)) spec.fds.push_back({out.write.get(), 1});
  if (!Maps(spec, 2)) spec.fds.push_back({err.write.get(), 2});
  ASSIGN_OR_RETURN(const Child child, Spawn(spec));
  in.read.reset();
  out.write.reset();
  err.write.reset();
  ::fcntl(in.write.get(), F_SETFL, O_NONBLOCK);

  // A child that does not read its input must not kill the test.
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  RunResult result;
  while (out.read.ok() || err.read.ok()) {
    pollfd ends[] = {
        {out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}, {in.write.get(), POLLOUT, 0}};
    if (::poll(ends, 3, -1) < 0) continue;
    if (ends[0].revents != 0) ReadSome(out.read, result.out);
    if (ends[1].revents != 0) ReadSome(err.read, result.err);
    if (ends[2].revents != 0) WriteSome(in.write, input);
  }
  ::sigaction(SIGPIPE, &before, nullptr);
  in.write.reset();
  ASSIGN_OR_RETURN(result.status, WaitForExit(child.pid));
  return result;
}

absl::StatusOr<RunResult> RunToExit(const std::string& path, const std::vector<std::string>& args,
                                    absl::string_view input) {
  SpawnSpec spec;
  spec.path = path;
  spec.argv = {path};
  spec.argv.insert(spec.argv.end(), args.begin(), args.end());
  return RunToExit(std::move(spec), input);
}

absl::StatusOr<ExitStatus> WaitForExit(pid_t pid) {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) != 0) {
    if (errno != EINTR) return ErrnoStatus(errno, "waitid");
  }
  return ExitStatusOf(info);
}

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe2");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string ReadLine(const UniqueFd& fd) {
  std::string line;
  char byte = 0;
  while (true) {
    const ssize_t got = ::read(fd.get(), &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return line;
    line += byte;
    if (byte == '\n') return line;
  }
}

std::string ReadToEof(const UniqueFd& fd) {
  std::string text;
  char buffer[4096];
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

}  // namespace base::testing
