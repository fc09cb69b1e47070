// SPDX-License-Identifier: Apache-2.0
#include "container/gated_process.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "base/pidfd.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace container {
namespace {

constexpr char kGateRole[] = "-gate";
// The gate's end of a socket pair: it waits for one byte (go on) or for the end of the stream (the
// holder is gone). exec closes it; if that fails, errno is sent back instead.
constexpr int kGateFd = 3;
constexpr int kExecFailed = 127;

}  // namespace

struct GatedProcess::Impl {
  explicit Impl(boost::asio::io_context& loop) : socket(loop) {}
  absl::Status Start(base::SpawnSpec program);
  void OnReport(bool released);
  void OnExit(const base::ExitStatus& status);
  // Null if it is gone. Holds nothing, so that a callback which destroys it can be noticed.
  static Impl* Living(const std::weak_ptr<Impl*>& weak) {
    const auto held = weak.lock();
    return held == nullptr ? nullptr : *held;
  }

  std::string program;
  boost::asio::posix::stream_descriptor socket;
  base::Child child;
  base::ChildReaper::Watch watch;
  ExitCallback on_exit;
  std::optional<base::ExitStatus> exit;  // held back for `done`
  absl::AnyInvocable<void(absl::StatusOr<pid_t>)> done;
  // Owned here alone; the handler in the loop's queue looks weakly, for cancelling comes too late
  // for a handler that is already queued.
  std::shared_ptr<Impl*> alive = std::make_shared<Impl*>(this);
};

absl::Status GatedProcess::Impl::Start(base::SpawnSpec spec) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return base::ErrnoStatus(errno, "socketpair");
  }
  base::UniqueFd ours(ends[0]);
  const base::UniqueFd theirs(ends[1]);
  program = spec.argv.front();
  spec.path = "/proc/self/exe";
  spec.argv.insert(spec.argv.begin(), {program, kGateRole});
  spec.fds.push_back({.source = theirs.get(), .target = kGateFd});
  ASSIGN_OR_RETURN(child, base::Spawn(spec));
  boost::system::error_code error;
  socket.assign(ours.get(), error);
  if (error) return base::ErrnoStatus(error.value(), "socket into the loop");
  (void)ours.release();  // `socket` owns it now
  return absl::OkStatus();
}

void GatedProcess::Impl::OnReport(bool released) {
  int error_number = 0;
  const ssize_t got = ::read(socket.native_handle(), &error_number, sizeof(error_number));
  boost::system::error_code ignored;
  socket.close(ignored);
  absl::StatusOr<pid_t> result = child.pid;
  if (!released) {
    result = absl::UnavailableError("the process is gone");
  } else if (got == sizeof(error_number)) {
    result = base::ErrnoStatus(error_number, absl::StrCat("exec \"", program, "\""));
  }
  const std::weak_ptr<Impl*> weak = alive;
  std::exchange(done, nullptr)(std::move(result));
  if (!weak.expired() && exit.has_value()) std::exchange(on_exit, nullptr)(*exit);
}

void GatedProcess::Impl::OnExit(const base::ExitStatus& status) {
  if (done != nullptr) {
    exit = status;
  } else {
    std::exchange(on_exit, nullptr)(status);
  }
}

GatedProcess::GatedProcess(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GatedProcess::~GatedProcess() { (void)Signal(SIGKILL); }

absl::StatusOr<std::unique_ptr<GatedProcess>> GatedProcess::Spawn(boost::asio::io_context& loop,
                                                                  base::ChildReaper& reaper,
                                                                  base::SpawnSpec program,
                                                                  ExitCallback on_exit) {
  if (program.argv.empty()) return absl::InvalidArgumentError("no program");
  auto impl = std::make_unique<Impl>(loop);
  impl->on_exit = std::move(on_exit);
  RETURN_IF_ERROR(impl->Start(std::move(program)));
  impl->watch = reaper.OnExit(impl->child.pid, [gate = impl.get()](const base::ExitStatus& status) {
    gate->OnExit(status);
  });
  return std::unique_ptr<GatedProcess>(new GatedProcess(std::move(impl)));
}

pid_t GatedProcess::pid() const { return impl_->child.pid; }

void GatedProcess::Release(absl::AnyInvocable<void(absl::StatusOr<pid_t>)> done) {
  impl_->done = std::move(done);
  const char go = 1;
  const bool released =
      ::send(impl_->socket.native_handle(), &go, sizeof(go), MSG_NOSIGNAL) == sizeof(go);
  // A gate that is gone has closed its end: readable as well.
  impl_->socket.async_wait(
      boost::asio::posix::stream_descriptor::wait_read,
      [weak = std::weak_ptr<Impl*>(impl_->alive), released](const boost::system::error_code&) {
        if (Impl* impl = Impl::Living(weak); impl != nullptr) impl->OnReport(released);
      });
}

absl::Status GatedProcess::Signal(int signo) const {
  if (!impl_->watch.active()) return absl::NotFoundError("process already finished");
  return base::SendSignal(impl_->child.pidfd, signo);
}

bool IsGate(int argc, char** argv) { return argc > 2 && std::strcmp(argv[1], kGateRole) == 0; }

void RunGate(char** argv) {
  char go = 0;
  ssize_t got = 0;
  do {
    got = ::read(kGateFd, &go, sizeof(go));
  } while (got < 0 && errno == EINTR);
  if (got != sizeof(go)) ::_exit(kExecFailed);
  ::fcntl(kGateFd, F_SETFD, FD_CLOEXEC);
  ::execvp(argv[2], argv + 2);
  const int error_number = errno;
  (void)::send(kGateFd, &error_number, sizeof(error_number), MSG_NOSIGNAL);
  ::_exit(kExecFailed);
}

}  // namespace container
