// SPDX-License-Identifier: Apache-2.0
#include "container/gated_process.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

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

struct GatedProcess::Gate {
  explicit Gate(boost::asio::io_context& loop) : socket(loop) {}
  void OnReport();

  std::string program;
  boost::asio::posix::stream_descriptor socket;
  std::function<void(const absl::Status&)> done;
  // Owned here alone; the handler in the loop's queue looks weakly, for cancelling comes too late
  // for a handler that is already queued.
  std::shared_ptr<Gate*> alive = std::make_shared<Gate*>(this);
};

void GatedProcess::Gate::OnReport() {
  int error_number = 0;
  const ssize_t got = ::read(socket.native_handle(), &error_number, sizeof(error_number));
  boost::system::error_code ignored;
  socket.close(ignored);
  absl::Status status;
  if (got == sizeof(error_number)) {
    status = base::ErrnoStatus(error_number, absl::StrCat("exec \"", program, "\""));
  }
  std::exchange(done, nullptr)(status);
}

GatedProcess::GatedProcess(base::Child child, std::unique_ptr<Gate> gate)
    : child_(std::move(child)), gate_(std::move(gate)) {}
GatedProcess::~GatedProcess() = default;

absl::StatusOr<std::unique_ptr<GatedProcess>> GatedProcess::Spawn(boost::asio::io_context& loop,
                                                                  base::SpawnSpec program) {
  if (program.argv.empty()) return absl::InvalidArgumentError("no program");
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return base::ErrnoStatus(errno, "socketpair");
  }
  base::UniqueFd ours(ends[0]);
  const base::UniqueFd theirs(ends[1]);
  auto gate = std::make_unique<Gate>(loop);
  gate->program = program.argv.front();
  program.path = "/proc/self/exe";
  program.argv.insert(program.argv.begin(), {program.argv.front(), kGateRole});
  program.fds.push_back({.source = theirs.get(), .target = kGateFd});
  ASSIGN_OR_RETURN(base::Child child, base::Spawn(program));
  boost::system::error_code error;
  gate->socket.assign(ours.get(), error);
  if (error) return base::ErrnoStatus(error.value(), "socket into the loop");
  (void)ours.release();  // the descriptor object owns it now
  return std::unique_ptr<GatedProcess>(new GatedProcess(std::move(child), std::move(gate)));
}

void GatedProcess::Release(std::function<void(const absl::Status&)> done) {
  gate_->done = std::move(done);
  const char go = 1;
  const bool released =
      ::send(gate_->socket.native_handle(), &go, sizeof(go), MSG_NOSIGNAL) == sizeof(go);
  // A gate that is gone has closed its end: readable as well.
  gate_->socket.async_wait(
      boost::asio::posix::stream_descriptor::wait_read,
      [weak = std::weak_ptr<Gate*>(gate_->alive), released](const boost::system::error_code&) {
        const auto alive = weak.lock();
        if (alive == nullptr) return;
        if (released) {
          (*alive)->OnReport();
        } else {
          std::exchange((*alive)->done, nullptr)(absl::UnavailableError("the process is gone"));
        }
      });
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
