// SPDX-License-Identifier: Apache-2.0
// The .proto files against the field tables of the contract, which this file repeats in its own
// notation: a renumbered or renamed field cannot slip through.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <type_traits>

#include "bootstrap/v1/bootstrap.pb.h"
#include "cri/v1/pod.pb.h"
#include "events/task.pb.h"
#include "metrics/v1/metrics.pb.h"
#include "metrics/v2/metrics.pb.h"
#include "runc/options.pb.h"
#include "runtime/sandbox/v1/sandbox.ttrpc.h"
#include "services/events/ttrpc.ttrpc.h"
#include "task/v2/task.ttrpc.h"
#include "task/v3/task.ttrpc.h"
#include "types/runtime_info.pb.h"

namespace containerd {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;

struct Row {
  const char* message;
  const char* fields;  // "name=number type", separated by commas; * for repeated
};

constexpr Row kRows[] = {
    // 4.1
    {"containerd.task.v3.CreateTaskRequest",
     "id=1 string,bundle=2 string,rootfs=3 *containerd.types.Mount,terminal=4 bool,stdin=5 string,"
     "stdout=6 string,stderr=7 string,checkpoint=8 string,parent_checkpoint=9 string,"
     "options=10 google.protobuf.Any"},
    {"containerd.task.v3.CreateTaskResponse", "pid=1 uint32"},
    {"containerd.task.v3.StartRequest", "id=1 string,exec_id=2 string"},
    {"containerd.task.v3.StartResponse", "pid=1 uint32"},
    {"containerd.task.v3.StateRequest", "id=1 string,exec_id=2 string"},
    {"containerd.task.v3.StateResponse",
     "id=1 string,bundle=2 string,pid=3 uint32,status=4 containerd.types.Status,stdin=5 string,"
     "stdout=6 string,stderr=7 string,terminal=8 bool,exit_status=9 uint32,"
     "exited_at=10 google.protobuf.Timestamp,exec_id=11 string"},
    {"containerd.task.v3.DeleteRequest", "id=1 string,exec_id=2 string"},
    {"containerd.task.v3.DeleteResponse",
     "pid=1 uint32,exit_status=2 uint32,exited_at=3 google.protobuf.Timestamp"},
    {"containerd.task.v3.PidsRequest", "id=1 string"},
    {"containerd.task.v3.PidsResponse", "processes=1 *containerd.types.ProcessInfo"},
    {"containerd.types.ProcessInfo", "pid=1 uint32,info=2 google.protobuf.Any"},
    {"containerd.task.v3.PauseRequest", "id=1 string"},
    {"containerd.task.v3.ResumeRequest", "id=1 string"},
    {"containerd.task.v3.CheckpointTaskRequest",
     "id=1 string,path=2 string,options=3 google.protobuf.Any"},
    {"containerd.task.v3.KillRequest", "id=1 string,exec_id=2 string,signal=3 uint32,all=4 bool"},
    {"containerd.task.v3.ExecProcessRequest",
     "id=1 string,exec_id=2 string,terminal=3 bool,stdin=4 string,stdout=5 string,stderr=6 string,"
     "spec=7 google.protobuf.Any"},
    {"containerd.task.v3.ResizePtyRequest",
     "id=1 string,exec_id=2 string,width=3 uint32,height=4 uint32"},
    {"containerd.task.v3.CloseIORequest", "id=1 string,exec_id=2 string,stdin=3 bool"},
    {"containerd.task.v3.UpdateTaskRequest",
     "id=1 string,resources=2 google.protobuf.Any,annotations=3 map"},
    {"containerd.task.v3.WaitRequest", "id=1 string,exec_id=2 string"},
    {"containerd.task.v3.WaitResponse",
     "exit_status=1 uint32,exited_at=2 google.protobuf.Timestamp"},
    {"containerd.task.v3.StatsRequest", "id=1 string"},
    {"containerd.task.v3.StatsResponse", "stats=1 google.protobuf.Any"},
    {"containerd.task.v3.ConnectRequest", "id=1 string"},
    {"containerd.task.v3.ConnectResponse", "shim_pid=1 uint32,task_pid=2 uint32,version=3 string"},
    {"containerd.task.v3.ShutdownRequest", "id=1 string,now=2 bool"},
    {"containerd.types.Mount", "type=1 string,source=2 string,target=3 string,options=4 *string"},
    // 9.1, SBX-02
    {"containerd.runtime.sandbox.v1.CreateSandboxRequest",
     "sandbox_id=1 string,bundle_path=2 string,rootfs=3 *containerd.types.Mount,"
     "options=4 google.protobuf.Any,netns_path=5 string,annotations=6 map"},
    {"containerd.runtime.sandbox.v1.StartSandboxRequest", "sandbox_id=1 string"},
    {"containerd.runtime.sandbox.v1.StartSandboxResponse",
     "pid=1 uint32,created_at=2 google.protobuf.Timestamp,spec=3 google.protobuf.Any"},
    {"containerd.runtime.sandbox.v1.PlatformRequest", "sandbox_id=1 string"},
    {"containerd.runtime.sandbox.v1.PlatformResponse", "platform=1 containerd.types.Platform"},
    {"containerd.types.Platform",
     "os=1 string,architecture=2 string,variant=3 string,os_version=4 string,"
     "os_features=5 *string"},
    {"containerd.runtime.sandbox.v1.StopSandboxRequest",
     "sandbox_id=1 string,timeout_secs=2 uint32"},
    {"containerd.runtime.sandbox.v1.WaitSandboxRequest", "sandbox_id=1 string"},
    {"containerd.runtime.sandbox.v1.WaitSandboxResponse",
     "exit_status=1 uint32,exited_at=2 google.protobuf.Timestamp"},
    {"containerd.runtime.sandbox.v1.SandboxStatusRequest", "sandbox_id=1 string,verbose=2 bool"},
    {"containerd.runtime.sandbox.v1.SandboxStatusResponse",
     "sandbox_id=1 string,pid=2 uint32,state=3 string,info=4 map,"
     "created_at=5 google.protobuf.Timestamp,exited_at=6 google.protobuf.Timestamp,"
     "extra=7 google.protobuf.Any"},
    {"containerd.runtime.sandbox.v1.PingRequest", "sandbox_id=1 string"},
    {"containerd.runtime.sandbox.v1.ShutdownSandboxRequest", "sandbox_id=1 string"},
    {"containerd.runtime.sandbox.v1.SandboxMetricsRequest", "sandbox_id=1 string"},
    {"containerd.runtime.sandbox.v1.SandboxMetricsResponse", "metrics=1 containerd.types.Metric"},
    {"containerd.types.Metric",
     "timestamp=1 google.protobuf.Timestamp,id=2 string,data=3 google.protobuf.Any"},
    {"runtime.v1.PodSandboxConfig", "annotations=7 map"},
    // EVT-01 and 5.2
    {"containerd.services.events.ttrpc.v1.ForwardRequest",
     "envelope=1 containerd.services.events.ttrpc.v1.Envelope"},
    {"containerd.services.events.ttrpc.v1.Envelope",
     "timestamp=1 google.protobuf.Timestamp,namespace=2 string,topic=3 string,"
     "event=4 google.protobuf.Any"},
    {"containerd.events.TaskCreate",
     "container_id=1 string,bundle=2 string,rootfs=3 *containerd.types.Mount,"
     "io=4 containerd.events.TaskIO,checkpoint=5 string,pid=6 uint32"},
    {"containerd.events.TaskIO", "stdin=1 string,stdout=2 string,stderr=3 string,terminal=4 bool"},
    {"containerd.events.TaskStart", "container_id=1 string,pid=2 uint32"},
    {"containerd.events.TaskExit",
     "container_id=1 string,id=2 string,pid=3 uint32,exit_status=4 uint32,"
     "exited_at=5 google.protobuf.Timestamp"},
    {"containerd.events.TaskDelete",
     "container_id=1 string,pid=2 uint32,exit_status=3 uint32,"
     "exited_at=4 google.protobuf.Timestamp,id=5 string"},
    {"containerd.events.TaskExecAdded", "container_id=1 string,exec_id=2 string"},
    {"containerd.events.TaskExecStarted", "container_id=1 string,exec_id=2 string,pid=3 uint32"},
    {"containerd.events.TaskOOM", "container_id=1 string"},
    {"containerd.events.TaskPaused", "container_id=1 string"},
    {"containerd.events.TaskResumed", "container_id=1 string"},
    {"containerd.events.TaskCheckpointed", "container_id=1 string,checkpoint=2 string"},
    // CREATE-06, CKPT-01, PIDS-03
    {"containerd.runc.v1.Options",
     "no_pivot_root=1 bool,no_new_keyring=2 bool,shim_cgroup=3 string,io_uid=4 uint32,"
     "io_gid=5 uint32,binary_name=6 string,root=7 string,criu_path=8 string,systemd_cgroup=9 bool,"
     "criu_image_path=10 string,criu_work_path=11 string,task_api_address=12 string,"
     "task_api_version=13 uint32"},
    {"containerd.runc.v1.CheckpointOptions",
     "exit=1 bool,open_tcp=2 bool,external_unix_sockets=3 bool,terminal=4 bool,file_locks=5 bool,"
     "empty_namespaces=6 *string,cgroups_mode=7 string,image_path=8 string,work_path=9 string,"
     "parent_path=10 string"},
    {"containerd.runc.v1.ProcessDetails", "exec_id=1 string"},
    // STDIN-02, OUT-03, V24-01
    {"containerd.runtime.bootstrap.v1.BootstrapParams",
     "instance_id=1 string,namespace=2 string,log_level=3 containerd.runtime.bootstrap.v1.LogLevel,"
     "containerd_version=4 string,containerd_ttrpc_address=5 string,"
     "containerd_grpc_address=6 string,containerd_binary=7 string,"
     "extensions=8 *containerd.runtime.bootstrap.v1.Extension,socket_dir=9 string"},
    {"containerd.runtime.bootstrap.v1.BootstrapResult",
     "version=1 int32,address=2 string,protocol=3 string,"
     "capabilities=4 *containerd.runtime.bootstrap.v1.Capability,metadata=5 map,"
     "extensions=6 *containerd.runtime.bootstrap.v1.Extension"},
    {"containerd.runtime.bootstrap.v1.Extension", "value=1 google.protobuf.Any"},
    // INFO-03, V24-02
    {"containerd.types.RuntimeInfo",
     "name=1 string,version=2 containerd.types.RuntimeVersion,options=3 google.protobuf.Any,"
     "features=4 google.protobuf.Any,annotations=5 map"},
    {"containerd.types.RuntimeVersion", "version=1 string,revision=2 string"},
    {"containerd.types.MountCapabilities", "types=1 *string,transforms=2 *string"},
};

std::string TypeOf(const FieldDescriptor& field) {
  if (field.is_map()) return "map";
  const std::string repeated = field.is_repeated() ? "*" : "";
  if (field.message_type() != nullptr) return repeated + field.message_type()->full_name();
  if (field.enum_type() != nullptr) return repeated + field.enum_type()->full_name();
  return repeated + field.type_name();
}

// Generated code registers a file when its first message is used.
void LinkEveryFile() {
  (void)runtime::bootstrap::v1::BootstrapParams::descriptor();
  (void)events::TaskExit::descriptor();
  (void)runc::v1::Options::descriptor();
  (void)runtime::sandbox::v1::PingRequest::descriptor();
  (void)::runtime::v1::PodSandboxConfig::descriptor();
  (void)services::events::ttrpc::v1::Envelope::descriptor();
  (void)task::v3::WaitRequest::descriptor();
  (void)types::RuntimeInfo::descriptor();
}

TEST(ProtoContractTest, FieldsAreThoseOfTheTables) {
  LinkEveryFile();
  for (const Row& row : kRows) {
    const Descriptor* message =
        DescriptorPool::generated_pool()->FindMessageTypeByName(row.message);
    ASSERT_NE(message, nullptr) << row.message;
    std::set<std::string> actual;
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor& field = *message->field(i);
      actual.insert(absl::StrCat(field.name(), "=", field.number(), " ", TypeOf(field)));
    }
    EXPECT_EQ(actual, (std::set<std::string>(absl::StrSplit(row.fields, ',')))) << row.message;
  }
}

