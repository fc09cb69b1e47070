// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/tests/service_fixture.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <sys/stat.h>

#include <boost/asio/post.hpp>

namespace shim::testing {
namespace {

template <typename Response>
absl::StatusCode CodeOf(const absl::StatusOr<Response>& result) {
  return result.status().code();
}

constexpr char kProcess[] = R"({"args":["true"],"cwd":"/","user":{"uid":0,"gid":0}})";

std::string Describe(absl::string_view type, const std::string& bytes) {
  if (type == "containerd.events.TaskExit") {
    containerd::events::TaskExit event;
    EXPECT_TRUE(event.ParseFromString(bytes));
    EXPECT_GT(event.exited_at().seconds(), 0);
    EXPECT_GT(event.pid(), 0U);
    return absl::StrCat(" ", event.container_id(), " ", event.id(), " ", event.exit_status());
  }
  if (type == "containerd.events.TaskDelete") {
    containerd::events::TaskDelete event;
    EXPECT_TRUE(event.ParseFromString(bytes));
    return absl::StrCat(" ", event.container_id(), " ", event.id(), event.id().empty() ? "" : " ",
                        event.exit_status());
  }
  // The rest begin with a container id; those of execs go on with the exec id.
  containerd::events::TaskExecStarted event;
  EXPECT_TRUE(event.ParseFromString(bytes));
  const bool of_exec =
      type == "containerd.events.TaskExecStarted" || type == "containerd.events.TaskExecAdded";
  return absl::StrCat(" ", event.container_id(), of_exec ? " " : "",
                      of_exec ? event.exec_id() : "");
}

}  // namespace

void FakeRootfs::Mount(const std::string& bundle, const std::vector<container::Mount>& mounts,
                       Done<> done) {
  calls.push_back(absl::StrCat("mount ", bundle, " ", mounts.size()));
  boost::asio::post(loop_, [done = std::move(done), this]() mutable { done(mount_result); });
}

void FakeRootfs::Unmount(const std::string& bundle, Done<> done) {
  calls.push_back(absl::StrCat("unmount ", bundle));
  boost::asio::post(loop_, [done = std::move(done), this]() mutable { done(unmount_result); });
}

ServiceTest::ServiceTest()
    : reaper_(base::ChildReaper::Create(loop_).value()),
      events_([this](absl::string_view topic, absl::string_view type, const std::string& event) {
        events_seen_.push_back({std::string(topic), Describe(type, event)});
      }),
      context_{.loop = loop_,
               .reaper = *reaper_,
               .log = log_,
               .backend = backend_,
               .rootfs = rootfs_,
               .events = events_,
               .namespace_name = "tests"},
      service_(std::make_unique<TaskService>(context_, [this] { ++shutdowns_; })) {
  router_.Add(TaskService::Bind(*service_));
  server_ = std::make_unique<ttrpc::Server>(loop_, router_, log_);
  EXPECT_TRUE(server_->Serve(ttrpc::testing::Listen(temp_.File("socket"))).ok());
  Connect();
}

ServiceTest::~ServiceTest() {
  client_.reset();
  server_.reset();
  service_.reset();
  // Whatever was posted holds replies and callbacks.
  loop_.restart();
  loop_.poll();
  reaper_.reset();
}

void ServiceTest::Connect() {
  client_ = std::make_unique<ttrpc::Client>(loop_, *ttrpc::ConnectUnix(temp_.File("socket")));
  task_.emplace(*client_);
}

std::string ServiceTest::Bundle(const std::string& id, bool private_pid_namespace) {
  const std::string bundle = temp_.File(id);
  ::mkdir(bundle.c_str(), 0700);
  base::testing::WriteFile(
      absl::StrCat(bundle, "/config.json"),
      absl::StrCat(R"({"ociVersion":"1.0.2","process":)", kProcess,
                   R"(,"root":{"path":"rootfs"},"linux":{"namespaces":[{"type":"mount"})",
                   private_pid_namespace ? R"(,{"type":"pid"})" : "", "]}}"));
  return bundle;
}

v3::CreateTaskRequest ServiceTest::CreateRequest(const std::string& id) {
  v3::CreateTaskRequest request;
  request.set_id(id);
  request.set_bundle(Bundle(id));
  return request;
}

absl::StatusCode ServiceTest::Create(const std::string& id) {
  return CodeOf(Call(&v3::TaskClient::Create, CreateRequest(id)));
}

absl::StatusCode ServiceTest::Start(const std::string& id, const std::string& exec_id) {
  v3::StartRequest request;
  request.set_id(id);
  request.set_exec_id(exec_id);
  return CodeOf(Call(&v3::TaskClient::Start, request));
}

absl::StatusCode ServiceTest::Exec(const std::string& id, const std::string& exec_id) {
  v3::ExecProcessRequest request;
  request.set_id(id);
  request.set_exec_id(exec_id);
  request.mutable_spec()->set_value(kProcess);
  return CodeOf(Call(&v3::TaskClient::Exec, request));
}

absl::StatusCode ServiceTest::Kill(const std::string& id, const std::string& exec_id, int signo) {
  v3::KillRequest request;
  request.set_id(id);
  request.set_exec_id(exec_id);
  request.set_signal(static_cast<std::uint32_t>(signo));
  return CodeOf(Call(&v3::TaskClient::Kill, request));
}

absl::StatusCode ServiceTest::Delete(const std::string& id, const std::string& exec_id) {
  v3::DeleteRequest request;
  request.set_id(id);
  request.set_exec_id(exec_id);
  return CodeOf(Call(&v3::TaskClient::Delete, request));
}

absl::StatusCode ServiceTest::Pause(const std::string& id) {
  v3::PauseRequest request;
  request.set_id(id);
  return CodeOf(Call(&v3::TaskClient::Pause, request));
}

absl::StatusCode ServiceTest::Resume(const std::string& id) {
  v3::ResumeRequest request;
  request.set_id(id);
  return CodeOf(Call(&v3::TaskClient::Resume, request));
}

absl::StatusCode ServiceTest::Update(const std::string& id) {
  v3::UpdateTaskRequest request;
  request.set_id(id);
  request.mutable_resources()->set_value(R"({"memory":{"limit":1048576}})");
  return CodeOf(Call(&v3::TaskClient::Update, request));
}

absl::StatusCode ServiceTest::Checkpoint(const std::string& id) {
  v3::CheckpointTaskRequest request;
  request.set_id(id);
  request.set_path("/image");
  return CodeOf(Call(&v3::TaskClient::Checkpoint, request));
}

absl::StatusCode ServiceTest::Shutdown() {
  return CodeOf(Call(&v3::TaskClient::Shutdown, v3::ShutdownRequest()));
}

ServiceTest::Pending<v3::WaitResponse> ServiceTest::BeginWait(const std::string& id,
                                                              const std::string& exec_id) {
  v3::WaitRequest request;
  request.set_id(id);
  request.set_exec_id(exec_id);
  return Begin(&v3::TaskClient::Wait, request);
}

ServiceTest::Result<v3::StateResponse> ServiceTest::State(const std::string& id,
                                                          const std::string& exec_id) {
  v3::StateRequest request;
  request.set_id(id);
  request.set_exec_id(exec_id);
  return Call(&v3::TaskClient::State, request);
}

std::string ServiceTest::StatusOf(const std::string& id, const std::string& exec_id) {
  const auto state = State(id, exec_id);
  if (!state.ok()) return absl::StatusCodeToString(state.status().code());
  return absl::AsciiStrToLower(containerd::types::Status_Name(state->status()));
}

void ServiceTest::Run(const std::string& id) {
  ASSERT_EQ(Create(id), absl::StatusCode::kOk);
  ASSERT_EQ(Start(id), absl::StatusCode::kOk);
}

void ServiceTest::RunExec(const std::string& id, const std::string& exec_id) {
  ASSERT_EQ(Exec(id, exec_id), absl::StatusCode::kOk);
  ASSERT_EQ(Start(id, exec_id), absl::StatusCode::kOk);
}

std::vector<std::string> ServiceTest::Events() const {
  std::vector<std::string> lines;
  for (const SeenEvent& event : events_seen_) {
    lines.push_back(absl::StrCat(absl::StripPrefix(event.topic, "/tasks/"), event.text));
  }
  return lines;
}

}  // namespace shim::testing
