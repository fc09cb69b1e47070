// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/fault_steps.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

namespace fakes {
namespace {

void WriteAll(absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR) return;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void Flood(std::uint32_t bytes) {
  std::string line(80, '~');
  line.back() = '\n';
  for (; bytes > 0; bytes -= static_cast<std::uint32_t>(std::min<std::size_t>(bytes, 80))) {
    WriteAll(absl::string_view(line).substr(0, bytes));
  }
}

void DieBy(int signo) {
  ::signal(signo, SIG_DFL);
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_UNBLOCK, &all, nullptr);
  ::kill(::getpid(), signo);
}

}  // namespace

void FaultSteps::At(FaultPoint point, std::function<void()> next) {
  if (!call_.planned()) return next();
  if (const FaultRule* rule = call_.Fires(Fault::kFlood, point)) Flood(rule->bytes);
  if (call_.Fires(Fault::kReset, point) != nullptr) effects_.ResetGuest();
  if (const FaultRule* rule = call_.Fires(Fault::kSlow, point)) {
    return held_.Hold(*rule, [self = shared_from_this(), point, next = std::move(next)] {
      self->End(point, next);
    });
  }
  End(point, next);
}

void FaultSteps::End(FaultPoint point, const std::function<void()>& next) {
  if (const FaultRule* rule = call_.Fires(Fault::kHang, point)) return held_.Hold(*rule, next);
  if (call_.Fires(Fault::kPowerOff, point) != nullptr) return effects_.PowerOff();
  if (const FaultRule* rule = call_.Fires(Fault::kDie, point)) DieBy(rule->signal);
  if (const FaultRule* rule = call_.Fires(Fault::kFail, point)) {
    WriteAll(absl::StrCat(rule->message, "\n"));
    ::_exit(rule->code);
  }
  next();
}

}  // namespace fakes
