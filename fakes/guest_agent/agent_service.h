// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "agent/agent.ttrpc.h"
#include "agent/health.ttrpc.h"
#include "fakes/guest_agent/guest.h"
#include "fakes/guest_agent/guest_context.h"

namespace fakes {

// grpc.AgentService of one guest: each call in the words of the protocol. In three files, as the
// calls are grouped here.
class AgentService final : public grpc::AgentService {
 public:
  // All borrowed.
  AgentService(GuestContext& context, Guest& guest) : context_(context), guest_(guest) {}

  template <typename T>
  using Reply = ttrpc::Reply<T>;
  using Call = ttrpc::CallInfo;
  using Empty = google::protobuf::Empty;

  // Containers and processes.
  void CreateContainer(const grpc::CreateContainerRequest& request, const Call&,
                       Reply<Empty> reply) override;
  void StartContainer(const grpc::StartContainerRequest& request, const Call&,
                      Reply<Empty> reply) override;
  void RemoveContainer(const grpc::RemoveContainerRequest& request, const Call&,
                       Reply<Empty> reply) override;
  void ExecProcess(const grpc::ExecProcessRequest& request, const Call&,
                   Reply<Empty> reply) override;
  void SignalProcess(const grpc::SignalProcessRequest& request, const Call&,
                     Reply<Empty> reply) override;
  void WaitProcess(const grpc::WaitProcessRequest& request, const Call&,
                   Reply<grpc::WaitProcessResponse> reply) override;
  void UpdateContainer(const grpc::UpdateContainerRequest& request, const Call&,
                       Reply<Empty> reply) override;
  void StatsContainer(const grpc::StatsContainerRequest& request, const Call&,
                      Reply<grpc::StatsContainerResponse> reply) override;
  void PauseContainer(const grpc::PauseContainerRequest& request, const Call&,
                      Reply<Empty> reply) override;
  void ResumeContainer(const grpc::ResumeContainerRequest& request, const Call&,
                       Reply<Empty> reply) override;
  void GetOOMEvent(const grpc::GetOOMEventRequest& request, const Call&,
                   Reply<grpc::OOMEvent> reply) override;

  // Stdio.
  void WriteStdin(const grpc::WriteStreamRequest& request, const Call&,
                  Reply<grpc::WriteStreamResponse> reply) override;
  void ReadStdout(const grpc::ReadStreamRequest& request, const Call&,
                  Reply<grpc::ReadStreamResponse> reply) override;
  void ReadStderr(const grpc::ReadStreamRequest& request, const Call&,
                  Reply<grpc::ReadStreamResponse> reply) override;
  void CloseStdin(const grpc::CloseStdinRequest& request, const Call&, Reply<Empty> reply) override;
  void TtyWinResize(const grpc::TtyWinResizeRequest& request, const Call&,
                    Reply<Empty> reply) override;

