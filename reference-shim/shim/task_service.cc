// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/task_service.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "containerd/identifiers.h"
#include "runc/options.pb.h"

namespace shim {
namespace {

namespace v3 = containerd::task::v3;
using google::protobuf::Empty;
using ttrpc::CallInfo;
using ttrpc::Reply;

constexpr absl::string_view kProcessDetailsType = "containerd.runc.v1.ProcessDetails";

Done<> Answer(Reply<Empty> reply) {
  return [reply = std::move(reply)](absl::Status status) mutable {
    if (!status.ok()) return std::move(reply)(std::move(status));
    std::move(reply)(Empty());
  };
}

absl::Status Incapable(absl::string_view of) {
  return absl::UnimplementedError(absl::StrCat(of, " is not supported by this runtime"));
}

Opaque ToOpaque(const google::protobuf::Any& any) {
  return {.type_url = any.type_url(), .value = any.value()};
}

}  // namespace

TaskService::TaskService(const TaskContext& context, std::function<void()> shut_down)
    : context_(context),
      capabilities_(context.backend.capabilities()),
      shut_down_(std::move(shut_down)),
      trimmer_(context.loop),
      sweep_(context, tasks_, [this](const std::string& id) { Remove(id); }) {}

// --- create and delete ----------------------------------------------------------------------

absl::Status TaskService::CheckCreate(const v3::CreateTaskRequest& request) const {
  if (closed_) return absl::UnavailableError("the shim is shutting down");
  if (absl::Status valid = containerd::ValidateIdentifier(request.id()); !valid.ok()) return valid;
  if (!absl::StartsWith(request.bundle(), "/")) {
    return absl::InvalidArgumentError("bundle has to be an absolute path");
  }
  if (request.terminal() && !capabilities_.terminal) return Incapable("a terminal");
  if (!request.checkpoint().empty() && !capabilities_.checkpoint) return Incapable("restore");
  return gate_ == nullptr ? absl::OkStatus() : gate_->AdmitTask();
}

void TaskService::Create(const v3::CreateTaskRequest& request, const CallInfo&,
                         Reply<v3::CreateTaskResponse> reply) {
  if (absl::Status valid = CheckCreate(request); !valid.ok()) {
    return std::move(reply)(std::move(valid));
  }
  const absl::StatusOr<Task*> task = tasks_.Add(std::make_unique<Task>(context_, request));
  if (!task.ok()) return std::move(reply)(task.status());
  shutdown_wanted_ = false;
  (*task)->Create(request, [this, id = request.id(),
                            reply = std::move(reply)](const absl::StatusOr<pid_t>& pid) mutable {
    trimmer_.Schedule();
    if (!pid.ok()) {
      context_.log.Info("create ", id, ": ", pid.status().message());
      std::move(reply)(pid.status());
      return Remove(id);
    }
    v3::CreateTaskResponse response;
    response.set_pid(static_cast<std::uint32_t>(*pid));
    std::move(reply)(response);
    if (gate_ != nullptr && !gate_->AdmitTask().ok()) KillStray(id);
  });
}

void TaskService::KillStray(const std::string& id) {
  const absl::StatusOr<Task*> task = tasks_.Find(id);
  if (task.ok()) (*task)->Kill("", SIGKILL, /*all=*/true, [](const absl::Status&) {});
}

void TaskService::Delete(const v3::DeleteRequest& request, const CallInfo&,
                         Reply<v3::DeleteResponse> reply) {
  // Of an exec only in a container that exists, of a container also while it is being created.
  const absl::StatusOr<Task*> task =
      request.exec_id().empty() ? tasks_.FindAny(request.id()) : tasks_.Find(request.id());
  if (!task.ok()) return std::move(reply)(task.status());
  (*task)->Delete(
      request.exec_id(),
      [this, id = request.id(), of_container = request.exec_id().empty(),
       reply = std::move(reply)](const absl::StatusOr<v3::DeleteResponse>& response) mutable {
        trimmer_.Schedule();
        std::move(reply)(response);
        if (response.ok() && of_container) Remove(id);
      });
}

void TaskService::Remove(const std::string& id) {
  tasks_.Remove(id);
  if (tasks_.empty() && shutdown_wanted_) ShutDown();
}

// --- start, exec, kill, wait ----------------------------------------------------------------

void TaskService::Start(const v3::StartRequest& request, const CallInfo&,
                        Reply<v3::StartResponse> reply) {
  const absl::StatusOr<Task*> task = tasks_.Find(request.id());
  if (!task.ok()) return std::move(reply)(task.status());
  (*task)->Start(request.exec_id(),
                 [this, reply = std::move(reply)](const absl::StatusOr<pid_t>& pid) mutable {
                   trimmer_.Schedule();
                   if (!pid.ok()) return std::move(reply)(pid.status());
                   v3::StartResponse response;
                   response.set_pid(static_cast<std::uint32_t>(*pid));
                   std::move(reply)(response);
                 });
}

void TaskService::Exec(const v3::ExecProcessRequest& request, const CallInfo&, Reply<Empty> reply) {
  Done<> done = Answer(std::move(reply));
  const absl::StatusOr<Task*> task = tasks_.Find(request.id());
  if (!task.ok()) return done(task.status());
  if (!capabilities_.exec) return done(Incapable("exec"));
  if (request.terminal() && !capabilities_.terminal) return done(Incapable("a terminal"));
  if (!request.has_spec()) return done(absl::InvalidArgumentError("exec without spec"));
  done((*task)->AddExec(request));
}

void TaskService::Kill(const v3::KillRequest& request, const CallInfo&, Reply<Empty> reply) {
  Done<> done = Answer(std::move(reply));
  const absl::StatusOr<Task*> task = tasks_.Find(request.id());
  if (!task.ok()) return done(task.status());
  if (request.signal() > static_cast<std::uint32_t>(SIGRTMAX)) {
    return done(absl::InvalidArgumentError(absl::StrCat("no such signal: ", request.signal())));
  }
  (*task)->Kill(request.exec_id(), static_cast<int>(request.signal()), request.all(),
                std::move(done));
}

void TaskService::Wait(const v3::WaitRequest& request, const CallInfo&,
                       Reply<v3::WaitResponse> reply) {
  const absl::StatusOr<Task*> task = tasks_.Find(request.id());
  if (!task.ok()) return std::move(reply)(task.status());
  (*task)->Wait(request.exec_id(), std::move(reply));
}

// --- what a task is and has -----------------------------------------------------------------

void TaskService::State(const v3::StateRequest& request, const CallInfo&,
                        Reply<v3::StateResponse> reply) {
  const absl::StatusOr<Task*> task = tasks_.Find(request.id());
  if (!task.ok()) return std::move(reply)(task.status());
  std::move(reply)((*task)->State(request.exec_id()));
}

void TaskService::Pids(const v3::PidsRequest& request, const CallInfo&,
                       Reply<v3::PidsResponse> reply) {
  const absl::StatusOr<Task*> task = tasks_.Find(request.id());
  if (!task.ok()) return std::move(reply)(task.status());
  (*task)->ListPids([reply = std::move(reply)](const absl::StatusOr<Task::Pids>& pids) mutable {
    if (!pids.ok()) return std::move(reply)(pids.status());
    v3::PidsResponse response;
    for (const auto& [pid, exec_id] : *pids) {
      auto& process = *response.add_processes();
      process.set_pid(static_cast<std::uint32_t>(pid));
      if (exec_id.empty()) continue;
      containerd::runc::v1::ProcessDetails details;
      details.set_exec_id(exec_id);
      process.mutable_info()->set_type_url(std::string(kProcessDetailsType));
      process.mutable_info()->set_value(details.SerializeAsString());
    }
    std::move(reply)(response);
  });
}

void TaskService::Stats(const v3::StatsRequest& request, const CallInfo&,
                        Reply<v3::StatsResponse> reply) {
  const absl::StatusOr<Task*> task = tasks_.Find(request.id());
  if (!task.ok()) return std::move(reply)(task.status());
  if (!capabilities_.stats) return std::move(reply)(Incapable("stats"));
  (*task)->Sample([reply = std::move(reply)](absl::StatusOr<Opaque> sample) mutable {
    if (!sample.ok()) return std::move(reply)(sample.status());
    v3::StatsResponse response;
    response.mutable_stats()->set_type_url(std::move(sample->type_url));
    response.mutable_stats()->set_value(std::move(sample->value));
    std::move(reply)(response);
  });
}

void TaskService::Connect(const v3::ConnectRequest& request, const CallInfo&,
                          Reply<v3::ConnectResponse> reply) {
  v3::ConnectResponse response;
  response.set_shim_pid(static_cast<std::uint32_t>(::getpid()));
  const absl::StatusOr<Task*> task = tasks_.Find(request.id());
  if (task.ok()) response.set_task_pid(static_cast<std::uint32_t>((*task)->pid()));
  std::move(reply)(response);
}

// --- pause, resume, update, checkpoint, terminal and stdin ----------------------------------

void TaskService::Pause(const v3::PauseRequest& request, const CallInfo&, Reply<Empty> reply) {
  Done<> done = Answer(std::move(reply));
  const absl::StatusOr<Task*> task = tasks_.Find(request.id());
  if (!task.ok()) return done(task.status());
  if (!capabilities_.pause) return done(Incapable("pause"));
  (*task)->Pause(std::move(done));
}

void TaskService::Resume(const v3::ResumeRequest& request, const CallInfo&, Reply<Empty> reply) {
  Done<> done = Answer(std::move(reply));
  const absl::StatusOr<Task*> task = tasks_.Find(request.id());
  if (!task.ok()) return done(task.status());
  if (!capabilities_.pause) return done(Incapable("resume"));
  (*task)->Resume(std::move(done));
}

void TaskService::Update(const v3::UpdateTaskRequest& request, const CallInfo&,
                         Reply<Empty> reply) {
  Done<> done = Answer(std::move(reply));
  const absl::StatusOr<Task*> task = tasks_.Find(request.id());
  if (!task.ok()) return done(task.status());
  if (!capabilities_.update) return done(Incapable("update"));
  if (!request.has_resources()) {
    return done(absl::InvalidArgumentError("update without resources"));
  }
  (*task)->Update(request.resources().value(), std::move(done));
}

void TaskService::Checkpoint(const v3::CheckpointTaskRequest& request, const CallInfo&,
                             Reply<Empty> reply) {
  Done<> done = Answer(std::move(reply));
  const absl::StatusOr<Task*> task = tasks_.Find(request.id());
  if (!task.ok()) return done(task.status());
  if (!capabilities_.checkpoint) return done(Incapable("checkpoint"));
  (*task)->Checkpoint({.path = request.path(), .options = ToOpaque(request.options())},
                      std::move(done));
}

void TaskService::ResizePty(const v3::ResizePtyRequest& request, const CallInfo&,
                            Reply<Empty> reply) {
  Done<> done = Answer(std::move(reply));
  const absl::StatusOr<Task*> task = tasks_.Find(request.id());
  if (!task.ok()) return done(task.status());
  (*task)->Resize(request.exec_id(), {.width = request.width(), .height = request.height()},
                  std::move(done));
}

// The `stdin` flag is not looked at: nobody has ever sent false and meant it (CLOSE-02).
void TaskService::CloseIO(const v3::CloseIORequest& request, const CallInfo&, Reply<Empty> reply) {
  Done<> done = Answer(std::move(reply));
  const absl::StatusOr<Task*> task = tasks_.Find(request.id());
  if (!task.ok()) return done(task.status());
  const absl::StatusOr<Process*> process = (*task)->FindProcess(request.exec_id());
  if (process.ok()) (*process)->CloseInput();
  done(process.status());
}

// --- shutdown -------------------------------------------------------------------------------

void TaskService::Shutdown(const v3::ShutdownRequest&, const CallInfo&, Reply<Empty> reply) {
  const bool kept = gate_ != nullptr && gate_->KeepsShim();  // SHUT-03
  if (tasks_.empty() && !kept) {
    shutdown_replies_.push_back(std::move(reply));
    return ShutDown();
  }
  // Tasks that live are nobody's to end (SHUT-01). But when a client gave up waiting for the last
  // Delete, no other Shutdown will come.
  shutdown_wanted_ = !kept && tasks_.all_deleting();
  std::move(reply)(Empty());
}

void TaskService::ShutDown() {
  closed_ = true;
  if (shut_down_) std::exchange(shut_down_, nullptr)();
}

void TaskService::AnswerShutdown() {
  for (Reply<Empty>& reply : std::exchange(shutdown_replies_, {})) std::move(reply)(Empty());
}

void TaskService::Dump() const {
  context_.log.Info("tasks: ", tasks_.size());
  tasks_.ForEach([this](Task& task) {
    for (const std::string& line : task.Describe()) context_.log.Info(line);
  });
}

}  // namespace shim
