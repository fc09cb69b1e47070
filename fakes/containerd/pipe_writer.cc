// SPDX-License-Identifier: Apache-2.0
#include "fakes/containerd/pipe_writer.h"

#include <pthread.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <deque>
#include <utility>

#include "base/status_macros.h"

namespace fakes {
namespace {

// write() that turns SIGPIPE into EPIPE for this one call: MSG_NOSIGNAL exists for sockets only,
// and the disposition belongs to the whole process.
ssize_t WriteWithoutSignal(int fd, const char* data, std::size_t size) {
  sigset_t sigpipe;
  sigset_t before;
  sigemptyset(&sigpipe);
  sigaddset(&sigpipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
  const ssize_t written = ::write(fd, data, size);
  const int error = errno;
  if (written < 0 && error == EPIPE && sigismember(&before, SIGPIPE) == 0) {
    const timespec at_once{};
    while (::sigtimedwait(&sigpipe, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return written;
}

struct PendingWrite {
  std::string bytes;
  std::size_t written = 0;
  PipeWriter::Done done;
};

}  // namespace

struct PipeWriter::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& loop, base::UniqueFd fd) : descriptor(loop, fd.release()) {}

  void Proceed() {
    proceeding = true;
    WriteQueue();
    proceeding = false;
  }

  void WriteQueue() {
    while (!closed && !queue.empty()) {
      PendingWrite& front = queue.front();
      if (front.written == front.bytes.size()) {
        Finish(absl::OkStatus());
        continue;
      }
      const ssize_t written =
          WriteWithoutSignal(descriptor.native_handle(), front.bytes.data() + front.written,
                             front.bytes.size() - front.written);
      if (written >= 0) {
        front.written += static_cast<std::size_t>(written);
      } else if (errno == EAGAIN) {
        return Wait();
      } else if (errno == EPIPE) {
        Finish(absl::UnavailableError("write: nobody reads the pipe"));
      } else if (errno != EINTR) {
        Finish(base::ErrnoStatus(errno, "write"));
      }
    }
  }

  void Wait() {
    waiting = true;
    descriptor.async_wait(boost::asio::posix::descriptor_base::wait_write,
                          [self = shared_from_this()](const boost::system::error_code&) {
                            self->waiting = false;
                            self->Proceed();
                          });
  }

  void Finish(absl::Status status) {
    const Done done = std::move(queue.front().done);
    queue.pop_front();
    if (done) done(std::move(status));
  }

  boost::asio::posix::stream_descriptor descriptor;
  std::deque<PendingWrite> queue;
  bool waiting = false;  // a wait or a posted start is under way
  bool proceeding = false;
  bool closed = false;
};

PipeWriter::PipeWriter(boost::asio::io_context& loop, base::UniqueFd fd)
    : state_(std::make_shared<State>(loop, std::move(fd))) {}

PipeWriter::~PipeWriter() {
  state_->closed = true;
  state_->queue.clear();
  boost::system::error_code ignored;
  state_->descriptor.close(ignored);
}

void PipeWriter::Write(std::string bytes, Done done) {
  state_->queue.push_back({std::move(bytes), 0, std::move(done)});
  if (state_->waiting || state_->proceeding) return;
  state_->waiting = true;
  boost::asio::post(state_->descriptor.get_executor(), [state = state_] {
    state->waiting = false;
    state->Proceed();
  });
}

}  // namespace fakes
