// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/shim_under_test_connection.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <utility>

#include "base/pidfd.h"
#include "base/status_macros.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/hang_report.h"
#include "conformance/harness/stack_dump.h"
#include "conformance/harness/vm_options.h"
#include "containerd/shim_address.h"
#include "runtime/sandbox/v1/sandbox.pb.h"
#include "task/v3/task.pb.h"
#include "ttrpc/client.h"

namespace conformance {
namespace {

using Lane = HistoryEntry::Lane;
using Clock = std::chrono::steady_clock;

constexpr char kSandboxService[] = "containerd.runtime.sandbox.v1.Sandbox";

// Beyond the wire's timeout the local one must not end a call first: who answered is the question.
constexpr std::chrono::hours kNeverLocally{24};

struct Slot {
  std::optional<absl::StatusOr<std::string>> result;
};

class PendingCall : public PendingReply {
 public:
  PendingCall(CheckScope& scope, DaemonTable& daemons, std::shared_ptr<Slot> slot, std::string what,
              pid_t daemon, const CallOptions& options)
      : scope_(scope),
        daemons_(daemons),
        slot_(std::move(slot)),
        what_(std::move(what)),
        daemon_(daemon) {
    cap_ = options.deadline.value_or(scope.rpc_limit());
    if (!options.deadline && options.wire_timeout) cap_ += *options.wire_timeout;
    expiry_is_legal_ = options.deadline.has_value();
  }

  bool done() const override { return slot_->result.has_value(); }

  absl::StatusOr<std::string> Get() override {
    const bool replied = scope_.RunUntil(
        absl::StrCat(what_, ": reply"), [this] { return done(); }, cap_);
    if (replied) return *slot_->result;
    if (expiry_is_legal_) {
      return absl::DeadlineExceededError(
          absl::StrCat("no reply within ", cap_.count(), " ms (the check's own limit)"));
    }
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - sent_);
    std::vector<std::string> report = HangReport(scope_.history(), daemon_);
    for (std::string& line : StackDump(scope_, daemons_, daemon_)) {
      report.push_back(std::move(line));
    }
    scope_.EndAsHang(absl::StrCat("the reply to ", what_),
                     absl::StrCat(what_, " is unanswered after ", age.count(), " ms"),
                     std::move(report));
  }

 private:
  CheckScope& scope_;
  DaemonTable& daemons_;
  const std::shared_ptr<Slot> slot_;  // shared with the client's callback
  const std::string what_;
  const pid_t daemon_;
  const Clock::time_point sent_ = Clock::now();
  std::chrono::milliseconds cap_;
  bool expiry_is_legal_ = false;
};

ttrpc::CallOptions ToWire(const CallOptions& options) {
  ttrpc::CallOptions wire;
  if (options.wire_timeout) {
    wire.timeout = *options.wire_timeout;
    wire.grace = kNeverLocally;
  }
  for (const auto& [key, value] : options.metadata) wire.metadata.push_back({key, value});
  return wire;
}

}  // namespace

absl::StatusOr<base::UniqueFd> Dial(const std::string& address) {
  ASSIGN_OR_RETURN(const containerd::Address parsed, containerd::ParseAddress(address));
  switch (parsed.transport) {
    case containerd::Address::Transport::kUnix:
      return ttrpc::ConnectUnix(parsed.path);
    case containerd::Address::Transport::kAbstract:
      return ttrpc::ConnectUnix(absl::StrCat("@", parsed.path));
    default:
      return absl::UnimplementedError(absl::StrCat("this judge does not dial ", address));
  }
}

ShimConnection::ShimConnection(CheckScope& scope, DaemonTable& daemons, std::size_t number,
                               std::string address, int task_version, base::UniqueFd socket)
    : scope_(scope),
      daemons_(daemons),
      number_(number),
      address_(std::move(address)),
      task_version_(task_version),
      client_(std::make_unique<ttrpc::Client>(scope.loop(), std::move(socket))) {
  client_->OnClosed([this](const absl::Status& why) {
    scope_.history().Add(Lane::kRpc,
                         absl::StrCat("connection ", number_, " closed: ", why.message()));
  });
}

