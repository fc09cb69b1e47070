// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/agent.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <map>
#include <utility>

#include "agent/agent.ttrpc.h"
#include "agent/health.ttrpc.h"
#include "base/status_macros.h"
#include "reference-shim/backends/vm/agent_metrics.h"
#include "reference-shim/backends/vm/agent_network.h"
#include "reference-shim/backends/vm/agent_spec.h"
#include "reference-shim/backends/vm/guest_spec.h"
#include "reference-shim/backends/vm/trace.h"
#include "vm/guest_channel.h"

namespace backends {
namespace {

constexpr int kNoSignal = 127;

// Agents answer with errno's text where ttrpc has a code for it.
absl::Status Understood(const absl::Status& status) {
  if (absl::StrContains(status.message(), "ESRCH") ||
      absl::StrContains(status.message(), "No such process")) {
    return absl::NotFoundError(status.message());
  }
  return status;
}

// The continuation of a call whose answer says nothing but yes. std::function wants a copy, hence
// the shared pointer, which only the one copy that runs uses.
template <typename Response>
std::function<void(absl::StatusOr<Response>)> Plain(const char* what, shim::Done<> done) {
  auto shared = std::make_shared<shim::Done<>>(std::move(done));
  return [what, shared](const absl::StatusOr<Response>& response) {
    (*shared)(base::Annotate(Understood(response.status()), what));
  };
}

// The same for an answer that `read` makes something of.
template <typename Response, typename Result, typename Function>
std::function<void(absl::StatusOr<Response>)> Reading(
    const char* what, absl::AnyInvocable<void(absl::StatusOr<Result>)> done, Function read) {
  auto shared = std::make_shared<shim::Done<Result>>(std::move(done));
  return [what, shared, read](absl::StatusOr<Response> response) {
    if (!response.ok()) {
      return (*shared)(base::Annotate(Understood(response.status()), what));
    }
    (*shared)(read(*response));
  };
}

template <typename Request>
Request For(const GuestProcessKey& process) {
  Request request;
  request.set_container_id(process.container);
  request.set_exec_id(process.exec);
  return request;
}

template <typename Request>
Request For(const std::string& container) {
  Request request;
  request.set_container_id(container);
  return request;
}

// As long as a process runs, as many as it prints pieces, or no part of anything.
bool IsTraced(absl::string_view method) {
  return method != "WaitProcess" && method != "GetOOMEvent" && method != "Check" &&
         method != "ReadStdout" && method != "ReadStderr" && method != "WriteStdin";
}

ttrpc::ClientObserver ObserverFor(Tracer& tracer) {
  const auto spans = std::make_shared<std::map<std::uint32_t, Tracer::Span>>();  // by stream
  return {.on_request =
              [&tracer, spans](std::uint32_t stream, absl::string_view service,
                               absl::string_view method, absl::string_view payload) {
                if (!IsTraced(method)) return;
                (*spans)[stream] =
                    tracer.Begin(absl::StrCat(service, "/", method), shim::CallLog::IdOf(payload));
              },
          .on_reply =
              [&tracer, spans](std::uint32_t stream, const absl::StatusOr<std::string>& result) {
                auto span = spans->extract(stream);
                if (!span.empty()) tracer.End(std::move(span.mapped()), result.status());
              }};
}

using google::protobuf::Empty;

}  // namespace

struct Agent::Wire {
  Wire(boost::asio::io_context& loop, base::UniqueFd connection,
       std::chrono::milliseconds call_timeout)
      : client(loop, std::move(connection)), agent(client), health(client) {
    usual.timeout = call_timeout;
  }

  static ttrpc::CallOptions Within(std::chrono::milliseconds timeout) {
    ttrpc::CallOptions options;
    options.timeout = timeout;
    return options;
  }

