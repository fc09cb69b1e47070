// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/time.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "base/kernel_file.h"
#include "base/status_macros.h"
#include "fakes/guest_agent/agent_service.h"
#include "fakes/guest_agent/copy_file.h"
#include "fakes/guest_agent/limits.h"

namespace fakes {
namespace {

constexpr char kGrpcVersion[] = "0.0.1";  // of the protocol, as both sides have had it ever since
constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

absl::Status SetClock(const grpc::SetGuestDateTimeRequest& request, bool is_init) {
  if (request.sec() < 0 || request.usec() < 0 || request.usec() >= kMicrosecondsPerSecond) {
    return absl::InvalidArgumentError(absl::StrCat(request.sec(), " s, ", request.usec(),
                                                   " us: expected a time since the epoch"));
  }
  // A guest that is a process has the clock of its host, which is not ours to set.
  if (!is_init) return absl::OkStatus();
  const timeval time{.tv_sec = request.sec(), .tv_usec = request.usec()};
  if (::settimeofday(&time, nullptr) == 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, "settimeofday");
}

absl::Status Remount(const GuestPaths& paths, const GuestDisks& disks,
                     const grpc::Storage& storage) {
  ASSIGN_OR_RETURN(const GuestStorage plan, PlanStorage(paths, disks, storage));
  const std::string path = absl::StrCat(paths.run(), "/", plan.mount.target);
  std::string data;
  for (const std::string& option : plan.mount.options) {
    if (option.find('=') == std::string::npos) continue;  // flags stay as they are
    absl::StrAppend(&data, data.empty() ? "" : ",", option);
  }
  if (::mount(nullptr, path.c_str(), nullptr, MS_REMOUNT, data.c_str()) == 0) {
    return absl::OkStatus();
  }
  return base::ErrnoStatus(errno, absl::StrCat("remount ", storage.mount_point()));
}

void AddUsage(grpc::VolumeStatsResponse& response, grpc::VolumeUsage::Unit unit,
              std::uint64_t total, std::uint64_t free, std::uint64_t available) {
  grpc::VolumeUsage& usage = *response.add_usage();
  usage.set_total(total);
  usage.set_available(available);
  usage.set_used(total - free);
  usage.set_unit(unit);
}

}  // namespace

void HealthService::Check(const grpc::CheckRequest&, const ttrpc::CallInfo&,
                          ttrpc::Reply<grpc::HealthCheckResponse> reply) {
  grpc::HealthCheckResponse response;
  response.set_status(grpc::HealthCheckResponse::SERVING);
  std::move(reply)(response);
}

void HealthService::Version(const grpc::CheckRequest&, const ttrpc::CallInfo&,
                            ttrpc::Reply<grpc::VersionCheckResponse> reply) {
  grpc::VersionCheckResponse response;
  response.set_grpc_version(kGrpcVersion);
  response.set_agent_version(kAgentVersion);
  std::move(reply)(response);
}

void AgentService::CreateSandbox(const grpc::CreateSandboxRequest& request, const Call&,
                                 Reply<Empty> reply) {
  guest_.CreateSandbox(request, [reply = std::move(reply)](const absl::Status& made) mutable {
    AnswerEmpty(std::move(reply), made);
  });
}

void AgentService::DestroySandbox(const grpc::DestroySandboxRequest&, const Call&,
                                  Reply<Empty> reply) {
  guest_.Teardown();
  AnswerEmpty(std::move(reply), absl::OkStatus());
  // Behind the answer, which leaves when the input at hand has been dealt with.
  if (context_.config.power_off) boost::asio::post(context_.loop, context_.config.power_off);
}

void AgentService::UpdateEphemeralMounts(const grpc::UpdateEphemeralMountsRequest& request,
                                         const Call&, Reply<Empty> reply) {
  absl::Status status;
  for (const grpc::Storage& storage : request.storages()) {
    status.Update(Remount(context_.paths, context_.disks, storage));
  }
  AnswerEmpty(std::move(reply), status);
}

void AgentService::RemoveStaleVirtiofsShareMounts(
    const grpc::RemoveStaleVirtiofsShareMountsRequest&, const Call&, Reply<Empty> reply) {
  // What the host takes away disappears here by itself.
  AnswerEmpty(std::move(reply), absl::OkStatus());
}

void AgentService::GetDiagnosticData(const grpc::GetDiagnosticDataRequest& request, const Call&,
                                     Reply<grpc::GetDiagnosticDataResponse> reply) {
  std::move(reply)(absl::UnimplementedError(
      absl::StrCat("log type \"", request.log_type(), "\": this guest keeps no logs")));
}

void AgentService::UpdateInterface(const grpc::UpdateInterfaceRequest& request, const Call&,
                                   Reply<types::Interface> reply) {
  std::move(reply)(context_.network.UpdateInterface(request));
}

void AgentService::UpdateRoutes(const grpc::UpdateRoutesRequest& request, const Call&,
                                Reply<grpc::Routes> reply) {
  std::move(reply)(context_.network.UpdateRoutes(request));
}

void AgentService::ListInterfaces(const grpc::ListInterfacesRequest&, const Call&,
                                  Reply<grpc::Interfaces> reply) {
  std::move(reply)(context_.network.Interfaces());
}

void AgentService::ListRoutes(const grpc::ListRoutesRequest&, const Call&,
                              Reply<grpc::Routes> reply) {
  std::move(reply)(context_.network.Routes());
}

void AgentService::AddARPNeighbors(const grpc::AddARPNeighborsRequest& request, const Call&,
                                   Reply<Empty> reply) {
  AnswerEmpty(std::move(reply), context_.network.AddNeighbors(request));
}

void AgentService::GetIPTables(const grpc::GetIPTablesRequest& request, const Call&,
                               Reply<grpc::GetIPTablesResponse> reply) {
  grpc::GetIPTablesResponse response;
  response.set_data(context_.network.tables(request.is_ipv6()));
  std::move(reply)(response);
}

void AgentService::SetIPTables(const grpc::SetIPTablesRequest& request, const Call&,
                               Reply<grpc::SetIPTablesResponse> reply) {
  context_.network.tables(request.is_ipv6()) = request.data();
  std::move(reply)(grpc::SetIPTablesResponse());
}

void AgentService::GetMetrics(const grpc::GetMetricsRequest&, const Call&,
                              Reply<grpc::Metrics> reply) {
  grpc::Metrics response;
  std::string& text = *response.mutable_metrics();
  const auto load = base::ReadKernelFile("/proc/loadavg");
  const auto gauge = [&text](absl::string_view name, absl::string_view help,
                             const std::string& value) {
    absl::StrAppend(&text, "# HELP ", name, " ", help, "\n# TYPE ", name, " gauge\n", name, " ",
                    value, "\n");
  };
  gauge("kata_agent_containers", "Containers in the guest.",
        absl::StrCat(guest_.container_count()));
  if (load.ok()) {
    gauge("kata_guest_load", "Load of the guest, one minute.", load->substr(0, load->find(' ')));
  }
  std::move(reply)(response);
}

void AgentService::GetGuestDetails(const grpc::GuestDetailsRequest& request, const Call&,
                                   Reply<grpc::GuestDetailsResponse> reply) {
  grpc::GuestDetailsResponse response;
  if (request.mem_block_size()) response.set_mem_block_size_bytes(kGuestMemoryBlockBytes);
  response.set_support_mem_hotplug_probe(false);
  grpc::AgentDetails& details = *response.mutable_agent_details();
  details.set_version(kAgentVersion);
  details.set_init_daemon(context_.config.is_init);
  details.set_supports_seccomp(true);
  for (const char* name : {"virtio-fs", "9p", "ephemeral", "local", "bind", "blk"}) {
    details.add_storage_handlers(name);
  }
  std::move(reply)(response);
}

void AgentService::GetVolumeStats(const grpc::VolumeStatsRequest& request, const Call&,
                                  Reply<grpc::VolumeStatsResponse> reply) {
  const absl::StatusOr<std::string> path = context_.paths.Resolve(request.volume_guest_path());
  if (!path.ok()) return std::move(reply)(path.status());
  struct statvfs info {};
  if (::statvfs(path->c_str(), &info) != 0) {
    return std::move(reply)(base::ErrnoStatus(errno, request.volume_guest_path()));
  }
  grpc::VolumeStatsResponse response;
  const std::uint64_t unit = info.f_frsize;
  AddUsage(response, grpc::VolumeUsage::BYTES, info.f_blocks * unit, info.f_bfree * unit,
           info.f_bavail * unit);
  AddUsage(response, grpc::VolumeUsage::INODES, info.f_files, info.f_ffree, info.f_favail);
  response.mutable_volume_condition()->set_abnormal(false);
  response.mutable_volume_condition()->set_message("OK");
  std::move(reply)(response);
}

void AgentService::OnlineCPUMem(const grpc::OnlineCPUMemRequest&, const Call&, Reply<Empty> reply) {
  // The processors of the host are there, whatever the hypervisor counts.
  AnswerEmpty(std::move(reply), absl::OkStatus());
}

void AgentService::ReseedRandomDev(const grpc::ReseedRandomDevRequest& request, const Call&,
                                   Reply<Empty> reply) {
  if (request.data().empty()) {
    return std::move(reply)(absl::InvalidArgumentError("data: expected random bytes"));
  }
  AnswerEmpty(std::move(reply), absl::OkStatus());
}

void AgentService::MemHotplugByProbe(const grpc::MemHotplugByProbeRequest&, const Call&,
                                     Reply<Empty> reply) {
  std::move(reply)(absl::InternalError(
      "/sys/devices/system/memory/probe: this guest has no memory hotplug by probe"));
}

void AgentService::MemAgentMemcgSet(const grpc::MemAgentMemcgConfig&, const Call&,
                                    Reply<Empty> reply) {
  std::move(reply)(absl::UnimplementedError("the memory agent is disabled"));
}

void AgentService::MemAgentCompactSet(const grpc::MemAgentCompactConfig&, const Call&,
                                      Reply<Empty> reply) {
  std::move(reply)(absl::UnimplementedError("the memory agent is disabled"));
}

void AgentService::SetGuestDateTime(const grpc::SetGuestDateTimeRequest& request, const Call&,
                                    Reply<Empty> reply) {
  AnswerEmpty(std::move(reply), SetClock(request, context_.config.is_init));
}

void AgentService::CopyFile(const grpc::CopyFileRequest& request, const Call&, Reply<Empty> reply) {
  AnswerEmpty(std::move(reply), fakes::CopyFile(context_.paths, request));
}

void AgentService::AddSwap(const grpc::AddSwapRequest&, const Call&, Reply<Empty> reply) {
  std::move(reply)(absl::InternalError("swap: this guest has no such device"));
}

void AgentService::AddSwapPath(const grpc::AddSwapPathRequest& request, const Call&,
                               Reply<Empty> reply) {
  std::move(reply)(
      absl::InternalError(absl::StrCat("swap: this guest has no device ", request.path())));
}

void AgentService::ResizeVolume(const grpc::ResizeVolumeRequest&, const Call&, Reply<Empty> reply) {
  std::move(reply)(absl::UnimplementedError("resize_volume is not implemented by this agent"));
}

void AgentService::SetPolicy(const grpc::SetPolicyRequest&, const Call&, Reply<Empty> reply) {
  std::move(reply)(absl::UnimplementedError("this agent has no policy"));
}

}  // namespace fakes
