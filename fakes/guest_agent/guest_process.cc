// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest_process.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "base/kernel_file.h"
#include "base/status_macros.h"
#include "fakes/guest_agent/kill_and_reap.h"

namespace fakes {
namespace {

constexpr int kKilled = 128 + SIGKILL;

absl::Status MakePipe(base::UniqueFd& read_end, base::UniqueFd& write_end) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe");
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
  return absl::OkStatus();
}

bool HandlesOrBlocks(pid_t pid, int signo) {
  const auto text = base::ReadKernelFile(absl::StrCat("/proc/", pid, "/status"));
  if (!text.ok()) return false;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    if (!absl::ConsumePrefix(&line, "SigCgt:\t") && !absl::ConsumePrefix(&line, "SigBlk:\t")) {
      continue;
    }
    const std::string mask(line);
    if ((std::strtoull(mask.c_str(), nullptr, 16) >> (signo - 1) & 1U) != 0) return true;
  }
  return false;
}

// Is in sigwait or one of its kind.
bool WaitsForSignals(pid_t pid) {
  const auto text = base::ReadKernelFile(absl::StrCat("/proc/", pid, "/syscall"));
  return text.ok() && absl::StartsWith(*text, absl::StrCat(SYS_rt_sigtimedwait, " "));
}

}  // namespace

absl::StatusOr<GuestStdio> GuestStdio::Make(bool terminal) {
  GuestStdio stdio;
  if (terminal) return stdio;
  RETURN_IF_ERROR(MakePipe(stdio.child[0], stdio.input));
  RETURN_IF_ERROR(MakePipe(stdio.output, stdio.child[1]));
  RETURN_IF_ERROR(MakePipe(stdio.error, stdio.child[2]));
  return stdio;
}

absl::StatusOr<std::unique_ptr<GuestProcess>> GuestProcess::Adopt(
    boost::asio::io_context& loop, base::ChildReaper& reaper, pid_t pid, GuestStdio stdio,
    absl::AnyInvocable<void()> on_exit) {
  std::unique_ptr<GuestProcess> process(new GuestProcess(loop, pid));
  process->on_exit_ = std::move(on_exit);
  GuestProcess* self = process.get();
  process->watch_ =
      reaper.OnExit(pid, [self](const base::ExitStatus& exit) { self->OnExit(exit); });
  if (!stdio.input.ok()) return process;
  ASSIGN_OR_RETURN(process->input_, GuestInput::Open(loop, std::move(stdio.input), false));
  ASSIGN_OR_RETURN(process->output_, GuestOutput::Open(loop, std::move(stdio.output)));
  ASSIGN_OR_RETURN(process->error_, GuestOutput::Open(loop, std::move(stdio.error)));
  return process;
}

GuestProcess::~GuestProcess() {
  if (exited_) return;
  KillAndReap(pid_, watch_);
  for (auto& [id, done] : std::exchange(waits_, {})) done(kKilled);
}

absl::Status GuestProcess::UseTerminal(base::UniqueFd master) {
  base::UniqueFd in(::fcntl(master.get(), F_DUPFD_CLOEXEC, 3));
  base::UniqueFd out(::fcntl(master.get(), F_DUPFD_CLOEXEC, 3));
  if (!in.ok() || !out.ok()) return base::ErrnoStatus(errno, "terminal");
  ASSIGN_OR_RETURN(input_, GuestInput::Open(loop_, std::move(in), true));
  ASSIGN_OR_RETURN(output_, GuestOutput::Open(loop_, std::move(out)));
  terminal_ = std::move(master);
  return absl::OkStatus();
}

absl::Status GuestProcess::Resize(std::uint16_t rows, std::uint16_t columns) const {
  if (!terminal_.ok()) return absl::UnavailableError("no tty");
  const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  if (::ioctl(terminal_.get(), TIOCSWINSZ, &size) == 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, "TIOCSWINSZ");
}

void GuestProcess::OnExit(const base::ExitStatus& exit) {
  exited_ = true;
  status_ = static_cast<int>(exit.ShellStatus());
  if (on_exit_) std::exchange(on_exit_, nullptr)();
  EndReads();
  waited_ = !waits_.empty();
  // Whoever is told may destroy this.
  const int status = status_;
  for (auto& [id, done] : std::exchange(waits_, {})) done(status);
}

void GuestProcess::EndReads() {
  if (output_) output_->EndReads();
  if (error_) error_->EndReads();
}

bool GuestProcess::finished() const {
  return waited_ && (!output_ || output_->idle()) && (!error_ || error_->idle());
}

absl::Status GuestProcess::Signal(int signo) const {
  // Until it is reaped, which OnExit comes before, the pid is its own.
  if (exited_) return absl::NotFoundError("ESRCH: No such process");
  if (::kill(pid_, signo) == 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, absl::StrCat("signal ", signo));
}

bool GuestProcess::Catches(int signo) const {
  if (exited_ || signo < 1 || signo > 64) return false;
  // What sigwait waits for is not blocked meanwhile, so that its mask says so only between two
  // calls; it may begin or end one while it is looked at.
  return WaitsForSignals(pid_) || HandlesOrBlocks(pid_, signo) || WaitsForSignals(pid_);
}

std::uint64_t GuestProcess::Wait(WaitDone done) {
  if (exited_) {
    waited_ = true;
    EndReads();
    done(status_);
    return 0;
  }
  waits_.emplace(++last_wait_, std::move(done));
  return last_wait_;
}

void GuestProcess::CancelWait(std::uint64_t wait) { waits_.erase(wait); }

GuestOutput* GuestProcess::output(Stream stream) const {
  return stream == Stream::kStdout ? output_.get() : error_.get();
}

}  // namespace fakes
