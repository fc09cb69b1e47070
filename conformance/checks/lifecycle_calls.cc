// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/lifecycle_calls.h"

#include <absl/strings/str_cat.h>

#include <csignal>
#include <utility>

#include "task/v3/task.pb.h"

namespace conformance {
namespace {

namespace v3 = ::containerd::task::v3;

constexpr char kProcessTypeUrl[] = "types.containerd.io/opencontainers/runtime-spec/1/Process";
constexpr char kResourcesTypeUrl[] =
    "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources";

// A request that has nothing but the ids.
template <typename Request>
std::string OfProcess(const std::string& id, const std::string& exec_id) {
  Request request;
  request.set_id(id);
  request.set_exec_id(exec_id);
  return request.SerializeAsString();
}
template <typename Request>
std::string OfContainer(const std::string& id, const std::string& /*exec_id*/) {
  Request request;
  request.set_id(id);
  return request.SerializeAsString();
}

std::string ResizeRequest(const std::string& id, const std::string& exec_id) {
  v3::ResizePtyRequest request;
  request.set_id(id);
  request.set_exec_id(exec_id);
  request.set_width(80);
  request.set_height(24);
  return request.SerializeAsString();
}

std::string CloseIoRequest(const std::string& id, const std::string& exec_id) {
  v3::CloseIORequest request;
  request.set_id(id);
  request.set_exec_id(exec_id);
  request.set_stdin(true);
  return request.SerializeAsString();
}

std::string ExecRequest(const std::string& id, const std::string& /*exec_id*/) {
  v3::ExecProcessRequest request;
  request.set_id(id);
  request.set_exec_id("of-nobody");
  request.mutable_spec()->set_type_url(kProcessTypeUrl);
  request.mutable_spec()->set_value(
      R"({"user":{"uid":0,"gid":0},"args":["/bin/true"],"env":["PATH=/bin"],"cwd":"/"})");
  return request.SerializeAsString();
}

std::string UpdateRequest(const std::string& id, const std::string& /*exec_id*/) {
  v3::UpdateTaskRequest request;
  request.set_id(id);
  request.mutable_resources()->set_type_url(kResourcesTypeUrl);
  request.mutable_resources()->set_value(R"({"cpu":{"shares":512}})");
  return request.SerializeAsString();
}

std::string CheckpointRequest(const std::string& id, const std::string& /*exec_id*/) {
  v3::CheckpointTaskRequest request;
  request.set_id(id);
  request.set_path("/proc/no-such-directory/image");
  return request.SerializeAsString();
}

}  // namespace

std::string StateRequest(const std::string& id, const std::string& exec_id) {
  return OfProcess<v3::StateRequest>(id, exec_id);
}
std::string WaitRequest(const std::string& id, const std::string& exec_id) {
  return OfProcess<v3::WaitRequest>(id, exec_id);
}
std::string ConnectRequest(const std::string& id) {
  return OfContainer<v3::ConnectRequest>(id, "");
}
std::string DeleteRequest(const std::string& id, const std::string& exec_id) {
  return OfProcess<v3::DeleteRequest>(id, exec_id);
}
std::string KillRequest(const std::string& id, const std::string& exec_id, int signo) {
  v3::KillRequest request;
  request.set_id(id);
  request.set_exec_id(exec_id);
  request.set_signal(static_cast<std::uint32_t>(signo));
  return request.SerializeAsString();
}

std::string CreateRequest(const Bundle& bundle) {
  v3::CreateTaskRequest request;
  request.set_id(bundle.id);
  request.set_bundle(bundle.path);
  if (!bundle.rootfs_source.empty()) {
    auto* mount = request.add_rootfs();
    mount->set_type("bind");
    mount->set_source(bundle.rootfs_source);
    mount->add_options("rbind");
    mount->add_options("rw");
  }
  return request.SerializeAsString();
}

std::vector<TaskCall> ProcessCalls() {
  const auto kill = [](const std::string& id, const std::string& exec_id) {
    return KillRequest(id, exec_id, SIGKILL);
  };
  return {
      {.method = "Start", .request = OfProcess<v3::StartRequest>},
      {.method = "State", .request = OfProcess<v3::StateRequest>},
      {.method = "Kill", .request = kill},
      {.method = "Wait", .request = OfProcess<v3::WaitRequest>},
      {.method = "Delete", .request = OfProcess<v3::DeleteRequest>},
      {.method = "CloseIO", .request = CloseIoRequest},
      {.method = "ResizePty", .optional = true, .request = ResizeRequest},
  };
}

std::vector<TaskCall> ContainerCalls() {
  std::vector<TaskCall> calls = ProcessCalls();
  calls.push_back({.method = "Pids", .request = OfContainer<v3::PidsRequest>});
  calls.push_back({.method = "Exec", .optional = true, .request = ExecRequest});
  calls.push_back({.method = "Pause", .optional = true, .request = OfContainer<v3::PauseRequest>});
  calls.push_back(
      {.method = "Resume", .optional = true, .request = OfContainer<v3::ResumeRequest>});
  calls.push_back({.method = "Update", .optional = true, .request = UpdateRequest});
  calls.push_back({.method = "Stats", .optional = true, .request = OfContainer<v3::StatsRequest>});
  calls.push_back({.method = "Checkpoint", .optional = true, .request = CheckpointRequest});
  return calls;
}

void ExpectNotFound(CheckContext& check, ShimUnderTest& shim, const std::vector<TaskCall>& calls,
                    const std::string& id, const std::string& exec_id, absl::string_view when) {
  for (const TaskCall& call : calls) {
    const absl::Status status = shim.Call(call.method, call.request(id, exec_id)).status();
    std::vector<absl::StatusCode> accepted = {absl::StatusCode::kNotFound};
    if (call.optional) accepted.push_back(absl::StatusCode::kUnimplemented);
    check.EXPECT_THAT(status, HasCodeIn(std::move(accepted)),
                      {.text = absl::StrCat(call.method, " ", when, " names nothing that exists")});
  }
}

}  // namespace conformance
