// SPDX-License-Identifier: Apache-2.0
// The .proto files against the field tables of the agent's protocol, which this file repeats in a
// notation of its own. Only what is seen on the wire counts: number and type.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/agent.ttrpc.h"
#include "agent/health.ttrpc.h"

namespace vm {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;

struct Row {
  const char* message;
  const char* fields;  // "number type" by number; * for repeated
};

constexpr char kIdOnly[] = "1 string";
constexpr char kIds[] = "1 string,2 string";

constexpr Row kRows[] = {
    {"grpc.CreateContainerRequest",
     "1 string,2 string,3 grpc.StringUser,4 *grpc.Device,5 *grpc.Storage,6 grpc.Spec,7 bool,"
     "8 *grpc.SharedMount,9 uint32,10 uint32,11 uint32"},
    {"grpc.StartContainerRequest", kIdOnly},
    {"grpc.RemoveContainerRequest", "1 string,2 uint32"},
    {"grpc.ExecProcessRequest",
     "1 string,2 string,3 grpc.StringUser,4 grpc.Process,5 uint32,6 uint32,7 uint32"},
    {"grpc.SignalProcessRequest", "1 string,2 string,3 uint32"},
    {"grpc.WaitProcessRequest", kIds},
    {"grpc.WaitProcessResponse", "1 int32"},
    {"grpc.UpdateContainerRequest", "1 string,2 grpc.LinuxResources"},
    {"grpc.UpdateEphemeralMountsRequest", "1 *grpc.Storage"},
    {"grpc.StatsContainerRequest", kIdOnly},
    {"grpc.StatsContainerResponse", "1 grpc.CgroupStats,2 *grpc.NetworkStats"},
    {"grpc.PauseContainerRequest", kIdOnly},
    {"grpc.ResumeContainerRequest", kIdOnly},
    {"grpc.GetDiagnosticDataRequest", kIds},
    {"grpc.GetDiagnosticDataResponse", kIdOnly},
    {"grpc.WriteStreamRequest", "1 string,2 string,3 bytes"},
    {"grpc.WriteStreamResponse", "1 uint32"},
    {"grpc.ReadStreamRequest", "1 string,2 string,3 uint32"},
    {"grpc.ReadStreamResponse", "1 bytes"},
    {"grpc.CloseStdinRequest", kIds},
    {"grpc.TtyWinResizeRequest", "1 string,2 string,3 uint32,4 uint32"},
    {"grpc.UpdateInterfaceRequest", "1 types.Interface"},
    {"grpc.UpdateRoutesRequest", "1 grpc.Routes"},
    {"grpc.Routes", "1 *types.Route"},
    {"grpc.Interfaces", "1 *types.Interface"},
    {"grpc.AddARPNeighborsRequest", "1 grpc.ARPNeighbors"},
    {"grpc.ARPNeighbors", "1 *types.ARPNeighbor"},
    {"grpc.GetIPTablesRequest", "1 bool"},
    {"grpc.GetIPTablesResponse", "1 bytes"},
    {"grpc.SetIPTablesRequest", "1 bool,2 bytes"},
    {"grpc.SetIPTablesResponse", "1 bytes"},
    {"grpc.Metrics", "1 string"},
    {"grpc.CreateSandboxRequest",
     "1 string,2 *string,3 *grpc.Storage,4 bool,5 string,6 string,7 *grpc.KernelModule"},
    {"grpc.KernelModule", "1 string,2 *string"},
    {"grpc.OnlineCPUMemRequest", "1 bool,2 uint32,3 bool"},
    {"grpc.ReseedRandomDevRequest", "2 bytes"},
    {"grpc.GuestDetailsRequest", "1 bool,2 bool"},
    {"grpc.GuestDetailsResponse", "1 uint64,2 grpc.AgentDetails,3 bool"},
    {"grpc.AgentDetails", "1 string,2 bool,3 *string,4 *string,5 bool,6 *string"},
    {"grpc.MemHotplugByProbeRequest", "1 *uint64"},
    {"grpc.SetGuestDateTimeRequest", "1 int64,2 int64"},
    {"grpc.CopyFileRequest", "1 string,2 int64,3 uint32,4 uint32,5 int32,6 int32,7 int64,8 bytes"},
    {"grpc.OOMEvent", kIdOnly},
    {"grpc.AddSwapRequest", "1 *uint32"},
    {"grpc.AddSwapPathRequest", kIdOnly},
    {"grpc.VolumeStatsRequest", kIdOnly},
    {"grpc.VolumeStatsResponse", "1 *grpc.VolumeUsage,2 grpc.VolumeCondition"},
    {"grpc.VolumeUsage", "1 uint64,2 uint64,3 uint64,4 grpc.VolumeUsage.Unit"},
    {"grpc.VolumeCondition", "1 bool,2 string"},
    {"grpc.ResizeVolumeRequest", "1 string,2 uint64"},
    {"grpc.SetPolicyRequest", kIdOnly},
    {"grpc.Storage",
     "1 string,2 *string,3 string,4 string,5 *string,6 string,7 grpc.FSGroup,8 bool"},
    {"grpc.FSGroup", "2 uint32,3 types.FSGroupChangePolicy"},
    {"grpc.Device", "1 string,2 string,3 string,4 string,5 *string"},
    {"grpc.SharedMount", "1 string,2 string,3 string,4 string,5 string"},
    {"grpc.StringUser", "1 string,2 string,3 *string"},
    {"types.Interface",
     "1 string,2 string,3 *types.IPAddress,4 uint64,5 string,6 string,7 string,8 uint32"},
    {"types.IPAddress", "1 types.IPFamily,2 string,3 string"},
    {"types.Route",
     "1 string,2 string,3 string,4 string,5 uint32,6 types.IPFamily,7 uint32,8 uint32"},
    {"types.ARPNeighbor", "1 types.IPAddress,2 string,3 string,4 int32,5 int32"},
    {"grpc.CheckRequest", kIdOnly},
    {"grpc.HealthCheckResponse", "1 grpc.HealthCheckResponse.ServingStatus"},
    {"grpc.VersionCheckResponse", kIds},
    {"grpc.Spec",
     "1 string,2 grpc.Process,3 grpc.Root,4 string,5 *grpc.Mount,6 grpc.Hooks,7 map,8 grpc.Linux,"
     "9 grpc.Solaris,10 grpc.Windows"},
    {"grpc.Process",
     "1 bool,2 grpc.Box,3 grpc.User,4 *string,5 *string,6 string,7 grpc.LinuxCapabilities,"
     "8 *grpc.POSIXRlimit,9 bool,10 string,11 int64,12 string"},
    {"grpc.User", "1 uint32,2 uint32,3 *uint32,4 string"},
    {"grpc.LinuxCapabilities", "1 *string,2 *string,3 *string,4 *string,5 *string"},
    {"grpc.POSIXRlimit", "1 string,2 uint64,3 uint64"},
    {"grpc.Mount", "1 string,2 string,3 string,4 *string"},
    {"grpc.Root", "1 string,2 bool"},
    {"grpc.Hooks", "1 *grpc.Hook,2 *grpc.Hook,3 *grpc.Hook,4 *grpc.Hook,5 *grpc.Hook,6 *grpc.Hook"},
    {"grpc.Hook", "1 string,2 *string,3 *string,4 int64"},
    {"grpc.Linux",
     "1 *grpc.LinuxIDMapping,2 *grpc.LinuxIDMapping,3 map,4 grpc.LinuxResources,5 string,"
     "6 *grpc.LinuxNamespace,7 *grpc.LinuxDevice,8 grpc.LinuxSeccomp,9 string,10 *string,"
     "11 *string,12 string,13 grpc.LinuxIntelRdt"},
    {"grpc.LinuxNamespace", kIds},
    {"grpc.LinuxResources",
     "1 *grpc.LinuxDeviceCgroup,2 grpc.LinuxMemory,3 grpc.LinuxCPU,4 grpc.LinuxPids,"
     "5 grpc.LinuxBlockIO,6 *grpc.LinuxHugepageLimit,7 grpc.LinuxNetwork"},
    {"grpc.LinuxMemory", "1 int64,2 int64,3 int64,4 int64,5 int64,6 uint64,7 bool"},
    {"grpc.LinuxCPU", "1 uint64,2 int64,3 uint64,4 int64,5 uint64,6 string,7 string"},
    {"grpc.LinuxPids", "1 int64"},
    {"grpc.LinuxSeccomp", "1 string,2 *string,3 *string,4 *grpc.LinuxSyscall"},
    {"grpc.CgroupStats",
     "1 grpc.CpuStats,2 grpc.MemoryStats,3 grpc.PidsStats,4 grpc.BlkioStats,"
     "5 map"},
    {"grpc.CpuUsage", "1 uint64,2 *uint64,3 uint64,4 uint64"},
    {"grpc.MemoryStats",
     "1 uint64,2 grpc.MemoryData,3 grpc.MemoryData,4 grpc.MemoryData,5 bool,6 map"},
    {"grpc.MemoryData", "1 uint64,2 uint64,3 uint64,4 uint64"},
    {"grpc.PidsStats", "1 uint64,2 uint64"},
    {"grpc.NetworkStats",
     "1 string,2 uint64,3 uint64,4 uint64,5 uint64,6 uint64,7 uint64,8 uint64,9 uint64"},
};

std::string TypeOf(const FieldDescriptor& field) {
  if (field.is_map()) return "map";
  const std::string repeated = field.is_repeated() ? "*" : "";
  if (field.message_type() != nullptr) return repeated + field.message_type()->full_name();
  if (field.enum_type() != nullptr) return repeated + field.enum_type()->full_name();
  return repeated + field.type_name();
}

std::string FieldsOf(const Descriptor& message) {
  std::map<int, std::string> fields;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    fields[field.number()] = absl::StrCat(field.number(), " ", TypeOf(field));
  }
  std::vector<std::string> texts;
  for (auto& [number, text] : fields) texts.push_back(std::move(text));
  return absl::StrJoin(texts, ",");
}

TEST(AgentProtoTest, FieldsAreThoseOfTheTables) {
  // Generated code registers a file when its first message is used.
  (void)grpc::CreateContainerRequest::descriptor();
  (void)grpc::CheckRequest::descriptor();
  for (const Row& row : kRows) {
    const Descriptor* message =
        DescriptorPool::generated_pool()->FindMessageTypeByName(row.message);
    ASSERT_NE(message, nullptr) << row.message;
    EXPECT_EQ(FieldsOf(*message), row.fields) << row.message;
  }
}

TEST(AgentProtoTest, Services) {
  EXPECT_EQ(grpc::AgentService::kServiceName, "grpc.AgentService");
  EXPECT_EQ(grpc::kAgentServiceMethods.size(), 42u);
  EXPECT_EQ(grpc::HealthService::kServiceName, "grpc.Health");
  EXPECT_THAT(grpc::kHealthMethods, ::testing::ElementsAre("Check", "Version"));
  EXPECT_EQ(grpc::HealthCheckResponse::SERVING, 1);
}

}  // namespace
}  // namespace vm
