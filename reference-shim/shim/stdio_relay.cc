// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/stdio_relay.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/status_macros.h"

namespace shim {
namespace {

using boost::asio::posix::stream_descriptor;

bool WouldBlock(int error_number) {
  return error_number == EAGAIN || error_number == EWOULDBLOCK || error_number == EINTR;
}

stream_descriptor Adopt(boost::asio::io_context& loop, base::UniqueFd fd) {
  stream_descriptor descriptor(loop);
  boost::system::error_code error;
  if (fd.ok()) descriptor.assign(fd.get(), error);
  if (fd.ok() && !error) (void)fd.release();  // `descriptor` owns it now
  return descriptor;
}

}  // namespace

void FdPump::Run(std::function<void()> ended) {
  ended_ = std::move(ended);
  AwaitSource();
}

void FdPump::AwaitSource() {
  source_.async_wait(
      stream_descriptor::wait_read,
      guard_.Wrap([this](const boost::system::error_code& error) { error ? End() : Read(); }));
}

void FdPump::AwaitSink() {
  sink_.async_wait(
      stream_descriptor::wait_write,
      guard_.Wrap([this](const boost::system::error_code& error) { error ? End() : Write(); }));
}

// One buffer per turn of the loop, so that a flood on one terminal leaves room for other work.
void FdPump::Read() {
  const ssize_t got = ::read(source_.native_handle(), buffer_.data(), buffer_.size());
  if (got < 0 && WouldBlock(errno)) return AwaitSource();
  if (got <= 0) return End();
  begin_ = 0;
  end_ = static_cast<std::size_t>(got);
  Write();
}

void FdPump::Write() {
  while (begin_ < end_) {
    const ssize_t written = ::write(sink_.native_handle(), buffer_.data() + begin_, end_ - begin_);
    if (written < 0 && WouldBlock(errno)) return AwaitSink();
    if (written < 0) break;
    begin_ += static_cast<std::size_t>(written);
  }
  AwaitSource();
}

void FdPump::End() {
  if (ended_) std::exchange(ended_, nullptr)();
}

StdioRelay::StdioRelay(boost::asio::io_context& loop, base::UniqueFd console, base::UniqueFd input,
                       base::UniqueFd output, std::function<void()> finished)
    : console_(Adopt(loop, std::move(console))),
      input_(Adopt(loop, std::move(input))),
      output_(Adopt(loop, std::move(output))),
      finished_(std::move(finished)),
      to_client_(console_, output_),
      to_console_(input_, console_) {
  to_client_.Run([this] { OnOutputEnded(); });
  if (input_.is_open()) {
    to_console_.Run([this] {
      boost::system::error_code ignored;
      input_.close(ignored);
    });
  }
}

absl::Status StdioRelay::Resize(WindowSize size) {
  if (!console_.is_open()) return absl::OkStatus();
  winsize value{};
  value.ws_col = static_cast<unsigned short>(size.width);
  value.ws_row = static_cast<unsigned short>(size.height);
  if (::ioctl(console_.native_handle(), TIOCSWINSZ, &value) == 0) return absl::OkStatus();
  if (errno == ENOTTY || errno == EINVAL) {
    return absl::FailedPreconditionError("the console is no terminal");
  }
  return base::ErrnoStatus(errno, "TIOCSWINSZ");
}

void StdioRelay::OnOutputEnded() {
  boost::system::error_code ignored;
  // The master too: nothing but input to nobody could still pass through it.
  console_.close(ignored);
  input_.close(ignored);
  output_.close(ignored);
  if (finished_) std::exchange(finished_, nullptr)();
}

}  // namespace shim
