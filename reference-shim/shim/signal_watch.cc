// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/signal_watch.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace shim {

SignalWatch::~SignalWatch() {
  if (started_) ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

absl::Status SignalWatch::Start(const std::vector<int>& signals,
                                std::function<void(int)> callback) {
  callback_ = std::move(callback);
  sigset_t watched;
  ::sigemptyset(&watched);
  for (const int signo : signals) ::sigaddset(&watched, signo);
  base::UniqueFd fd(::signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.ok()) return base::ErrnoStatus(errno, "signalfd");
  boost::system::error_code error;
  descriptor_.assign(fd.get(), error);
  if (error) return base::ErrnoStatus(error.value(), "watch signals");
  (void)fd.release();  // descriptor_ owns it now
  ::pthread_sigmask(SIG_BLOCK, &watched, &before_);
  started_ = true;
  Await();
  return absl::OkStatus();
}

void SignalWatch::Await() {
  descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         guard_.Wrap([this](const boost::system::error_code& error) {
                           if (!error) Read();
                         }));
}

void SignalWatch::Read() {
  signalfd_siginfo info{};
  const ssize_t got = ::read(descriptor_.native_handle(), &info, sizeof(info));
  Await();
  if (got == sizeof(info)) callback_(static_cast<int>(info.ssi_signo));
}

}  // namespace shim
