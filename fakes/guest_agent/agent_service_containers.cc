// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <utility>

#include "fakes/guest_agent/agent_service.h"
#include "fakes/guest_agent/spec_from_proto.h"

namespace fakes {
namespace {

GuestContainer::Done Answer(AgentService::Reply<AgentService::Empty> reply) {
  return [reply = std::move(reply)](const absl::Status& status) mutable {
    AnswerEmpty(std::move(reply), status);
  };
}

}  // namespace

void AnswerEmpty(ttrpc::Reply<google::protobuf::Empty> reply, const absl::Status& status) {
  if (status.ok()) {
    std::move(reply)(google::protobuf::Empty());
  } else {
    std::move(reply)(status);
  }
}

void AgentService::CreateContainer(const grpc::CreateContainerRequest& request, const Call&,
                                   Reply<Empty> reply) {
  guest_.CreateContainer(request, Answer(std::move(reply)));
}

void AgentService::StartContainer(const grpc::StartContainerRequest& request, const Call&,
                                  Reply<Empty> reply) {
  const auto container = guest_.Find(request.container_id());
  if (!container.ok()) return std::move(reply)(container.status());
  (*container)->Start(Answer(std::move(reply)));
}

void AgentService::RemoveContainer(const grpc::RemoveContainerRequest& request, const Call&,
                                   Reply<Empty> reply) {
  guest_.RemoveContainer(request.container_id(), request.timeout(), Answer(std::move(reply)));
}

void AgentService::ExecProcess(const grpc::ExecProcessRequest& request, const Call&,
                               Reply<Empty> reply) {
  if (const absl::Status fits = CheckGuestId("exec_id", request.exec_id()); !fits.ok()) {
    return std::move(reply)(fits);
  }
  const auto container = guest_.Find(request.container_id());
  if (!container.ok()) return std::move(reply)(container.status());
  (*container)
      ->RunExec(request.exec_id(), ProcessFromProto(request.process()), Answer(std::move(reply)));
}

void AgentService::SignalProcess(const grpc::SignalProcessRequest& request, const Call&,
                                 Reply<Empty> reply) {
  const auto container = guest_.Find(request.container_id());
  if (!container.ok()) return std::move(reply)(container.status());
  const absl::Status sent =
      (*container)->Signal(request.exec_id(), static_cast<int>(request.signal()));
  AnswerEmpty(std::move(reply), sent);
}

void AgentService::WaitProcess(const grpc::WaitProcessRequest& request, const Call&,
                               Reply<grpc::WaitProcessResponse> reply) {
  const absl::StatusOr<GuestProcess*> process =
      guest_.FindProcess(request.container_id(), request.exec_id());
  if (!process.ok()) return std::move(reply)(process.status());
  // Shared by the wait and by what ends it when the caller has gone.
  auto shared = std::make_shared<Reply<grpc::WaitProcessResponse>>(std::move(reply));
  const std::uint64_t wait = (*process)->Wait([shared](int status) {
    grpc::WaitProcessResponse response;
    response.set_status(status);
    std::move (*shared)(response);
  });
  if (wait == 0) return;
  OnAbandoned(*shared,
              [id = request.container_id(), exec_id = request.exec_id(), wait](AgentService& self) {
                const absl::StatusOr<GuestProcess*> waited = self.guest_.FindProcess(id, exec_id);
                if (waited.ok()) (*waited)->CancelWait(wait);
              });
}

void AgentService::UpdateContainer(const grpc::UpdateContainerRequest& request, const Call&,
                                   Reply<Empty> reply) {
  const auto container = guest_.Find(request.container_id());
  if (!container.ok()) return std::move(reply)(container.status());
  AnswerEmpty(std::move(reply), (*container)->Update(ResourcesFromProto(request.resources())));
}

void AgentService::StatsContainer(const grpc::StatsContainerRequest& request, const Call&,
                                  Reply<grpc::StatsContainerResponse> reply) {
  const auto container = guest_.Find(request.container_id());
  if (!container.ok()) return std::move(reply)(container.status());
  std::move(reply)((*container)->Stats());
}

void AgentService::PauseContainer(const grpc::PauseContainerRequest& request, const Call&,
                                  Reply<Empty> reply) {
  const auto container = guest_.Find(request.container_id());
  if (!container.ok()) return std::move(reply)(container.status());
  (*container)->Pause(Answer(std::move(reply)));
}

void AgentService::ResumeContainer(const grpc::ResumeContainerRequest& request, const Call&,
                                   Reply<Empty> reply) {
  const auto container = guest_.Find(request.container_id());
  if (!container.ok()) return std::move(reply)(container.status());
  AnswerEmpty(std::move(reply), (*container)->Resume());
}

void AgentService::GetOOMEvent(const grpc::GetOOMEventRequest&, const Call&,
                               Reply<grpc::OOMEvent> reply) {
  // As in WaitProcess.
  auto shared = std::make_shared<Reply<grpc::OOMEvent>>(std::move(reply));
  const std::uint64_t wait = context_.ooms.Await([shared](const std::string& container) {
    grpc::OOMEvent event;
    event.set_container_id(container);
    std::move (*shared)(event);
  });
  if (wait == 0) return;
  OnAbandoned(*shared, [wait](AgentService& self) { self.context_.ooms.Cancel(wait); });
}

}  // namespace fakes
