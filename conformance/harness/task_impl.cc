// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/task_impl.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/shim_under_test_commands.h"
#include "conformance/harness/task_messages.h"
#include "conformance/harness/vm_options.h"
#include "containerd/bootstrap.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

namespace v3 = containerd::task::v3;

constexpr char kProcessType[] = "types.containerd.io/opencontainers/runtime-spec/1/Process";

// Request with the fields that nearly all have.
template <typename Request>
Request For(const ProcessKey& key) {
  Request request;
  request.set_id(key.container);
  request.set_exec_id(key.exec);
  return request;
}

StateInfo ToStateInfo(const v3::StateResponse& response) {
  StateInfo info;
  info.id = response.id();
  info.bundle = response.bundle();
  info.pid = response.pid();
  info.status = ToTaskStatus(response.status());
  info.standard_input = response.stdin();
  info.standard_output = response.stdout();
  info.standard_error = response.stderr();
  info.terminal = response.terminal();
  info.exit_status = response.exit_status();
  info.exited_at_ns = UnixNanoseconds(response.exited_at());
  info.exec_id = response.exec_id();
  return info;
}

template <typename Request>
void SetStdio(const FifoStdio& stdio, Request& request) {
  request.set_stdin(stdio.stdin_path());
  request.set_stdout(stdio.stdout_path());
  request.set_stderr(stdio.stderr_path());
}

}  // namespace

bool ClientProcess::Gone() const { return watch_ == nullptr ? pid_ != 0 : watch_->HasExited(); }

void ClientProcess::SetPid(pid_t pid) {
  if (pid <= 0 || pid_ != 0) return;
  pid_ = pid;
  const std::string name = absl::StrCat("process ", pid, " (", ProcessName(key_), ")");
  auto watch = ProcessWatch::Open(scope_.loop(), pid, [&history = scope_.history(), name] {
    history.Add(HistoryEntry::Lane::kProcess, name + " ended");
  });
  // It may be gone already: short-lived processes are.
  if (watch.ok()) watch_ = *std::move(watch);
}

absl::StatusOr<pid_t> ClientProcess::Start(const CallOptions& options) {
  ASSIGN_OR_RETURN(const auto response, (CallTask<v3::StartResponse>(
                                            shim_, "Start", For<v3::StartRequest>(key_), options)));
  const auto pid = static_cast<pid_t>(response.pid());
  SetPid(pid);
  return pid;
}

absl::StatusOr<StateInfo> ClientProcess::State(const CallOptions& options) {
  ASSIGN_OR_RETURN(const auto response, (CallTask<v3::StateResponse>(
                                            shim_, "State", For<v3::StateRequest>(key_), options)));
  return ToStateInfo(response);
}

absl::StatusOr<ExitInfo> ClientProcess::Wait(const CallOptions& options) {
  return AsExit(shim_.Call("Wait", For<v3::WaitRequest>(key_).SerializeAsString(), options));
}

std::unique_ptr<PendingReply> ClientProcess::WaitAsync() {
  return shim_.CallAsync("Wait", For<v3::WaitRequest>(key_).SerializeAsString());
}

absl::Status ClientProcess::Kill(int signo, bool all) {
  auto request = For<v3::KillRequest>(key_);
  request.set_signal(static_cast<std::uint32_t>(signo));
  request.set_all(all);
  return shim_.Call("Kill", request.SerializeAsString()).status();
}

absl::StatusOr<ExitInfo> ClientProcess::Delete(const CallOptions& options) {
  ASSIGN_OR_RETURN(
      const auto response,
      (CallTask<v3::DeleteResponse>(shim_, "Delete", For<v3::DeleteRequest>(key_), options)));
  ExitInfo info = ToExitInfo(response);
  info.pid = response.pid();
  return info;
}

absl::Status ClientProcess::ResizePty(std::uint32_t width, std::uint32_t height) {
  auto request = For<v3::ResizePtyRequest>(key_);
  request.set_width(width);
  request.set_height(height);
  return shim_.Call("ResizePty", request.SerializeAsString()).status();
}

absl::Status ClientProcess::CloseIo() {
  auto request = For<v3::CloseIORequest>(key_);
  request.set_stdin(true);
  return shim_.Call("CloseIO", request.SerializeAsString()).status();
}

std::string Task::Impl::CreateRequest(bool terminal, const CreateOptions& options) {
  bundles.MarkOffered(bundle.path);
  v3::CreateTaskRequest request;
  request.set_id(bundle.id);
  request.set_bundle(bundle.path);
  if (options.mount_rootfs && HasOwnRoot(scope.profile().guest)) {
    containerd::types::Mount& mount = *request.add_rootfs();
    mount.set_type("bind");
    mount.set_source(bundle.rootfs_source);
    mount.add_options("rbind");
    mount.add_options("rw");
  }
  request.set_terminal(terminal);
  SetStdio(process.stdio(), request);
  const std::string runc_options = RuncOptionsFor(scope.profile(), options.runc_options);
  if (!scope.profile().hypervisor.empty() && runc_options.empty()) {
    absl::StatusOr<std::string> vm_options = VmOptionsFor(scope.profile(), scope.world().root);
    if (!vm_options.ok()) scope.EndAsError(vm_options.status());
    request.mutable_options()->set_type_url(kVmOptionsType);
    request.mutable_options()->set_value(*std::move(vm_options));
  }
  if (!runc_options.empty()) {
    request.mutable_options()->set_type_url(std::string(containerd::kRuncOptionsType));
    request.mutable_options()->set_value(runc_options);
  }
  std::string bytes = request.SerializeAsString();
  return options.edit_request ? options.edit_request(std::move(bytes)) : bytes;
}

void Task::Impl::Create(bool terminal, const CreateOptions& options) {
  const absl::StatusOr<std::string> payload =
      process.shim().Call("Create", CreateRequest(terminal, options), options.call);
  create_status = payload.status();
  v3::CreateTaskResponse response;
  if (!payload.ok()) return;
  if (!response.ParseFromString(*payload)) {
    create_status = absl::DataLossError("the response of Create does not decode");
    return;
  }
  process.SetPid(static_cast<pid_t>(response.pid()));
}

absl::StatusOr<Exec> Task::Impl::AddExec(const ProcessSpec& spec, const ExecOptions& options) {
  const std::string exec_id = options.exec_id.empty() ? bundles.FreshId("e") : options.exec_id;
  // Streams are named after both ids: execs of several tasks may share one. A scenario may add the
  // same id again, hence the number.
  const std::string name = absl::StrCat(bundle.id, "-", execs.size() + 1, "-exec");
  auto stdio = FifoStdio::Make(scope, name, spec.terminal, options.stdio);
  if (!stdio.ok()) scope.EndAsError(base::Annotate(stdio.status(), "stdio of an exec"));
  auto exec = std::make_shared<Exec::Impl>(scope, process.shim(), ProcessKey{bundle.id, exec_id},
                                           *std::move(stdio));
  execs.push_back(exec);

  auto request = For<v3::ExecProcessRequest>(exec->process.key());
  request.set_terminal(spec.terminal);
  SetStdio(exec->process.stdio(), request);
  if (!options.omit_spec) {
    const std::string process_json = bundles.ProcessJson(spec, bundle);
    request.mutable_spec()->set_type_url(kProcessType);
    request.mutable_spec()->set_value(options.process_json.empty() ? process_json
                                                                   : options.process_json);
  }
  RETURN_IF_ERROR(process.shim().Call("Exec", request.SerializeAsString(), options.call).status());
  return Exec(std::move(exec));
}

}  // namespace conformance
