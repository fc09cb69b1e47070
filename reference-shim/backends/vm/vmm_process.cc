// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/vmm_process.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/pidfd.h"
#include "base/status_macros.h"
#include "reference-shim/backends/vm/limits.h"

namespace backends {

VmmProcess::VmmProcess(const shim::BackendContext& context)
    : context_(context), errors_(context.loop) {}

VmmProcess::~VmmProcess() { Kill(SIGKILL); }

absl::Status VmmProcess::Spawn(std::vector<std::string> argv, std::vector<base::FdMapping> fds,
                               std::function<void()> exited, const std::string& network_namespace) {
  base::UniqueFd network;
  if (!network_namespace.empty()) {
    network.reset(::open(network_namespace.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!network.ok()) {
      return base::ErrnoStatus(errno, absl::StrCat("network namespace ", network_namespace));
    }
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe2");
  base::UniqueFd reader(ends[0]);
  const base::UniqueFd writer(ends[1]);
  if (::fcntl(reader.get(), F_SETFL, O_NONBLOCK) != 0) return base::ErrnoStatus(errno, "fcntl");
  base::SpawnSpec spec;
  spec.path = argv.front();
  spec.argv = std::move(argv);
  spec.cwd = "/";
  spec.fds = std::move(fds);
  spec.fds.push_back({.source = writer.get(), .target = STDERR_FILENO});
  // What a guest does without its shim nobody could see, stop or clean up (F27).
  spec.parent_death_signal = SIGKILL;
  spec.network_namespace = network.get();
  ASSIGN_OR_RETURN(child_, base::Spawn(spec));
  exited_ = std::move(exited);
  watch_ = context_.reaper.OnExit(child_.pid, [this](const base::ExitStatus& status) {
    exit_ = status;
    std::exchange(exited_, nullptr)();  // may destroy this
  });
  boost::system::error_code error;
  errors_.assign(reader.get(), error);
  if (error) return base::ErrnoStatus(error.value(), "pipe into the loop");
  (void)reader.release();
  ReadErrors();
  return absl::OkStatus();
}

void VmmProcess::ReadErrors() {
  std::array<char, kStderrTailBytes> buffer;
  for (;;) {
    const ssize_t size = ::read(errors_.native_handle(), buffer.data(), buffer.size());
    if (size > 0) {
      tail_.append(buffer.data(), static_cast<std::size_t>(size));
      if (tail_.size() > kStderrTailBytes) tail_.erase(0, tail_.size() - kStderrTailBytes);
    } else if (size < 0 && errno == EAGAIN) {
      break;
    } else if (size == 0 || errno != EINTR) {
      boost::system::error_code ignored;
      errors_.close(ignored);
      return;
    }
  }
  errors_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     guard_.Wrap([this](const boost::system::error_code& error) {
                       if (!error) ReadErrors();
                     }));
}

void VmmProcess::Kill(int signo) const {
  if (alive()) base::SendSignal(child_.pidfd, signo).IgnoreError();
}

std::string VmmProcess::DescribeEnd() {
  if (errors_.is_open()) {
    // What it said last may not have been read yet.
    guard_.Reset();
    boost::system::error_code ignored;
    errors_.cancel(ignored);
    ReadErrors();
  }
  const absl::string_view tail = absl::StripAsciiWhitespace(tail_);
  return absl::StrCat(
      exit_.has_value() ? absl::StrCat("ended with status ", exit_->ShellStatus()) : "runs",
      tail.empty() ? "" : ": ", tail);
}

}  // namespace backends
