// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/command_acts.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <csignal>
#include <memory>

#include "base/spawn.h"
#include "base/status_macros.h"
#include "base/subreaper.h"
#include "base/unique_fd.h"
#include "fakes/wire/limits.h"
#include "fakes/wire/sockets.h"
#include "fakes/wire/wire_message.h"
#include "ttrpc/client.h"
#include "ttrpc/envelope.h"

namespace fakes {
namespace {

absl::StatusOr<int> Reap(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return base::ErrnoStatus(errno, "waitpid");
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// The part of the process that stays.
[[noreturn]] void WorkAndStay(const std::function<absl::StatusOr<int>()>& work, int report) {
  const absl::Status reaper = base::BecomeSubreaper();
  const absl::StatusOr<int> code = reaper.ok() ? work() : absl::StatusOr<int>(reaper);
  const int told = code.ok() ? *code : 1;
  // Whoever reads the output of `start` to its end must not wait for us.
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(fd);
  (void)!::write(report, &told, sizeof(told));
  ::close(report);
  while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
  }
  ::_exit(0);
}

}  // namespace

absl::StatusOr<int> RunInShell(const std::string& text) {
  base::SpawnSpec spec;
  spec.path = "/bin/sh";
  spec.argv = {"sh", "-c", text};
  spec.group = base::SpawnSpec::Group::kInherit;
  spec.fds = {{.source = STDERR_FILENO, .target = STDOUT_FILENO},
              {.source = STDERR_FILENO, .target = STDERR_FILENO}};
  ASSIGN_OR_RETURN(const base::Child child, base::Spawn(spec));
  return Reap(child.pid);
}

void Die(int signo) {
  const rlimit none{};
  ::setrlimit(RLIMIT_CORE, &none);
  ::signal(signo, SIG_DFL);
  ::raise(signo);
  ::_exit(128 + signo);
}

absl::Status Emit(const WireRule& rule, const CommandFacts& facts) {
  const std::string address = LookUp("env.TTRPC_ADDRESS");
  if (address.empty()) return absl::NotFoundError("emit: no TTRPC_ADDRESS");
  const auto fact = [&facts](const char* name) {
    const auto found = facts.find(name);
    return found == facts.end() ? std::string() : found->second;
  };
  const std::shared_ptr<WireMessage> event = WireMessage::NewEvent(rule.target, fact("namespace"));
  event->Set("container_id", WireAssignment::Op::kSet, fact("id")).IgnoreError();
  for (const WireAssignment& one : rule.assignments) {
    RETURN_IF_ERROR(event->Set(one.field, one.op, one.value));
  }
  const std::string data = event->Data();
  ASSIGN_OR_RETURN(const ttrpc::RequestEnvelope request, ttrpc::DecodeRequest(data));
  ASSIGN_OR_RETURN(base::UniqueFd socket,
                   ConnectToPath(std::string(absl::StripPrefix(address, "unix://"))));
  boost::asio::io_context loop(1);
  ttrpc::Client client(loop, std::move(socket));
  ttrpc::CallOptions options;
  options.timeout = kOwnCallTimeout;
  absl::Status outcome = absl::UnknownError("emit: no answer");
  client.Call(std::string(request.service), std::string(request.method),
              std::string(request.payload), options,
              [&](const absl::StatusOr<std::string>& answer) {
                outcome = answer.status();
                loop.stop();
              });
  loop.run();
  return outcome;
}

absl::StatusOr<int> KeepParent(const std::function<absl::StatusOr<int>()>& work) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe2");
  const base::UniqueFd ours(fds[0]);
  base::UniqueFd theirs(fds[1]);
  const pid_t child = ::fork();
  if (child < 0) return base::ErrnoStatus(errno, "fork");
  if (child == 0) WorkAndStay(work, theirs.release());
  theirs.reset();
  int code = 1;
  if (::read(ours.get(), &code, sizeof(code)) != sizeof(code)) {
    return absl::InternalError("the process that was to stay has ended");
  }
  return code;
}

}  // namespace fakes
