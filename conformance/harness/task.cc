// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/task.h"

#include <ostream>
#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/task_impl.h"
#include "conformance/harness/task_messages.h"
#include "runc/options.pb.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

namespace v3 = containerd::task::v3;

constexpr char kResourcesType[] =
    "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources";

template <typename Request>
absl::Status CallEmpty(const Task::Impl& task, const char* method, Request request) {
  request.set_id(task.bundle.id);
  return task.process.shim().Call(method, request.SerializeAsString()).status();
}

}  // namespace

void PrintTo(TaskStatus status, std::ostream* out) {
  static constexpr const char* kNames[] = {"UNKNOWN", "CREATED", "RUNNING",
                                           "STOPPED", "PAUSED",  "PAUSING"};
  *out << kNames[static_cast<std::size_t>(status)];
}

void PrintTo(const ExitInfo& info, std::ostream* out) {
  *out << "exit_status " << info.exit_status << " at ";
  if (info.exited_at_ns == 0) {
    *out << "no time";
  } else {
    *out << info.exited_at_ns;
  }
  if (info.pid != 0) *out << ", pid " << info.pid;
}

void PrintTo(const StateInfo& info, std::ostream* out) {
  *out << info.id << " ";
  PrintTo(info.status, out);
  *out << " pid " << info.pid << ", exit_status " << info.exit_status << ", exited_at "
       << info.exited_at_ns << ", bundle \"" << info.bundle << "\", stdin \"" << info.standard_input
       << "\", stdout \"" << info.standard_output << "\", stderr \"" << info.standard_error << "\""
       << (info.terminal ? ", terminal" : "");
  if (!info.exec_id.empty()) *out << ", exec_id " << info.exec_id;
}

void PrintTo(const PidInfo& info, std::ostream* out) {
  *out << "pid " << info.pid;
  if (info.has_info) *out << " exec_id \"" << info.exec_id << "\"";
}

::testing::Matcher<const ExitInfo&> ExitedWith(std::uint32_t status) {
  return ::testing::Field("exit_status", &ExitInfo::exit_status, status);
}

::testing::Matcher<const StateInfo&> HasStatus(TaskStatus status) {
  return ::testing::Field("status", &StateInfo::status, status);
}

absl::StatusOr<ExitInfo> AsExit(absl::StatusOr<std::string> wait_response) {
  RETURN_IF_ERROR(wait_response.status());
  v3::WaitResponse response;
  if (!response.ParseFromString(*wait_response)) {
    return absl::DataLossError("the response of Wait does not decode");
  }
  return ToExitInfo(response);
}

const Bundle& Task::bundle() const { return impl_->bundle; }
const absl::Status& Task::create_status() const { return impl_->create_status; }
ShimUnderTest& Task::shim() const { return impl_->process.shim(); }
const std::string& Task::id() const { return impl_->bundle.id; }
pid_t Task::pid() const { return impl_->process.pid(); }
ClientStdio& Task::stdio() const { return impl_->process.stdio(); }
bool Task::ProcessGone() const { return impl_->process.Gone(); }

absl::StatusOr<pid_t> Task::Start(const CallOptions& options) const {
  return impl_->process.Start(options);
}
absl::StatusOr<StateInfo> Task::State(const CallOptions& options) const {
  return impl_->process.State(options);
}
absl::StatusOr<ExitInfo> Task::Wait(const CallOptions& options) const {
  return impl_->process.Wait(options);
}
std::unique_ptr<PendingReply> Task::WaitAsync() const { return impl_->process.WaitAsync(); }
absl::Status Task::Kill(int signo, bool all) const { return impl_->process.Kill(signo, all); }
absl::StatusOr<ExitInfo> Task::Delete(const CallOptions& options) const {
  return impl_->process.Delete(options);
}
absl::Status Task::ResizePty(std::uint32_t width, std::uint32_t height) const {
  return impl_->process.ResizePty(width, height);
}
absl::Status Task::CloseIo() const { return impl_->process.CloseIo(); }
absl::StatusOr<Exec> Task::AddExec(const ProcessSpec& process, const ExecOptions& options) const {
  return impl_->AddExec(process, options);
}

absl::Status Task::Pause() const { return CallEmpty(*impl_, "Pause", v3::PauseRequest()); }
absl::Status Task::Resume() const { return CallEmpty(*impl_, "Resume", v3::ResumeRequest()); }

absl::Status Task::Update(const std::string& resources_json) const {
  v3::UpdateTaskRequest request;
  request.mutable_resources()->set_type_url(kResourcesType);
  request.mutable_resources()->set_value(resources_json);
  return CallEmpty(*impl_, "Update", std::move(request));
}

absl::Status Task::Checkpoint(const std::string& path) const {
  v3::CheckpointTaskRequest request;
  request.set_path(path);
  return CallEmpty(*impl_, "Checkpoint", std::move(request));
}

absl::StatusOr<std::vector<PidInfo>> Task::Pids() const {
  v3::PidsRequest request;
  request.set_id(id());
  ASSIGN_OR_RETURN(const auto response, (CallTask<v3::PidsResponse>(shim(), "Pids", request)));
  std::vector<PidInfo> pids;
  for (const containerd::types::ProcessInfo& process : response.processes()) {
    PidInfo& info = pids.emplace_back();
    info.pid = process.pid();
    info.has_info = process.has_info();
    containerd::runc::v1::ProcessDetails details;
    if (info.has_info && details.ParseFromString(process.info().value())) {
      info.exec_id = details.exec_id();
    }
  }
  return pids;
}

absl::StatusOr<std::pair<std::string, std::string>> Task::Stats() const {
  v3::StatsRequest request;
  request.set_id(id());
  ASSIGN_OR_RETURN(const auto response, (CallTask<v3::StatsResponse>(shim(), "Stats", request)));
  return std::make_pair(response.stats().type_url(), response.stats().value());
}

const std::string& Exec::id() const { return impl_->process.key().container; }
const std::string& Exec::exec_id() const { return impl_->process.key().exec; }
pid_t Exec::pid() const { return impl_->process.pid(); }
ClientStdio& Exec::stdio() const { return impl_->process.stdio(); }
bool Exec::ProcessGone() const { return impl_->process.Gone(); }
absl::StatusOr<pid_t> Exec::Start(const CallOptions& options) const {
  return impl_->process.Start(options);
}
absl::StatusOr<StateInfo> Exec::State(const CallOptions& options) const {
  return impl_->process.State(options);
}
absl::StatusOr<ExitInfo> Exec::Wait(const CallOptions& options) const {
  return impl_->process.Wait(options);
}
std::unique_ptr<PendingReply> Exec::WaitAsync() const { return impl_->process.WaitAsync(); }
absl::Status Exec::Kill(int signo, bool all) const { return impl_->process.Kill(signo, all); }
absl::StatusOr<ExitInfo> Exec::Delete(const CallOptions& options) const {
  return impl_->process.Delete(options);
}
absl::Status Exec::ResizePty(std::uint32_t width, std::uint32_t height) const {
  return impl_->process.ResizePty(width, height);
}
absl::Status Exec::CloseIo() const { return impl_->process.CloseIo(); }

}  // namespace conformance
