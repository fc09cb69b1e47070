// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/stage_process.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>

#include "base/pidfd.h"
#include "base/status_macros.h"
#include "reference-shim/backends/console_message.h"

namespace backends {
namespace {

using container::SyncKind;

// All that an engine takes from its environment: one thread for what its WASI does aside.
constexpr char kStageEnvironment[] = "TOKIO_WORKER_THREADS=1";

struct ConsolePair {
  base::UniqueFd ours;  // does not block
  base::UniqueFd theirs;
};

absl::StatusOr<ConsolePair> MakeConsolePair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return base::ErrnoStatus(errno, "socketpair");
  }
  ConsolePair pair{.ours = base::UniqueFd(ends[0]), .theirs = base::UniqueFd(ends[1])};
  if (::fcntl(pair.ours.get(), F_SETFL, O_NONBLOCK) != 0) return base::ErrnoStatus(errno, "fcntl");
  return pair;
}

}  // namespace

StageProcess::StageProcess(const shim::BackendContext& context, std::string name)
    : context_(context), name_(std::move(name)), readable_(context.loop), deadline_(context.loop) {}

StageProcess::~StageProcess() {
  StopListening();
  if (alive() && !released_) (void)base::SendSignal(child_.pidfd, SIGKILL);
}

absl::Status StageProcess::Spawn(StageSpec spec) {
  ASSIGN_OR_RETURN(auto sockets, container::SyncSocket::MakePair());
  plan_.reset(::memfd_create("stage-plan", MFD_CLOEXEC));
  if (!plan_.ok()) return base::ErrnoStatus(errno, "memfd_create");
  base::SpawnSpec process{
      .path = spec.program,
      .argv = {stage::kStageProgram},
      .env = std::vector<std::string>{kStageEnvironment},
      .cwd = "/",
      .fds = {{.source = sockets.second.fd().get(), .target = stage::kControlFd},
              {.source = spec.code, .target = stage::kArtefactFd},
              {.source = plan_.get(), .target = stage::kPlanFd}},
      .group = base::SpawnSpec::Group::kSession,
      .namespaces = spec.namespaces,
      .pid_namespace = spec.pid_namespace};
  ConsolePair console;
  if (spec.io->terminal) {
    ASSIGN_OR_RETURN(console, MakeConsolePair());
    process.fds.push_back({.source = console.theirs.get(), .target = stage::kConsoleFd});
    on_console_ = spec.io->on_console;
  } else {
    process.fds.push_back({.source = spec.io->in.get(), .target = 0});
    process.fds.push_back({.source = spec.io->out.get(), .target = 1});
    process.fds.push_back({.source = spec.io->err.get(), .target = 2});
  }
  if (spec.container >= 0) {
    process.fds.push_back({.source = spec.container, .target = stage::kContainerFd});
  }
  ASSIGN_OR_RETURN(child_, base::Spawn(process));
  watch_ =
      context_.reaper.OnExit(child_.pid, [this](const base::ExitStatus& status) { OnEnd(status); });
  control_ = std::move(sockets.first);
  console_ = std::move(console.ours);
  return Listen();
}

absl::Status StageProcess::GivePlan(const stage::StagePlan& plan) {
  const base::UniqueFd file = std::move(plan_);
  const std::string text = stage::WriteStagePlan(plan);
  if (::pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return absl::ResourceExhaustedError("plan of the stage");
  }
  return Send(SyncKind::kGo);
}

absl::Status StageProcess::Listen() {
  boost::system::error_code error;
  readable_.assign(control_.fd().get(), error);
  if (error) return base::ErrnoStatus(error.value(), "socket into the loop");
  AwaitMessage();
  return absl::OkStatus();
}

void StageProcess::StopListening() {
  if (readable_.is_open()) readable_.release();
}

void StageProcess::AwaitMessage() {
  readable_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       guard_.Wrap([this](const boost::system::error_code& error) {
                         if (error || !ReadMessages()) return;
                         if (readable_.is_open()) AwaitMessage();
                       }));
}

bool StageProcess::ReadMessages() {
  bool here = true;
  const auto still_here = guard_.Wrap([&here] { here = true; });
  for (;;) {
    const absl::StatusOr<container::SyncMessage> message = control_.Poll();
    if (absl::IsFailedPrecondition(message.status())) return true;
    if (!message.ok()) {
      StopListening();  // the stage has ended, or has closed it; its exit tells
      return true;
    }
    here = false;
    auto check = still_here;
    Take(*message);
    check();
    if (!here) return false;
  }
}

void StageProcess::Take(const container::SyncMessage& message) {
  switch (message.kind) {
    case SyncKind::kFailed:
      failure_ = message.text;  // it ends at once
      return;
    case SyncKind::kEnded:
      return context_.log.Warning(name_, ": ", absl::StripTrailingAsciiWhitespace(message.text));
    default:
      // From here on it has nothing to say but how it ends; its end would wake us twice.
      if (message.kind == SyncKind::kStarted) StopListening();
      if (done_ != nullptr && message.kind == awaited_) return Answer(absl::OkStatus());
      context_.log.Warning(name_, ": unexpected message '",
                           std::string(1, static_cast<char>(message.kind)), "' of the stage");
  }
}

void StageProcess::Await(SyncKind kind, std::chrono::milliseconds timeout, shim::Done<> done) {
  awaited_ = kind;
  done_ = std::move(done);
  if (exit_.has_value() || !alive()) return Answer(absl::UnavailableError("the stage has ended"));
  deadline_.Set(timeout, [this] {
    timed_out_ = true;
    (void)Signal(SIGKILL);
  });
}

void StageProcess::Answer(absl::Status status) {
  deadline_.Clear();
  std::exchange(done_, nullptr)(std::move(status));  // may destroy this
}

void StageProcess::OnEnd(const base::ExitStatus& status) {
  bool here = true;
  auto still_here = guard_.Wrap([&here] { here = true; });
  exit_ = status;
  // What it said before comes first.
  if (!ReadMessages()) return;
  if (done_ != nullptr) {
    here = false;
    if (timed_out_) {
      Answer(absl::DeadlineExceededError("the stage hung and was killed"));
    } else if (failure_.empty()) {
      Answer(absl::UnavailableError(
          absl::StrCat("the stage has ended with status ", status.ShellStatus())));
    } else {
      Answer(absl::UnknownError(failure_));
    }
    still_here();
    if (!here) return;
  }
  if (on_exit_ != nullptr) std::exchange(on_exit_, nullptr)(status);
}

bool StageProcess::refused_code() const {
  return exit_.has_value() && exit_->signal == 0 && exit_->code == stage::kCodeRefusedExitCode;
}

absl::Status StageProcess::PassConsole() {
  if (!console_.ok()) return absl::OkStatus();
  ASSIGN_OR_RETURN(base::UniqueFd console, ReceiveConsole(console_.get()));
  console_.reset();
  on_console_(std::move(console));
  return absl::OkStatus();
}

absl::Status StageProcess::Signal(int signo) const {
  if (signo < 0 || signo > SIGRTMAX) {
    return absl::InvalidArgumentError(absl::StrCat("no signal ", signo));
  }
  if (!alive() || base::HasExited(child_.pidfd)) {
    return absl::NotFoundError("process already finished");
  }
  return base::SendSignal(child_.pidfd, signo);
}

}  // namespace backends
