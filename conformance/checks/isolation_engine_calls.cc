// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <chrono>

#include "conformance/checks/isolation_engine.h"
#include "conformance/checks/lifecycle_calls.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

namespace v3 = ::containerd::task::v3;

// How long after its answer a shim is looked at for what it should have done before.
constexpr std::chrono::milliseconds kAskedLate(200);

EngineSubject Of(ShimUnderTest& shim, Task task) {
  EngineSubject subject;
  subject.shim = &shim;
  subject.bundle = task.bundle();
  subject.task = std::move(task);
  return subject;
}

EngineSubject Unmade(CheckContext& check, ShimUnderTest& shim) {
  EngineSubject subject;
  subject.shim = &shim;
  subject.bundle = check.MakeBundle(Program("pause"));
  return subject;
}

EngineSubject Created(CheckContext& check, ShimUnderTest& shim) {
  return Of(shim, check.Create(Program("pause"), {.shim = &shim}));
}

EngineSubject Running(CheckContext& check, ShimUnderTest& shim) {
  return Of(shim, check.Run(Program("pause"), {.shim = &shim}));
}

EngineSubject WithExec(CheckContext& check, ShimUnderTest& shim) {
  EngineSubject subject = Running(check, shim);
  subject.exec = check.Require(subject.task->AddExec(Program("pause")));
  return subject;
}

EngineSubject Paused(CheckContext& check, ShimUnderTest& shim) {
  EngineSubject subject = Running(check, shim);
  check.Require(subject.task->Pause());
  return subject;
}

EngineSubject Stopped(CheckContext& check, ShimUnderTest& shim) {
  EngineSubject subject = Of(shim, check.Run(Program("exit_code", "0"), {.shim = &shim}));
  check.Require(subject.task->Wait());
  return subject;
}

template <typename Request>
std::string RequestOf(const EngineSubject& subject) {
  Request request;
  request.set_id(subject.bundle.id);
  return request.SerializeAsString();
}

std::unique_ptr<PendingReply> SendCreate(CheckContext& check, const EngineSubject& subject) {
  return check.CreateAsync(*subject.shim, subject.bundle);
}

std::unique_ptr<PendingReply> SendStart(CheckContext& /*check*/, const EngineSubject& subject) {
  v3::StartRequest request;
  request.set_id(subject.bundle.id);
  if (subject.exec) request.set_exec_id(subject.exec->exec_id());
  return subject.shim->CallAsync("Start", request.SerializeAsString());
}

std::unique_ptr<PendingReply> SendKill(CheckContext& /*check*/, const EngineSubject& subject) {
  constexpr int kKill = 9;
  return subject.shim->CallAsync("Kill", KillRequest(subject.bundle.id, "", kKill));
}

std::unique_ptr<PendingReply> SendDelete(CheckContext& /*check*/, const EngineSubject& subject) {
  return subject.shim->CallAsync("Delete", DeleteRequest(subject.bundle.id));
}

std::unique_ptr<PendingReply> SendPause(CheckContext& /*check*/, const EngineSubject& subject) {
  return subject.shim->CallAsync("Pause", RequestOf<v3::PauseRequest>(subject));
}

std::unique_ptr<PendingReply> SendResume(CheckContext& /*check*/, const EngineSubject& subject) {
  return subject.shim->CallAsync("Resume", RequestOf<v3::ResumeRequest>(subject));
}

std::unique_ptr<PendingReply> SendPids(CheckContext& /*check*/, const EngineSubject& subject) {
  return subject.shim->CallAsync("Pids", RequestOf<v3::PidsRequest>(subject));
}

std::unique_ptr<PendingReply> SendUpdate(CheckContext& /*check*/, const EngineSubject& subject) {
  v3::UpdateTaskRequest request;
  request.set_id(subject.bundle.id);
  request.mutable_resources()->set_type_url(
      "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources");
  request.mutable_resources()->set_value(R"({"pids":{"limit":1000}})");
  return subject.shim->CallAsync("Update", request.SerializeAsString());
}

}  // namespace

const std::vector<EngineCall>& EngineCalls() {
  static const std::vector<EngineCall> calls = {
      {"create", "Create", 0, Unmade, SendCreate},
      {"start", "Start", 0, Created, SendStart},
      {"exec", "Start of an exec", ToNeeds(Need::kExec), WithExec, SendStart},
      {"kill", "Kill", 0, Running, SendKill},
      {"delete", "Delete", 0, Stopped, SendDelete},
      {"ps", "Pids", 0, Running, SendPids},
      {"pause", "Pause", ToNeeds(Need::kPause), Running, SendPause},
      {"resume", "Resume", ToNeeds(Need::kPause), Paused, SendResume},
      {"update", "Update", ToNeeds(Need::kUpdate), Running, SendUpdate},
  };
  return calls;
}

void RequireEngineAsked(CheckContext& check, const EngineCall& call, const EngineFaults& faults,
                        const std::string& rule) {
  const auto asked = [&] { return !faults.Firings(rule).empty(); };
  if (check.Eventually(asked, kAskedLate)) return;
  check.Skip(
      absl::StrCat("this shim answers ", call.name, " without `", call.verb, "` of its engine"));
}

}  // namespace conformance
