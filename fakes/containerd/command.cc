// SPDX-License-Identifier: Apache-2.0
#include "fakes/containerd/command.h"

#include <absl/memory/memory.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/spawn.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "fakes/containerd/limits.h"
#include "fakes/containerd/pipe_reader.h"
#include "fakes/containerd/pipe_writer.h"

namespace fakes {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  base::UniqueFd ours;    // non-blocking
  base::UniqueFd theirs;  // blocking
};

absl::StatusOr<Pipe> MakePipe(bool we_read) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe2");
  Pipe pipe{base::UniqueFd(fds[we_read ? 0 : 1]), base::UniqueFd(fds[we_read ? 1 : 0])};
  if (::fcntl(pipe.ours.get(), F_SETFL, O_NONBLOCK) != 0) {
    return base::ErrnoStatus(errno, "fcntl O_NONBLOCK");
  }
  return pipe;
}

void AppendCapped(std::string& text, absl::string_view bytes) {
  const std::size_t room = kCommandOutputBytesMax - std::min(kCommandOutputBytesMax, text.size());
  text.append(bytes.data(), std::min(room, bytes.size()));
}

}  // namespace

struct RunningCommand::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& io, Done when_done)
      : loop(io), timer(io), done(std::move(when_done)) {}

  absl::Status Start(base::ChildReaper& reaper, const CommandSpec& spec);
  void Read(base::UniqueFd fd, std::string& into, std::unique_ptr<PipeReader>& reader);
  void OnExit(const base::ExitStatus& status);
  void OnTimer();
  void FinishIfOver();
  void Finish();
  void KillGroup() const {
    if (!exited) ::kill(-child.pid, SIGKILL);
  }

  boost::asio::io_context& loop;
  boost::asio::steady_timer timer;  // the deadline, after the exit the grace for EOF
  Done done;
  base::Child child;
  base::ChildReaper::Watch watch;
  std::unique_ptr<PipeWriter> input;
  std::unique_ptr<PipeReader> output;
  std::unique_ptr<PipeReader> error;
  Clock::time_point started;
  CommandOutcome outcome;
  bool exited = false;
};

absl::Status RunningCommand::State::Start(base::ChildReaper& reaper, const CommandSpec& spec) {
  base::SpawnSpec what;
  what.path = spec.path;
  what.argv = {spec.path};
  what.argv.insert(what.argv.end(), spec.arguments.begin(), spec.arguments.end());
  what.env = spec.env;
  what.cwd = spec.working_directory;
  Pipe in;
  if (!spec.standard_input.empty()) {
    ASSIGN_OR_RETURN(in, MakePipe(/*we_read=*/false));
    what.fds.push_back({in.theirs.get(), 0});
  }
  ASSIGN_OR_RETURN(Pipe out, MakePipe(/*we_read=*/true));
  what.fds.push_back({out.theirs.get(), 1});
  Pipe err;
  if (!spec.one_pipe) {
    ASSIGN_OR_RETURN(err, MakePipe(/*we_read=*/true));
  }
  what.fds.push_back({spec.one_pipe ? out.theirs.get() : err.theirs.get(), 2});

  started = Clock::now();
  ASSIGN_OR_RETURN(child, base::Spawn(what));
  watch = reaper.OnExit(child.pid, [this](const base::ExitStatus& status) { OnExit(status); });
  Read(std::move(out.ours), outcome.standard_output, output);
  if (!spec.one_pipe) Read(std::move(err.ours), outcome.standard_error, error);
  if (!spec.standard_input.empty()) {
    input = std::make_unique<PipeWriter>(loop, std::move(in.ours));
    input->Write(spec.standard_input, [this](const absl::Status&) { input.reset(); });
  }
  timer.expires_after(spec.deadline);
  OnTimer();
  return absl::OkStatus();
}

void RunningCommand::State::Read(base::UniqueFd fd, std::string& into,
                                 std::unique_ptr<PipeReader>& reader) {
  reader = std::make_unique<PipeReader>(
      loop, std::move(fd), [&into](absl::string_view bytes) { AppendCapped(into, bytes); },
      [this] { FinishIfOver(); });
}

void RunningCommand::State::OnExit(const base::ExitStatus& status) {
  outcome.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started);
  outcome.exit = status;
  exited = true;
  input.reset();
  timer.expires_after(kEofGrace);
  OnTimer();
  FinishIfOver();
}

// A handler already on its way when the expiry was moved, or when the command was dropped, is not
// cancelled any more: it asks.
void RunningCommand::State::OnTimer() {
  timer.async_wait([weak = weak_from_this()](const boost::system::error_code& canceled) {
    const std::shared_ptr<State> self = weak.lock();
    if (canceled || !self || self->timer.expiry() > Clock::now()) return;
    if (self->exited) return self->Finish();
    self->outcome.timed_out = true;
    self->KillGroup();
  });
}

void RunningCommand::State::FinishIfOver() {
  if (!exited || !output->ended() || (error && !error->ended())) return;
  outcome.eof_seen = true;
  Finish();
}

void RunningCommand::State::Finish() {
  // Whoever still holds the pipe may have written meanwhile.
  output->Drain();
  if (error) error->Drain();
  if (!done) return;
  watch = {};
  timer.cancel();
  std::exchange(done, nullptr)(std::move(outcome));
}

RunningCommand::RunningCommand(std::shared_ptr<State> state) : state_(std::move(state)) {}

RunningCommand::~RunningCommand() { state_->KillGroup(); }

pid_t RunningCommand::pid() const { return state_->child.pid; }

absl::StatusOr<std::unique_ptr<RunningCommand>> RunCommand(boost::asio::io_context& loop,
                                                           base::ChildReaper& reaper,
                                                           const CommandSpec& spec,
                                                           RunningCommand::Done done) {
  auto state = std::make_shared<RunningCommand::State>(loop, std::move(done));
  RETURN_IF_ERROR(state->Start(reaper, spec));
  return absl::WrapUnique(new RunningCommand(std::move(state)));
}

}  // namespace fakes