ShimConnection::~ShimConnection() = default;

std::string ShimConnection::socket_path() const {
  const auto parsed = containerd::ParseAddress(address_);
  const bool file = parsed.ok() && parsed->transport == containerd::Address::Transport::kUnix;
  return file ? parsed->path : "";
}

std::string ShimConnection::TaskService() const {
  return absl::StrCat("containerd.task.v", task_version_, ".Task");
}

absl::Status ShimConnection::MeetDaemon(const CallOptions& options) {
  if (daemon_ != nullptr) return absl::OkStatus();
  const std::string id = daemons_.StartedFor(address_);
  absl::StatusOr<ConnectInfo> info = Connect(id, options);
  if (absl::IsUnimplemented(info.status()) && task_version_ > 2) {
    task_version_ = 2;
    info = Connect(id, options);
    if (info.ok()) scope_.Note("announces version 3 of the Task service but serves version 2");
  }
  RETURN_IF_ERROR(info.status());
  const auto pid = static_cast<pid_t>(info->shim_pid);
  if (pid <= 0 || pid == ::getpid() || !base::OpenPidfd(pid).ok()) {
    return absl::InternalError(
        absl::StrCat("Connect answered shim_pid ", info->shim_pid, ", which is no process"));
  }
  daemon_ = &daemons_.Know(pid, address_);
  daemon_->connections.insert(number_);
  return absl::OkStatus();
}

void ShimConnection::RequireDaemon() {
  const absl::Status status = MeetDaemon();
  if (status.ok()) return;
  Why why;
  why.code = absl::IsInternal(status) ? why::kReplyField : why::kReplyCode;
  why.text = "Connect tells who the daemon is";
  why.expected = "OK with shim_pid of the serving daemon";
  why.observed = status.ToString();
  why.requirement = "CONN-01";
  scope_.AddFailure(std::move(why));
  throw CheckEnded{};
}

pid_t ShimConnection::pid() {
  RequireDaemon();
  return daemon_->pid;
}

bool ShimConnection::alive() {
  // Whoever answers lives; whoever is unknown and does not answer cannot be told apart from dead.
  if (daemon_ == nullptr && (!connected() || !MeetDaemon().ok())) return false;
  return daemon_->alive();
}

bool ShimConnection::connected() const { return client_ && !client_->closed(); }

std::unique_ptr<PendingReply> ShimConnection::Begin(const std::string& service,
                                                    const std::string& method,
                                                    const std::string& request,
                                                    const CallOptions& options) {
  const bool of_sandbox = service == kSandboxService;
  if (of_sandbox && method == "ShutdownSandbox" && daemon_ != nullptr) {
    daemons_.NoteSandboxShutdown(*daemon_);
  }
  const std::size_t call = scope_.history().BeginCall(number_, service, method, request);
  auto slot = std::make_shared<Slot>();
  const auto finish = [this, call, slot, sandbox = of_sandbox ? request : std::string(),
                       method](absl::StatusOr<std::string> result) {
    scope_.history().EndCall(call, result);
    if (result.ok()) scope_.CountSignOfLife();
    if (result.ok() && !sandbox.empty()) NoteSandbox(method, sandbox);
    slot->result = std::move(result);
  };
  if (client_) {
    client_->Call(service, method, request, ToWire(options), finish);
  } else {
    finish(absl::UnavailableError("the check has closed this connection"));
  }
  const pid_t daemon = daemon_ == nullptr ? 0 : daemon_->pid;
  return std::make_unique<PendingCall>(scope_, daemons_, std::move(slot),
                                       scope_.history().TitleOf(call), daemon, options);
}

// All requests of the Sandbox service begin with the sandbox's id.
void ShimConnection::NoteSandbox(const std::string& method, const std::string& request) {
  containerd::runtime::sandbox::v1::PingRequest named;
  if (!named.ParseFromString(request)) return;
  if (method == "CreateSandbox") daemons_.sandboxes()[named.sandbox_id()] = number_;
  if (method == "ShutdownSandbox") daemons_.sandboxes().erase(named.sandbox_id());
}