  // The guest itself.
  void CreateSandbox(const grpc::CreateSandboxRequest& request, const Call&,
                     Reply<Empty> reply) override;
  void DestroySandbox(const grpc::DestroySandboxRequest& request, const Call&,
                      Reply<Empty> reply) override;
  void UpdateEphemeralMounts(const grpc::UpdateEphemeralMountsRequest& request, const Call&,
                             Reply<Empty> reply) override;
  void RemoveStaleVirtiofsShareMounts(const grpc::RemoveStaleVirtiofsShareMountsRequest& request,
                                      const Call&, Reply<Empty> reply) override;
  void GetDiagnosticData(const grpc::GetDiagnosticDataRequest& request, const Call&,
                         Reply<grpc::GetDiagnosticDataResponse> reply) override;
  void UpdateInterface(const grpc::UpdateInterfaceRequest& request, const Call&,
                       Reply<types::Interface> reply) override;
  void UpdateRoutes(const grpc::UpdateRoutesRequest& request, const Call&,
                    Reply<grpc::Routes> reply) override;
  void ListInterfaces(const grpc::ListInterfacesRequest& request, const Call&,
                      Reply<grpc::Interfaces> reply) override;
  void ListRoutes(const grpc::ListRoutesRequest& request, const Call&,
                  Reply<grpc::Routes> reply) override;
  void AddARPNeighbors(const grpc::AddARPNeighborsRequest& request, const Call&,
                       Reply<Empty> reply) override;
  void GetIPTables(const grpc::GetIPTablesRequest& request, const Call&,
                   Reply<grpc::GetIPTablesResponse> reply) override;
  void SetIPTables(const grpc::SetIPTablesRequest& request, const Call&,
                   Reply<grpc::SetIPTablesResponse> reply) override;
  void GetMetrics(const grpc::GetMetricsRequest& request, const Call&,
                  Reply<grpc::Metrics> reply) override;
  void GetGuestDetails(const grpc::GuestDetailsRequest& request, const Call&,
                       Reply<grpc::GuestDetailsResponse> reply) override;
  void GetVolumeStats(const grpc::VolumeStatsRequest& request, const Call&,
                      Reply<grpc::VolumeStatsResponse> reply) override;
  void OnlineCPUMem(const grpc::OnlineCPUMemRequest& request, const Call&,
                    Reply<Empty> reply) override;
  void ReseedRandomDev(const grpc::ReseedRandomDevRequest& request, const Call&,
                       Reply<Empty> reply) override;
  void MemHotplugByProbe(const grpc::MemHotplugByProbeRequest& request, const Call&,
                         Reply<Empty> reply) override;
  void MemAgentMemcgSet(const grpc::MemAgentMemcgConfig& request, const Call&,
                        Reply<Empty> reply) override;
  void MemAgentCompactSet(const grpc::MemAgentCompactConfig& request, const Call&,
                          Reply<Empty> reply) override;
  void SetGuestDateTime(const grpc::SetGuestDateTimeRequest& request, const Call&,
                        Reply<Empty> reply) override;
  void CopyFile(const grpc::CopyFileRequest& request, const Call&, Reply<Empty> reply) override;
  void AddSwap(const grpc::AddSwapRequest& request, const Call&, Reply<Empty> reply) override;
  void AddSwapPath(const grpc::AddSwapPathRequest& request, const Call&,
                   Reply<Empty> reply) override;
  void ResizeVolume(const grpc::ResizeVolumeRequest& request, const Call&,
                    Reply<Empty> reply) override;
  void SetPolicy(const grpc::SetPolicyRequest& request, const Call&, Reply<Empty> reply) override;

 private:
  void Read(const grpc::ReadStreamRequest& request, GuestProcess::Stream stream,
            Reply<grpc::ReadStreamResponse> reply);

  // What a lost caller leads to, if this is still there then.
  template <typename Response>
  void OnAbandoned(Reply<Response>& reply, std::function<void(AgentService&)> act) {
    reply.OnAbandoned([weak = std::weak_ptr<AgentService*>(alive_), act = std::move(act)] {
      if (const auto self = weak.lock()) act(**self);
    });
  }

  GuestContext& context_;
  Guest& guest_;
  // Owned here alone.
  std::shared_ptr<AgentService*> alive_ = std::make_shared<AgentService*>(this);
};

// grpc.Health of a guest that answers.
class HealthService final : public grpc::HealthService {
 public:
  void Check(const grpc::CheckRequest& request, const ttrpc::CallInfo&,
             ttrpc::Reply<grpc::HealthCheckResponse> reply) override;
  void Version(const grpc::CheckRequest& request, const ttrpc::CallInfo&,
               ttrpc::Reply<grpc::VersionCheckResponse> reply) override;
};

// Semantic version of this agent.
inline constexpr char kAgentVersion[] = "0.1.0";

// The answer to a call that has none of its own.
void AnswerEmpty(ttrpc::Reply<google::protobuf::Empty> reply, const absl::Status& status);

}  // namespace fakes