TEST(ProtoContractTest, StatusAndLogLevelValues) {
  EXPECT_EQ(types::UNKNOWN, 0);
  EXPECT_EQ(types::CREATED, 1);
  EXPECT_EQ(types::RUNNING, 2);
  EXPECT_EQ(types::STOPPED, 3);
  EXPECT_EQ(types::PAUSED, 4);
  EXPECT_EQ(types::PAUSING, 5);
  EXPECT_EQ(runtime::bootstrap::v1::LOG_LEVEL_TRACE, -8);
  EXPECT_EQ(runtime::bootstrap::v1::LOG_LEVEL_DEBUG, -4);
  EXPECT_EQ(runtime::bootstrap::v1::LOG_LEVEL_INFO, 0);
  EXPECT_EQ(runtime::bootstrap::v1::LOG_LEVEL_WARN, 4);
  EXPECT_EQ(runtime::bootstrap::v1::LOG_LEVEL_ERROR, 8);
  EXPECT_EQ(runtime::bootstrap::v1::LOG_LEVEL_FATAL, 10);
  EXPECT_EQ(runtime::bootstrap::v1::LOG_LEVEL_PANIC, 12);
}

// Both versions offer the same seventeen calls with the same messages (VERS-05).
template <auto kFirst, auto kSecond>
constexpr bool SameMessages() {
  using First = ::ttrpc::internal::MethodTraits<decltype(kFirst)>;
  using Second = ::ttrpc::internal::MethodTraits<decltype(kSecond)>;
  return std::is_same_v<typename First::Request, typename Second::Request> &&
         std::is_same_v<typename First::Response, typename Second::Response>;
}

