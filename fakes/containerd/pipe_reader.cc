// SPDX-License-Identifier: Apache-2.0
#include "fakes/containerd/pipe_reader.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <utility>

#include "fakes/containerd/limits.h"

namespace fakes {

namespace {

// An empty read of a FIFO means "not opened yet" as well as "closed by all writers". Only poll(2)
// tells these apart: a hang-up is told only after a writer was there.
bool HungUp(int fd) {
  struct pollfd asked = {.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&asked, 1, 0) == 1 && (asked.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

}  // namespace

struct PipeReader::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& loop, base::UniqueFd fd, OnData data, OnEnd end)
      : descriptor(loop, fd.release()), on_data(std::move(data)), on_end(std::move(end)) {}

  void Wait() {
    if (waiting || paused || over) return;
    waiting = true;
    descriptor.async_wait(boost::asio::posix::descriptor_base::wait_read,
                          [self = shared_from_this()](const boost::system::error_code& error) {
                            self->waiting = false;
                            if (!error && !self->paused) self->ReadSome();
                            self->Wait();
                          });
  }

  // `over` may become true in any callback.
  void ReadSome() {
    std::array<char, kPipeReadBytes> buffer;
    for (int turn = 0; turn < kPipeReadsPerTurnMax && !over; ++turn) {
      const ssize_t got = ::read(descriptor.native_handle(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      // A descriptor made while the event of one just closed is still on its way is told that
      // event: Asio uses its bookkeeping anew.
      if (got == 0 && !HungUp(descriptor.native_handle())) return;
      if (got <= 0) return End();
      on_data(absl::string_view(buffer.data(), static_cast<std::size_t>(got)));
    }
  }

  void End() {
    Close();
    ended = true;
    if (on_end) std::exchange(on_end, nullptr)();
  }

  void Close() {
    over = true;
    boost::system::error_code ignored;
    descriptor.close(ignored);
  }

  boost::asio::posix::stream_descriptor descriptor;
  OnData on_data;
  OnEnd on_end;
  bool waiting = false;
  bool paused = false;
  bool over = false;
  bool ended = false;
};

PipeReader::PipeReader(boost::asio::io_context& loop, base::UniqueFd fd, OnData on_data,
                       OnEnd on_end)
    : state_(std::make_shared<State>(loop, std::move(fd), std::move(on_data), std::move(on_end))) {
  state_->Wait();
}

PipeReader::~PipeReader() { state_->Close(); }

void PipeReader::Pause() { state_->paused = true; }

void PipeReader::Resume() {
  state_->paused = false;
  state_->Wait();
}

void PipeReader::Drain() {
  const std::shared_ptr<State> keep = state_;  // a callback may destroy this reader
  // The end is left to the loop.
  std::array<char, kPipeReadBytes> buffer;
  while (!keep->over) {
    const ssize_t got = ::read(keep->descriptor.native_handle(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    keep->on_data(absl::string_view(buffer.data(), static_cast<std::size_t>(got)));
  }
}

bool PipeReader::ended() const { return state_->ended; }

}  // namespace fakes
