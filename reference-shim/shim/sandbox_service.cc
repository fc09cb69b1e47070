// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/sandbox_service.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "containerd/identifiers.h"
#include "containerd/timestamps.h"
#include "cri/v1/pod.pb.h"
#include "oci/annotations.h"
#include "oci/bundle.h"
#include "reference-shim/shim/limits.h"

namespace shim {
namespace {

namespace v1 = containerd::runtime::sandbox::v1;

constexpr absl::string_view kPodType = "runtime.v1.PodSandboxConfig";
// The enumerators of Kubernetes' PodSandboxState, by name (SBX-09).
constexpr char kReady[] = "SANDBOX_READY";
constexpr char kNotReady[] = "SANDBOX_NOTREADY";

// GOARCH (SBX-08).
#if defined(__x86_64__)
constexpr char kArchitecture[] = "amd64";
#elif defined(__aarch64__)
constexpr char kArchitecture[] = "arm64";
#elif defined(__riscv) && __riscv_xlen == 64
constexpr char kArchitecture[] = "riscv64";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
constexpr char kArchitecture[] = "ppc64le";
#elif defined(__s390x__)
constexpr char kArchitecture[] = "s390x";
#elif defined(__loongarch_lp64)
constexpr char kArchitecture[] = "loong64";
#else
#error "Go's name of this architecture is not known here"
#endif

template <typename Response>
Done<> EmptyAnswer(ttrpc::Reply<Response> reply) {
  return [reply = std::move(reply)](absl::Status status) mutable {
    if (!status.ok()) return std::move(reply)(std::move(status));
    std::move(reply)(Response());
  };
}

bool IsDirectory(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// Three may speak for a pod: a specification in the bundle, Kubernetes' description, the call
// itself; the later the more it counts.
absl::StatusOr<oci::StringMap> AnnotationsOf(const v1::CreateSandboxRequest& request) {
  oci::StringMap annotations;
  const absl::StatusOr<std::string> config = oci::ReadConfig(request.bundle_path());
  if (config.ok()) {
    ASSIGN_OR_RETURN(annotations, oci::ParseAnnotations(*config));
  } else if (!absl::IsNotFound(config.status())) {
    return config.status();
  }
  const std::string& type = request.options().type_url();
  if (type.substr(type.rfind('/') + 1) == std::string(kPodType)) {
    ::runtime::v1::PodSandboxConfig pod;
    if (!pod.ParseFromString(request.options().value())) {
      return absl::InvalidArgumentError(absl::StrCat("options: no ", kPodType));
    }
    for (const auto& [key, value] : pod.annotations()) annotations[key] = value;
  }
  for (const auto& [key, value] : request.annotations()) annotations[key] = value;
  return annotations;
}

std::chrono::milliseconds StopTimeout(std::uint32_t seconds) {
  return seconds == 0 ? kSandboxStopTimeout : std::chrono::seconds(seconds);
}

}  // namespace

SandboxService::SandboxService(const TaskContext& context, TaskService& tasks)
    : context_(context), tasks_(tasks) {
  tasks_.ObeySandbox(*this);
}

absl::Status SandboxService::AdmitTask() const {
  if (sandbox_ == nullptr || sandbox_->ready()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("sandbox ", sandbox_->id(), " is ", SandboxStateName(sandbox_->state())));
}

absl::StatusOr<PodSandbox*> SandboxService::Find(const std::string& id) const {
  if (sandbox_ != nullptr && sandbox_->id() == id) return sandbox_.get();
  return absl::NotFoundError(absl::StrCat("sandbox ", id, " not found"));
}

// --- from creation to the end ---------------------------------------------------------------

absl::Status SandboxService::CheckCreate(const CreateSandboxRequest& request) const {
  if (closed_) return absl::UnavailableError("the shim is shutting down");
  RETURN_IF_ERROR(containerd::ValidateIdentifier(request.sandbox_id()));
  if (!absl::StartsWith(request.bundle_path(), "/") || !IsDirectory(request.bundle_path())) {
    return absl::InvalidArgumentError("bundle_path has to be the absolute path of a directory");
  }
  if (!request.netns_path().empty() && !absl::StartsWith(request.netns_path(), "/")) {
    return absl::InvalidArgumentError("netns_path has to be an absolute path");
  }
  if (!request.rootfs().empty()) {
    return absl::InvalidArgumentError("a sandbox of this shim has no rootfs");
  }
  if (sandbox_ != nullptr && sandbox_->id() == request.sandbox_id()) {
    return absl::AlreadyExistsError(absl::StrCat("sandbox ", sandbox_->id(), " already exists"));
  }
  if (sandbox_ != nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("this is the shim of sandbox ", sandbox_->id()));
  }
  if (!tasks_.idle()) {
    return absl::FailedPreconditionError("this shim has containers without a sandbox");
  }
  return absl::OkStatus();
}

void SandboxService::CreateSandbox(const CreateSandboxRequest& request, const CallInfo&,
                                   Reply<CreateSandboxResponse> reply) {
  if (absl::Status valid = CheckCreate(request); !valid.ok()) {
    return std::move(reply)(std::move(valid));
  }
  absl::StatusOr<oci::StringMap> annotations = AnnotationsOf(request);
  if (!annotations.ok()) return std::move(reply)(annotations.status());
  tasks_.TrimMemory();
  absl::StatusOr<std::unique_ptr<PodSandbox>> made = PodSandbox::Make(
      context_, tasks_.sweep(),
      {.id = request.sandbox_id(),
       .bundle = request.bundle_path(),
       .options = {.type_url = request.options().type_url(), .value = request.options().value()},
       .annotations = *std::move(annotations),
       .network = request.netns_path(),
       .on_end = nullptr});
  if (!made.ok()) return std::move(reply)(EngineFailure(made.status()));
  sandbox_ = *std::move(made);
  std::move(reply)(CreateSandboxResponse());
}

void SandboxService::StartSandbox(const StartSandboxRequest& request, const CallInfo&,
                                  Reply<StartSandboxResponse> reply) {
  const absl::StatusOr<PodSandbox*> sandbox = Find(request.sandbox_id());
  if (!sandbox.ok()) return std::move(reply)(sandbox.status());
  (*sandbox)->Start(guard_.Wrap([this, reply = std::move(reply)](absl::Status status) mutable {
    tasks_.TrimMemory();
    if (!status.ok()) return std::move(reply)(std::move(status));
    StartSandboxResponse response;
    response.set_pid(static_cast<std::uint32_t>(sandbox_->pid()));
    *response.mutable_created_at() = containerd::ToTimestamp(sandbox_->created_at());
    std::move(reply)(response);
  }));
}

void SandboxService::StopSandbox(const StopSandboxRequest& request, const CallInfo&,
                                 Reply<StopSandboxResponse> reply) {
  const absl::StatusOr<PodSandbox*> sandbox = Find(request.sandbox_id());
  if (!sandbox.ok()) return std::move(reply)(sandbox.status());
  (*sandbox)->Stop(StopTimeout(request.timeout_secs()), EmptyAnswer(std::move(reply)));
  tasks_.TrimMemory();
}

void SandboxService::WaitSandbox(const WaitSandboxRequest& request, const CallInfo&,
                                 Reply<WaitSandboxResponse> reply) {
  const absl::StatusOr<PodSandbox*> sandbox = Find(request.sandbox_id());
  if (!sandbox.ok()) return std::move(reply)(sandbox.status());
  (*sandbox)->Wait(std::move(reply));
}

// --- what it is -----------------------------------------------------------------------------

void SandboxService::Platform(const PlatformRequest& request, const CallInfo&,
                              Reply<PlatformResponse> reply) {
  const absl::StatusOr<PodSandbox*> sandbox = Find(request.sandbox_id());
  if (!sandbox.ok()) return std::move(reply)(sandbox.status());
  PlatformResponse response;
  response.mutable_platform()->set_os("linux");
  response.mutable_platform()->set_architecture(kArchitecture);
  std::move(reply)(response);
}

void SandboxService::SandboxStatus(const SandboxStatusRequest& request, const CallInfo&,
                                   Reply<SandboxStatusResponse> reply) {
  const absl::StatusOr<PodSandbox*> found = Find(request.sandbox_id());
  if (!found.ok()) return std::move(reply)(found.status());
  const PodSandbox& sandbox = **found;
  SandboxStatusResponse response;
  response.set_sandbox_id(sandbox.id());
  response.set_pid(static_cast<std::uint32_t>(sandbox.pid()));
  response.set_state(sandbox.ready() ? kReady : kNotReady);
  *response.mutable_created_at() = containerd::ToTimestamp(sandbox.created_at());
  if (sandbox.end()) *response.mutable_exited_at() = containerd::ToTimestamp(sandbox.end()->at);
  if (request.verbose()) {
    // Members of what Kubernetes' tools show of a sandbox (SBX-12).
    (*response.mutable_info())["info"] =
        absl::StrCat("{\"pid\":", sandbox.pid(), ",\"processStatus\":\"",
                     SandboxStateName(sandbox.state()), "\"}");
  }
  std::move(reply)(response);
}

void SandboxService::PingSandbox(const PingRequest& request, const CallInfo&,
                                 Reply<PingResponse> reply) {
  EmptyAnswer(std::move(reply))(Find(request.sandbox_id()).status());
}

void SandboxService::SandboxMetrics(const SandboxMetricsRequest& request, const CallInfo&,
                                    Reply<SandboxMetricsResponse> reply) {
  const absl::StatusOr<PodSandbox*> sandbox = Find(request.sandbox_id());
  if (!sandbox.ok()) return std::move(reply)(sandbox.status());
  (*sandbox)->Sample(
      [id = request.sandbox_id(), reply = std::move(reply)](absl::StatusOr<Opaque> sample) mutable {
        if (!sample.ok()) return std::move(reply)(sample.status());
        SandboxMetricsResponse response;
        containerd::types::Metric& metric = *response.mutable_metrics();
        *metric.mutable_timestamp() = containerd::ToTimestamp(std::chrono::system_clock::now());
        metric.set_id(id);
        metric.mutable_data()->set_type_url(std::move(sample->type_url));
        metric.mutable_data()->set_value(std::move(sample->value));
        std::move(reply)(response);
      });
}

// --- shutdown -------------------------------------------------------------------------------

// In any state, also of a sandbox that never came to be (SBX-03); but not of somebody else's.
void SandboxService::ShutdownSandbox(const ShutdownSandboxRequest& request, const CallInfo&,
                                     Reply<ShutdownSandboxResponse> reply) {
  const bool empty = sandbox_ == nullptr && tasks_.idle();
  if (const absl::Status found = Find(request.sandbox_id()).status(); !found.ok() && !empty) {
    return std::move(reply)(found);
  }
  shutdown_replies_.push_back(std::move(reply));
  if (shutdown_replies_.size() > 1) return;
  if (empty) return EndShim();
  sandbox_->Stop(kSandboxStopTimeout, guard_.Wrap([this](const absl::Status& status) {
    if (!status.ok()) context_.log.Warning("sandbox ", sandbox_->id(), ": ", status.message());
    EndTasks();
  }));
}

// Nobody else would: containerd runs no `delete` for a container in a sandbox (SBX-34).
void SandboxService::EndTasks() {
  tasks_.sweep().Delete(kSandboxDeleteTimeout, guard_.Wrap([this](const absl::Status& status) {
    if (!status.ok()) context_.log.Warning("sandbox ", sandbox_->id(), ": ", status.message());
    EndShim();
  }));
}

void SandboxService::EndShim() {
  closed_ = true;
  tasks_.ShutDown();
}

void SandboxService::AnswerShutdown() {
  for (Reply<ShutdownSandboxResponse>& reply : std::exchange(shutdown_replies_, {})) {
    std::move(reply)(ShutdownSandboxResponse());
  }
}

void SandboxService::Dump() const {
  if (sandbox_ == nullptr) return;
  context_.log.Info("sandbox ", sandbox_->id(), " pid ", sandbox_->pid(), " ",
                    SandboxStateName(sandbox_->state()));
}

}  // namespace shim
