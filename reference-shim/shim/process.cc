// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/process.h"

#include <utility>

#include "containerd/timestamps.h"

namespace shim {
namespace {

containerd::task::v3::WaitResponse Answer(const ProcessExit& exit) {
  containerd::task::v3::WaitResponse response;
  response.set_exit_status(exit.status);
  *response.mutable_exited_at() = containerd::ToTimestamp(exit.at);
  return response;
}

}  // namespace

void Process::CloseInput() {
  input_closed_ = true;
  if (stdio_) stdio_->CloseInput();
}

std::optional<absl::Status> Process::Resize(WindowSize size) {
  if (!names_.terminal) return absl::OkStatus();
  size_ = size;
  if (!stdio_) return absl::OkStatus();
  std::optional<absl::Status> resized = stdio_->Resize(size);
  if (resized && absl::IsFailedPrecondition(*resized)) return std::nullopt;
  return resized ? resized : absl::OkStatus();
}

bool Process::Exited(const base::ExitStatus& status) {
  if (!life_.Complete(Verb::kExit)) return false;
  exit_ = ProcessExit{.pid = pid_, .status = status.ShellStatus(), .at = status.at};
  if (stdio_) stdio_->CloseInput();
  return true;
}

void Process::Announce() {
  if (!exit_ || std::exchange(announced_, true)) return;
  waiters_.Release(Answer(*exit_));
}

void Process::Wait(WaitReply reply) {
  if (announced_) return std::move(reply)(Answer(*exit_));
  if (start_failed_) return std::move(reply)(containerd::task::v3::WaitResponse());
  waiters_.Add(std::move(reply));
}

void Process::StartFailed() {
  start_failed_ = true;
  waiters_.Release(containerd::task::v3::WaitResponse());
}

void Process::StartSucceeded(pid_t pid) {
  start_failed_ = false;
  pid_ = pid;
  life_.Complete(Verb::kStart);
}

void Process::Describe(containerd::task::v3::StateResponse& response) const {
  response.set_id(id_);
  response.set_pid(static_cast<std::uint32_t>(pid_));
  response.set_stdin(names_.in);
  response.set_stdout(names_.out);
  response.set_stderr(names_.err);
  response.set_terminal(names_.terminal);
  if (!exit_) return;
  response.set_exit_status(exit_->status);
  *response.mutable_exited_at() = containerd::ToTimestamp(exit_->at);
}

}  // namespace shim
