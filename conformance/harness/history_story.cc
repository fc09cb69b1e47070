// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/history_story.h"

#include <absl/strings/str_cat.h>

#include <map>

#include "conformance/harness/task_messages.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

namespace v3 = containerd::task::v3;

template <typename Message>
bool Parse(absl::string_view bytes, Message& message) {
  return message.ParseFromString(std::string(bytes));
}

// Every request names a container in field 1; most name a process in field 2.
template <typename Request>
void ReadTask(absl::string_view bytes, CallFact& fact) {
  Request request;
  if (Parse(bytes, request)) fact.process.container = request.id();
}
template <typename Request>
void ReadProcess(absl::string_view bytes, CallFact& fact) {
  Request request;
  if (!Parse(bytes, request)) return;
  fact.process = {request.id(), request.exec_id()};
}

template <typename Response>
void ReadPid(absl::string_view bytes, CallFact& fact) {
  Response response;
  if (Parse(bytes, response)) fact.pid = response.pid();
}
template <typename Response>
void ReadExit(absl::string_view bytes, CallFact& fact) {
  Response response;
  if (!Parse(bytes, response)) return;
  fact.exit_status = response.exit_status();
  fact.exited_at_ns = UnixNanoseconds(response.exited_at());
}

using Reader = void (*)(absl::string_view, CallFact&);
struct Readers {
  Reader request;
  Reader response = nullptr;
};

const std::map<absl::string_view, Readers>& MethodReaders() {
  static const auto* const kReaders = new std::map<absl::string_view, Readers>{
      {"Create", {ReadTask<v3::CreateTaskRequest>, ReadPid<v3::CreateTaskResponse>}},
      {"Start", {ReadProcess<v3::StartRequest>, ReadPid<v3::StartResponse>}},
      {"State",
       {ReadProcess<v3::StateRequest>,
        [](absl::string_view bytes, CallFact& fact) {
          ReadPid<v3::StateResponse>(bytes, fact);
          ReadExit<v3::StateResponse>(bytes, fact);
          v3::StateResponse response;
          if (Parse(bytes, response)) fact.status = ToTaskStatus(response.status());
        }}},
      {"Delete",
       {ReadProcess<v3::DeleteRequest>,
        [](absl::string_view bytes, CallFact& fact) {
          ReadPid<v3::DeleteResponse>(bytes, fact);
          ReadExit<v3::DeleteResponse>(bytes, fact);
        }}},
      {"Wait", {ReadProcess<v3::WaitRequest>, ReadExit<v3::WaitResponse>}},
      {"Kill", {ReadProcess<v3::KillRequest>}},
      {"Exec", {ReadProcess<v3::ExecProcessRequest>}},
      {"ResizePty", {ReadProcess<v3::ResizePtyRequest>}},
      {"CloseIO", {ReadProcess<v3::CloseIORequest>}},
      {"Pids", {ReadTask<v3::PidsRequest>}},
      {"Pause", {ReadTask<v3::PauseRequest>}},
      {"Resume", {ReadTask<v3::ResumeRequest>}},
      {"Checkpoint", {ReadTask<v3::CheckpointTaskRequest>}},
      {"Update", {ReadTask<v3::UpdateTaskRequest>}},
      {"Stats", {ReadTask<v3::StatsRequest>}},
      {"Connect",
       {ReadTask<v3::ConnectRequest>,
        [](absl::string_view bytes, CallFact& fact) {
          v3::ConnectResponse response;
          if (Parse(bytes, response)) fact.pid = response.task_pid();
        }}},
      {"Shutdown", {ReadTask<v3::ShutdownRequest>}},
  };
  return *kReaders;
}

bool Makes(const CallFact& call) {
  return call.method == "Create" || (call.method == "Exec" && !call.process.exec.empty());
}

// The life a call speaks of: the last one of its process that is not over, else the last one (a
// Wait answered late still belongs to it).
Life* FindLife(std::vector<Life>& lives, const ProcessKey& process) {
  for (auto life = lives.rbegin(); life != lives.rend(); ++life) {
    if (life->process == process) return &*life;
  }
  return nullptr;
}

void Delete(std::vector<Life>& lives, Life& life, const CallFact& call) {
  if (life.over()) return;
  life.deleted = &call;
  if (!life.process.exec.empty()) return;
  for (Life& other : lives) {
    if (other.process.container == life.process.container && !other.over()) {
      other.gone_with_init = true;
    }
  }
}

}  // namespace

std::string ProcessName(const ProcessKey& key) {
  if (key.exec.empty()) return key.container;
  return absl::StrCat("exec ", key.exec, " of ", key.container);
}

bool CallFact::uncertain() const {
  return !answered() || code == absl::StatusCode::kDeadlineExceeded ||
         code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kCancelled;
}

void ReadRequest(absl::string_view method, absl::string_view request, CallFact& fact) {
  fact.method = std::string(method);
  const auto readers = MethodReaders().find(method);
  if (readers != MethodReaders().end()) readers->second.request(request, fact);
}

void ReadResponse(absl::string_view method, absl::string_view response, CallFact& fact) {
  const auto readers = MethodReaders().find(method);
  if (readers == MethodReaders().end() || readers->second.response == nullptr) return;
  readers->second.response(response, fact);
}

std::vector<Life> Lives(const Story& story) {
  std::vector<Life> lives;
  for (const CallFact& call : story.calls) {
    if (call.ok() && Makes(call)) {
      lives.push_back({.process = call.process, .made = &call, .calls = {&call}});
      continue;
    }
    Life* const life = FindLife(lives, call.process);
    if (life == nullptr) continue;
    if (call.method == "Start" && call.uncertain()) life->start_uncertain = true;
    if (call.method == "Delete" && call.uncertain()) life->delete_uncertain = true;
    if (life->delete_uncertain && call.answered() && call.code == absl::StatusCode::kNotFound) {
      life->forgotten = true;
    }
    if (!call.ok()) continue;
    life->calls.push_back(&call);
    if (call.method == "Start" && life->started == nullptr) life->started = &call;
    if (call.method == "Wait" && life->waited == nullptr) life->waited = &call;
    if (call.method == "Delete") Delete(lives, *life, call);
  }
  return lives;
}

std::vector<LiveTask> LiveTasks(const Story& story) {
  std::vector<LiveTask> tasks;
  for (const Life& life : Lives(story)) {
    if (life.over() || life.forgotten || story.lost_shims.count(life.made->connection) != 0)
      continue;
    if (life.process.exec.empty()) {
      tasks.push_back({.id = life.process.container,
                       .connection = life.made->connection,
                       .waited = life.waited != nullptr,
                       .execs = {}});
      continue;
    }
    for (LiveTask& task : tasks) {
      if (task.id == life.process.container) task.execs.push_back(life.process.exec);
    }
  }
  return tasks;
}

}  // namespace conformance