  ttrpc::Client client;
  grpc::AgentServiceClient agent;
  grpc::HealthClient health;
  ttrpc::CallOptions usual;
  ttrpc::CallOptions endless;
};

Agent::Agent(boost::asio::io_context& loop, base::UniqueFd connection,
             std::chrono::milliseconds call_timeout, Tracer* tracer)
    : wire_(std::make_unique<Wire>(loop, std::move(connection), call_timeout)) {
  if (tracer != nullptr) wire_->client.Observe(ObserverFor(*tracer));
}

Agent::~Agent() = default;

void Agent::OnClosed(std::function<void(absl::Status)> closed) {
  wire_->client.OnClosed(std::move(closed));
}

// --- the sandbox ----------------------------------------------------------------------------

void Agent::Check(std::chrono::milliseconds timeout, shim::Done<> done) {
  wire_->health.Check({}, Wire::Within(timeout),
                      Plain<grpc::HealthCheckResponse>("Check", std::move(done)));
}

void Agent::CreateSandbox(const std::string& sandbox_id, const std::string& hostname,
                          shim::Done<> done) {
  grpc::CreateSandboxRequest request;
  request.set_sandbox_id(sandbox_id);
  request.set_hostname(hostname);
  grpc::Storage& shared = *request.add_storages();
  shared.set_driver("virtio-fs");
  shared.set_source(vm::kSharedTag);
  shared.set_fstype("virtiofs");
  shared.add_options("nodev");
  shared.set_mount_point(kGuestSharedDirectory);
  grpc::Storage& shm = *request.add_storages();
  shm.set_driver("ephemeral");
  shm.set_source("shm");
  shm.set_fstype("tmpfs");
  for (const char* option : {"noexec", "nosuid", "nodev", "mode=1777", "size=67108864"}) {
    shm.add_options(option);
  }
  shm.set_mount_point(kGuestShm);
  wire_->agent.CreateSandbox(request, wire_->usual, Plain<Empty>("CreateSandbox", std::move(done)));
}

void Agent::DestroySandbox(std::chrono::milliseconds timeout, shim::Done<> done) {
  wire_->agent.DestroySandbox({}, Wire::Within(timeout),
                              Plain<Empty>("DestroySandbox", std::move(done)));
}

void Agent::UpdateInterface(const PodNic& nic, shim::Done<> done) {
  grpc::UpdateInterfaceRequest request;
  *request.mutable_interface() = ToInterface(nic);
  wire_->agent.UpdateInterface(request, wire_->usual,
                               Plain<types::Interface>("UpdateInterface", std::move(done)));
}

void Agent::AddNeighbors(const PodNetwork& network, shim::Done<> done) {
  grpc::AddARPNeighborsRequest request;
  *request.mutable_neighbors() = ToNeighbors(network);
  wire_->agent.AddARPNeighbors(request, wire_->usual,
                               Plain<Empty>("AddARPNeighbors", std::move(done)));
}

void Agent::UpdateRoutes(const PodNetwork& network, shim::Done<> done) {
  grpc::UpdateRoutesRequest request;
  *request.mutable_routes() = ToRoutes(network);
  wire_->agent.UpdateRoutes(request, wire_->usual,
                            Plain<grpc::Routes>("UpdateRoutes", std::move(done)));
}

void Agent::GetOomEvent(shim::Done<std::string> done) {
  wire_->agent.GetOOMEvent({}, wire_->endless,
                           Reading<grpc::OOMEvent, std::string>(
                               "GetOOMEvent", std::move(done),
                               [](const grpc::OOMEvent& event) { return event.container_id(); }));
}

// --- containers -----------------------------------------------------------------------------

void Agent::OnlineCpuMem(std::uint32_t vcpus, bool memory, shim::Done<> done) {
  grpc::OnlineCPUMemRequest request;
  request.set_nb_cpus(vcpus);
  request.set_cpu_only(!memory);
  wire_->agent.OnlineCPUMem(request, wire_->usual, Plain<Empty>("OnlineCPUMem", std::move(done)));
}

void Agent::CreateContainer(const std::string& container, const oci::Spec& spec,
                            const std::vector<GuestStorage>& storages, shim::Done<> done) {
  auto request = For<grpc::CreateContainerRequest>(GuestProcessKey{container, container});
  for (const GuestStorage& storage : storages) ToAgentStorage(storage, *request.add_storages());
  const absl::Status converted = ToAgentSpec(spec, *request.mutable_oci());
  if (!converted.ok()) return done(converted);
  wire_->agent.CreateContainer(request, wire_->usual,
                               Plain<Empty>("CreateContainer", std::move(done)));
}

void Agent::StartContainer(const std::string& container, shim::Done<> done) {
  wire_->agent.StartContainer(For<grpc::StartContainerRequest>(container), wire_->usual,
                              Plain<Empty>("StartContainer", std::move(done)));
}

void Agent::RemoveContainer(const std::string& container, std::chrono::milliseconds timeout,
                            shim::Done<> done) {
  wire_->agent.RemoveContainer(For<grpc::RemoveContainerRequest>(container), Wire::Within(timeout),
                               Plain<Empty>("RemoveContainer", std::move(done)));
}

void Agent::Pause(const std::string& container, shim::Done<> done) {
  wire_->agent.PauseContainer(For<grpc::PauseContainerRequest>(container), wire_->usual,
                              Plain<Empty>("PauseContainer", std::move(done)));
}

void Agent::Resume(const std::string& container, shim::Done<> done) {
  wire_->agent.ResumeContainer(For<grpc::ResumeContainerRequest>(container), wire_->usual,
                               Plain<Empty>("ResumeContainer", std::move(done)));
}

void Agent::Update(const std::string& container, const oci::Resources& resources,
                   shim::Done<> done) {
  auto request = For<grpc::UpdateContainerRequest>(container);
  ToAgentResources(resources, *request.mutable_resources());
  wire_->agent.UpdateContainer(request, wire_->usual,
                               Plain<Empty>("UpdateContainer", std::move(done)));
}

void Agent::Stats(const std::string& container, shim::Done<shim::Opaque> done) {
  wire_->agent.StatsContainer(For<grpc::StatsContainerRequest>(container), wire_->usual,
                              Reading<grpc::StatsContainerResponse, shim::Opaque>(
                                  "StatsContainer", std::move(done), &ToMetrics));
}

// --- what is asked about the guest ----------------------------------------------------------

void Agent::GetMetrics(shim::Done<std::string> done) {
  wire_->agent.GetMetrics({}, wire_->usual,
                          Reading<grpc::Metrics, std::string>(
                              "GetMetrics", std::move(done), [](grpc::Metrics& metrics) {
                                return std::move(*metrics.mutable_metrics());
                              }));
}

void Agent::GetIpTables(bool ipv6, shim::Done<std::string> done) {
  grpc::GetIPTablesRequest request;
  request.set_is_ipv6(ipv6);
  wire_->agent.GetIPTables(
      request, wire_->usual,
      Reading<grpc::GetIPTablesResponse, std::string>(
          "GetIPTables", std::move(done),
          [](grpc::GetIPTablesResponse& response) { return std::move(*response.mutable_data()); }));
}

void Agent::SetIpTables(bool ipv6, const std::string& tables, shim::Done<std::string> done) {
  grpc::SetIPTablesRequest request;
  request.set_is_ipv6(ipv6);
  request.set_data(tables);
  wire_->agent.SetIPTables(
      request, wire_->usual,
      Reading<grpc::SetIPTablesResponse, std::string>(
          "SetIPTables", std::move(done),
          [](grpc::SetIPTablesResponse& response) { return std::move(*response.mutable_data()); }));
}

void Agent::GetVolume(const std::string& path, shim::Done<GuestVolume> done) {
  grpc::VolumeStatsRequest request;
  request.set_volume_guest_path(path);
  wire_->agent.GetVolumeStats(
      request, wire_->usual,
      Reading<grpc::VolumeStatsResponse, GuestVolume>(
          "GetVolumeStats", std::move(done), [](const grpc::VolumeStatsResponse& response) {
            GuestVolume volume;
            for (const grpc::VolumeUsage& usage : response.usage()) {
              volume.usage.push_back({.available = usage.available(),
                                      .total = usage.total(),
                                      .used = usage.used(),
                                      .unit = static_cast<int>(usage.unit())});
            }
            volume.abnormal = response.volume_condition().abnormal();
            volume.message = response.volume_condition().message();
            return volume;
          }));
}

void Agent::ResizeVolume(const std::string& path, std::uint64_t bytes, shim::Done<> done) {
  grpc::ResizeVolumeRequest request;
  request.set_volume_guest_path(path);
  request.set_size(bytes);
  wire_->agent.ResizeVolume(request, wire_->usual, Plain<Empty>("ResizeVolume", std::move(done)));
}

// --- processes ------------------------------------------------------------------------------

void Agent::ExecProcess(const GuestProcessKey& process, const oci::Process& spec,
                        shim::Done<> done) {
  auto request = For<grpc::ExecProcessRequest>(process);
  ToAgentProcess(spec, *request.mutable_process());
  wire_->agent.ExecProcess(request, wire_->usual, Plain<Empty>("ExecProcess", std::move(done)));
}

void Agent::SignalProcess(const GuestProcessKey& process, int signo,
                          std::chrono::milliseconds timeout, shim::Done<> done) {
  auto request = For<grpc::SignalProcessRequest>(process);
  request.set_signal(static_cast<std::uint32_t>(signo));
  wire_->agent.SignalProcess(request, Wire::Within(timeout),
                             Plain<Empty>("SignalProcess", std::move(done)));
}

// kill(2) looks for the process before it looks at the number. Signal 0 would not do: kata's agent
// takes "no such process" for success.
void Agent::HasEnded(const GuestProcessKey& process, std::chrono::milliseconds timeout,
                     shim::Done<bool> done) {
  SignalProcess(
      process, kNoSignal, timeout, [done = std::move(done)](const absl::Status& status) mutable {
        if (status.ok() || absl::IsNotFound(status)) return done(true);
        if (absl::IsInvalidArgument(status) || absl::StrContains(status.message(), "EINVAL")) {
          return done(false);
        }
        done(status);
      });
}

void Agent::WaitProcess(const GuestProcessKey& process, shim::Done<int> done) {
  wire_->agent.WaitProcess(
      For<grpc::WaitProcessRequest>(process), wire_->endless,
      Reading<grpc::WaitProcessResponse, int>(
          "WaitProcess", std::move(done),
          [](const grpc::WaitProcessResponse& response) -> int { return response.status(); }));
}

void Agent::Read(const GuestProcessKey& process, GuestOutput output, std::uint32_t bytes_max,
                 shim::Done<std::string> done) {
  auto request = For<grpc::ReadStreamRequest>(process);
  request.set_len(bytes_max);
  auto taken = Reading<grpc::ReadStreamResponse, std::string>(
      "ReadStdout", std::move(done),
      [](grpc::ReadStreamResponse& response) { return std::move(*response.mutable_data()); });
  if (output == GuestOutput::kErr) {
    return wire_->agent.ReadStderr(request, wire_->endless, std::move(taken));
  }
  wire_->agent.ReadStdout(request, wire_->endless, std::move(taken));
}

void Agent::Write(const GuestProcessKey& process, const std::string& data,
                  shim::Done<std::size_t> done) {
  auto request = For<grpc::WriteStreamRequest>(process);
  request.set_data(data);
  wire_->agent.WriteStdin(
      request, wire_->endless,
      Reading<grpc::WriteStreamResponse, std::size_t>(
          "WriteStdin", std::move(done),
          [](const grpc::WriteStreamResponse& response) -> std::size_t { return response.len(); }));
}

void Agent::CloseStdin(const GuestProcessKey& process, shim::Done<> done) {
  wire_->agent.CloseStdin(For<grpc::CloseStdinRequest>(process), wire_->usual,
                          Plain<Empty>("CloseStdin", std::move(done)));
}

void Agent::ResizeTerminal(const GuestProcessKey& process, shim::WindowSize size,
                           shim::Done<> done) {
  auto request = For<grpc::TtyWinResizeRequest>(process);
  request.set_row(size.height);
  request.set_column(size.width);
  wire_->agent.TtyWinResize(request, wire_->usual, Plain<Empty>("TtyWinResize", std::move(done)));
}

}  // namespace backends