TEST(ProtoContractTest, TheSandboxServiceHasNineCalls) {
  EXPECT_EQ(runtime::sandbox::v1::SandboxService::kServiceName,
            "containerd.runtime.sandbox.v1.Sandbox");
  EXPECT_EQ(runtime::sandbox::v1::kSandboxMethods.size(), 9u);
}

TEST(ProtoContractTest, TaskServicesDifferInNameOnly) {
  using V2 = task::v2::TaskService;
  using V3 = task::v3::TaskService;
  EXPECT_EQ(V2::kServiceName, "containerd.task.v2.Task");
  EXPECT_EQ(V3::kServiceName, "containerd.task.v3.Task");
  EXPECT_EQ(task::v3::kTaskMethods.size(), 17u);
  EXPECT_EQ(task::v2::kTaskMethods, task::v3::kTaskMethods);
  EXPECT_TRUE((SameMessages<&V2::State, &V3::State>()));
  EXPECT_TRUE((SameMessages<&V2::Create, &V3::Create>()));
  EXPECT_TRUE((SameMessages<&V2::Start, &V3::Start>()));
  EXPECT_TRUE((SameMessages<&V2::Delete, &V3::Delete>()));
  EXPECT_TRUE((SameMessages<&V2::Pids, &V3::Pids>()));
  EXPECT_TRUE((SameMessages<&V2::Pause, &V3::Pause>()));
  EXPECT_TRUE((SameMessages<&V2::Resume, &V3::Resume>()));
  EXPECT_TRUE((SameMessages<&V2::Checkpoint, &V3::Checkpoint>()));
  EXPECT_TRUE((SameMessages<&V2::Kill, &V3::Kill>()));
  EXPECT_TRUE((SameMessages<&V2::Exec, &V3::Exec>()));
  EXPECT_TRUE((SameMessages<&V2::ResizePty, &V3::ResizePty>()));
  EXPECT_TRUE((SameMessages<&V2::CloseIO, &V3::CloseIO>()));
  EXPECT_TRUE((SameMessages<&V2::Update, &V3::Update>()));
  EXPECT_TRUE((SameMessages<&V2::Wait, &V3::Wait>()));
  EXPECT_TRUE((SameMessages<&V2::Stats, &V3::Stats>()));
  EXPECT_TRUE((SameMessages<&V2::Connect, &V3::Connect>()));
  EXPECT_TRUE((SameMessages<&V2::Shutdown, &V3::Shutdown>()));
}