std::unique_ptr<PendingReply> ShimConnection::CallAsync(const std::string& method,
                                                        const std::string& request,
                                                        const CallOptions& options) {
  return Begin(TaskService(), method, request, options);
}

absl::StatusOr<std::string> ShimConnection::Call(const std::string& method,
                                                 const std::string& request,
                                                 const CallOptions& options) {
  return Begin(TaskService(), method, request, options)->Get();
}

absl::StatusOr<std::string> ShimConnection::CallService(const std::string& service,
                                                        const std::string& method,
                                                        const std::string& request,
                                                        const CallOptions& options) {
  const bool makes_sandbox = service == kSandboxService && method == "CreateSandbox";
  return Begin(service, method, makes_sandbox ? WithVmOptions(request) : request, options)->Get();
}

// As Create has them, a sandbox of a shim that drives a hypervisor is told where its configuration
// is, unless the check has options of its own.
std::string ShimConnection::WithVmOptions(const std::string& request) {
  containerd::runtime::sandbox::v1::CreateSandboxRequest sandbox;
  if (scope_.profile().hypervisor.empty() || !sandbox.ParseFromString(request) ||
      sandbox.has_options()) {
    return request;
  }
  absl::StatusOr<std::string> vm_options = VmOptionsFor(scope_.profile(), scope_.world().root);
  if (!vm_options.ok()) scope_.EndAsError(vm_options.status());
  sandbox.mutable_options()->set_type_url(kVmOptionsType);
  sandbox.mutable_options()->set_value(*std::move(vm_options));
  return sandbox.SerializeAsString();
}

absl::StatusOr<ConnectInfo> ShimConnection::Connect(const std::string& id,
                                                    const CallOptions& options) {
  containerd::task::v3::ConnectRequest request;
  request.set_id(id);
  ASSIGN_OR_RETURN(const std::string payload,
                   Call("Connect", request.SerializeAsString(), options));
  containerd::task::v3::ConnectResponse response;
  if (!response.ParseFromString(payload)) {
    return absl::DataLossError("the response of Connect does not decode");
  }
  return ConnectInfo{response.shim_pid(), response.task_pid(), response.version()};
}

absl::Status ShimConnection::Shutdown(const std::string& id, bool now) {
  return ShutdownWithin(id, now, {});
}

absl::Status ShimConnection::ShutdownWithin(const std::string& id, bool now,
                                            const CallOptions& options) {
  if (daemon_ != nullptr) daemons_.NoteShutdown(*daemon_);
  containerd::task::v3::ShutdownRequest request;
  request.set_id(id);
  request.set_now(now);
  const absl::Status status = Call("Shutdown", request.SerializeAsString(), options).status();
  return absl::IsUnavailable(status) && !connected() ? absl::OkStatus() : status;
}

void ShimConnection::Disconnect() {
  if (!client_) return;
  scope_.history().Add(Lane::kRpc, absl::StrCat("connection ", number_, " dropped by the check"));
  client_.reset();
}

bool ShimConnection::AwaitDisconnect(std::chrono::milliseconds deadline) {
  return scope_.RunUntil(
      "the shim closes the connection", [this] { return !connected(); }, deadline);
}

absl::Status ShimConnection::SendSignal(int signo) {
  RequireDaemon();
  if (signo == SIGKILL || signo == SIGTERM || signo == SIGINT) daemons_.ExpectDeath(daemon_->pid);
  scope_.history().Add(Lane::kProcess, absl::StrCat("signal ", signo, " to the shim"));
  if (!daemon_->process) return absl::NotFoundError("the shim daemon is gone");
  return base::SendSignal(daemon_->process->pidfd(), signo);
}

bool ShimConnection::AwaitExit(std::chrono::milliseconds deadline) {
  RequireDaemon();
  return scope_.RunUntil(
      "the shim daemon ends", [this] { return daemon_->exit.has_value(); }, deadline);
}

}  // namespace conformance
