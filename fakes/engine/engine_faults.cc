// SPDX-License-Identifier: Apache-2.0
#include "fakes/engine/engine_faults.h"

#include <absl/strings/str_cat.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "base/pidfd.h"
#include "base/status_macros.h"
#include "container/recorded_process.h"
#include "fakes/engine/container_store.h"
#include "fakes/engine/limits.h"
#include "fakes/fault/fault_gate.h"
#include "fakes/fault/text_file.h"

namespace fakes {
namespace {

void WaitFor(const FaultRule& rule, const EngineLog& log) {
  if (!rule.until.empty()) {
    const absl::Status waited = WaitAtGate(rule.until);
    if (!waited.ok()) log.Warning(absl::StrCat("fault ", rule.id, ": ", waited.message()));
    return;
  }
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(rule.ms);
  for (auto left = deadline - Clock::now(); left.count() > 0; left = deadline - Clock::now()) {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    (void)::poll(nullptr, 0, static_cast<int>(ms));
  }
}

void Flood(std::uint32_t bytes) {
  std::string line(80, '~');
  line.back() = '\n';
  while (bytes > 0) {
    const std::size_t piece = std::min<std::size_t>(bytes, line.size());
    const ssize_t written = ::write(STDERR_FILENO, line.data(), piece);
    if (written < 0 && errno != EINTR) return;
    if (written > 0) bytes -= static_cast<std::uint32_t>(written);
  }
}

[[noreturn]] void Hang() {
  for (;;) ::pause();
}

void DieBy(int signo) {
  ::signal(signo, SIG_DFL);
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_UNBLOCK, &all, nullptr);
  ::kill(::getpid(), signo);
}

void EndInit(const ContainerStore& store, const EngineLog& log) {
  const absl::StatusOr<ContainerRecord> record = store.Load();
  if (!record.ok()) return log.Warning(record.status().message());
  const absl::StatusOr<base::UniqueFd> init = base::OpenPidfd(record->init.pid);
  if (!init.ok()) return;  // gone already
  (void)base::SendSignal(*init, SIGKILL);
  pollfd ready{.fd = init->get(), .events = POLLIN, .revents = 0};
  while (!base::HasExited(*init) && ::poll(&ready, 1, kEndMsMax) != 0) {
  }
}

// By its name: the directory itself may not be there yet.
std::string ParentOf(absl::string_view directory) {
  while (directory.size() > 1 && directory.back() == '/') directory.remove_suffix(1);
  const std::size_t slash = directory.rfind('/');
  if (slash == absl::string_view::npos) return ".";
  return std::string(directory.substr(0, slash == 0 ? 1 : slash));
}

}  // namespace

absl::StatusOr<EngineFaults> EngineFaults::Begin(const std::string& root, const std::string& verb,
                                                 const std::string& id, const EngineLog& log) {
  ASSIGN_OR_RETURN(FaultCall call,
                   FaultCall::Begin({root, ParentOf(root)}, FaultSeam::kEngine, verb, id));
  return EngineFaults(std::move(call), root, id, log);
}

void EngineFaults::Disturb(FaultPoint point) {
  if (const FaultRule* rule = call_.Fires(Fault::kFlood, point)) Flood(rule->bytes);
  if (const FaultRule* rule = call_.Fires(Fault::kSlow, point)) WaitFor(*rule, log_);
  const absl::StatusOr<ContainerStore> store = ContainerStore::For(root_, id_);
  if (!store.ok()) return;  // a verb without a container
  if (call_.Fires(Fault::kInitGone, point) != nullptr) EndInit(*store, log_);
  if (call_.Fires(Fault::kStateLost, point) != nullptr) (void)store->Remove();
}

void EngineFaults::At(FaultPoint point) {
  if (!call_.planned()) return;
  Disturb(point);
  if (call_.Fires(Fault::kHang, point) != nullptr) Hang();
  if (const FaultRule* rule = call_.Fires(Fault::kDie, point)) DieBy(rule->signal);
  if (const FaultRule* rule = call_.Fires(Fault::kFail, point)) {
    log_.Error(rule->message);
    ::_exit(rule->code);
  }
}

bool EngineFaults::SkipsWork() {
  if (!call_.planned()) return false;
  if (const FaultRule* rule = call_.Fires(Fault::kGarbageOutput, FaultPoint::kBefore)) {
    const std::string text = absl::StrCat(rule->message, "\n");
    (void)!::write(STDOUT_FILENO, text.data(), text.size());
    return true;
  }
  return call_.Fires(Fault::kLie, FaultPoint::kBefore) != nullptr;
}

absl::Status EngineFaults::WritePidFile(const std::string& path, int pid) {
  if (path.empty()) return absl::OkStatus();
  if (call_.Fires(Fault::kNoPidFile, FaultPoint::kMiddle) != nullptr) return absl::OkStatus();
  if (const FaultRule* rule = call_.Fires(Fault::kGarbagePidFile, FaultPoint::kMiddle)) {
    return ReplaceTextFile(path, rule->message);
  }
  return container::WritePidFile(path, pid);
}

}  // namespace fakes