TEST(ProtoContractTest, EventsService) {
  EXPECT_EQ(services::events::ttrpc::v1::EventsService::kServiceName,
            "containerd.services.events.ttrpc.v1.Events");
  EXPECT_THAT(services::events::ttrpc::v1::kEventsMethods, ::testing::ElementsAre("Forward"));
}

// STATS-01: clients find metrics by these names; the numbers most of them read.
TEST(ProtoContractTest, MetricsTypes) {
  const auto number = [](const Descriptor& message, const char* field) {
    const FieldDescriptor* found = message.FindFieldByName(field);
    return found == nullptr ? 0 : found->number();
  };
  namespace v1 = io::containerd::cgroups::v1;
  namespace v2 = io::containerd::cgroups::v2;
  EXPECT_EQ(v1::Metrics::descriptor()->full_name(), "io.containerd.cgroups.v1.Metrics");
  EXPECT_EQ(v2::Metrics::descriptor()->full_name(), "io.containerd.cgroups.v2.Metrics");
  EXPECT_EQ(number(*v1::Metrics::descriptor(), "cpu"), 3);
  EXPECT_EQ(number(*v1::Metrics::descriptor(), "memory"), 4);
  EXPECT_EQ(number(*v1::Metrics::descriptor(), "memory_oom_control"), 9);
  EXPECT_EQ(number(*v1::MemoryStat::descriptor(), "total_inactive_file"), 30);
  EXPECT_EQ(number(*v1::MemoryStat::descriptor(), "usage"), 33);
  EXPECT_EQ(number(*v2::Metrics::descriptor(), "memory"), 4);
  EXPECT_EQ(number(*v2::Metrics::descriptor(), "memory_events"), 8);
  EXPECT_EQ(number(*v2::MemoryStat::descriptor(), "usage"), 32);
  EXPECT_EQ(number(*v2::MemoryEvents::descriptor(), "oom_kill"), 5);
}

}  // namespace
}  // namespace containerd
