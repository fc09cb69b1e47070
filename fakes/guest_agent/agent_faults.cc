// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/agent_faults.h"

#include <absl/strings/numbers.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <iterator>
#include <utility>

#include "agent/agent.pb.h"
#include "fakes/fault/fault_call.h"
#include "fakes/fault/held_calls.h"

namespace fakes {
namespace {

constexpr absl::string_view kWithContainer[] = {
    "CreateContainer", "StartContainer",  "RemoveContainer", "ExecProcess",    "SignalProcess",
    "WaitProcess",     "UpdateContainer", "StatsContainer",  "PauseContainer", "ResumeContainer",
    "WriteStdin",      "ReadStdout",      "ReadStderr",      "CloseStdin",     "TtyWinResize"};

// The container of a request; all that have one have it where this message has it.
std::string ContainerOf(absl::string_view verb, absl::string_view payload) {
  if (std::find(std::begin(kWithContainer), std::end(kWithContainer), verb) ==
      std::end(kWithContainer)) {
    return "";
  }
  grpc::StartContainerRequest request;
  (void)request.ParseFromArray(payload.data(), static_cast<int>(payload.size()));
  return request.container_id();
}

// A number that is no signal asks only whether the process is there: whoever plans a fault for a
// signal does not mean that.
bool IsQuestion(absl::string_view verb, absl::string_view payload) {
  if (verb != "SignalProcess") return false;
  grpc::SignalProcessRequest request;
  return request.ParseFromArray(payload.data(), static_cast<int>(payload.size())) &&
         request.signal() > static_cast<std::uint32_t>(SIGRTMAX);
}

std::string Shortened(const std::string& payload, std::uint32_t bytes) {
  grpc::WriteStreamRequest request;
  if (!request.ParseFromString(payload)) return payload;
  request.mutable_data()->resize(std::min<std::size_t>(request.data().size(), bytes));
  return request.SerializeAsString();
}

std::string WaitAnswer(const std::string& status) {
  std::int32_t number = 0;
  (void)absl::SimpleAtoi(status, &number);  // a rule with anything else is refused
  grpc::WaitProcessResponse response;
  response.set_status(number);
  return response.SerializeAsString();
}

bool IsEnd(const absl::StatusOr<std::string>& payload) {
  grpc::ReadStreamResponse response;
  return payload.ok() && response.ParseFromString(*payload) && response.data().empty();
}

absl::Status Refusal(const FaultRule& rule) {
  return absl::Status(static_cast<absl::StatusCode>(rule.code), rule.message);
}

}  // namespace

struct AgentFaults::Impl {
  Impl(boost::asio::io_context& io, std::string where, AgentFaultEffects what)
      : loop(io), directory(std::move(where)), effects(std::move(what)), held(io) {}

  boost::asio::io_context& loop;
  const std::string directory;
  AgentFaultEffects effects;
  HeldCalls held;
};

// One call with something planned for it. Shared by its steps, which may be far apart.
struct AgentFaults::Call : std::enable_shared_from_this<Call> {
  Call(Impl& owner, FaultCall plan, absl::string_view request, const ttrpc::CallInfo& call_info,
       std::unique_ptr<ttrpc::Responder> to)
      : impl(owner),
        faults(std::move(plan)),
        payload(request),
        info(call_info),
        responder(std::move(to)) {}

  void Begin(const ttrpc::MethodHandler& handler);
  // True if the call ends without its handler.
  bool Answered();
  void Finish(absl::StatusOr<std::string> result);
  void HoldUp(FaultPoint point, std::function<void()> next);
  void Tell(absl::StatusOr<std::string> result) const { responder->Respond(std::move(result)); }
  // Not within the call, which may end the connection that it came on.
  void Affect(const std::function<void()>& effect) const {
    if (effect) boost::asio::post(impl.loop, effect);
  }

  Impl& impl;
  FaultCall faults;
  std::string payload;
  ttrpc::CallInfo info;
  std::unique_ptr<ttrpc::Responder> responder;
};

// What the handler answers to.
class AgentFaults::Responder final : public ttrpc::Responder {
 public:
  explicit Responder(std::shared_ptr<Call> call) : call_(std::move(call)) {}
  void Respond(absl::StatusOr<std::string> payload) override { call_->Finish(std::move(payload)); }
  void OnAbandoned(std::function<void()> callback) override {
    call_->responder->OnAbandoned(std::move(callback));
  }
  void Dropped() override { call_->responder->Dropped(); }

 private:
  std::shared_ptr<Call> call_;
};

void AgentFaults::Call::HoldUp(FaultPoint point, std::function<void()> next) {
  if (const FaultRule* rule = faults.Fires(Fault::kSlow, point)) {
    return impl.held.Hold(*rule, std::move(next));
  }
  next();
}

bool AgentFaults::Call::Answered() {
  constexpr FaultPoint kBefore = FaultPoint::kBefore;
  if (const FaultRule* rule = faults.Fires(Fault::kHang, kBefore)) {
    impl.held.Hold(*rule, [self = shared_from_this()] {});
  } else if (faults.Fires(Fault::kReset, kBefore) != nullptr) {
    Affect(impl.effects.reset);
  } else if (faults.Fires(Fault::kPowerOff, kBefore) != nullptr) {
    Affect(impl.effects.power_off);
  } else if (const FaultRule* refuse = faults.Fires(Fault::kRefuse, kBefore)) {
    Tell(Refusal(*refuse));
  } else if (faults.Fires(Fault::kLie, kBefore) != nullptr) {
    Tell(std::string());
  } else if (const FaultRule* garbage = faults.Fires(Fault::kGarbageOutput, kBefore)) {
    Tell(garbage->message);
  } else if (const FaultRule* lack = faults.Fires(Fault::kLackOfMemory, kBefore)) {
    grpc::OOMEvent event;
    event.set_container_id(lack->message);
    Tell(event.SerializeAsString());
  } else {
    return false;
  }
  return true;
}

void AgentFaults::Call::Begin(const ttrpc::MethodHandler& handler) {
  HoldUp(FaultPoint::kBefore, [self = shared_from_this(), handler] {
    if (self->Answered()) return;
    if (const FaultRule* rule = self->faults.Fires(Fault::kShort, FaultPoint::kBefore)) {
      self->payload = Shortened(self->payload, rule->bytes);
    }
    handler(self->payload, self->info, std::make_unique<Responder>(self));
  });
}

void AgentFaults::Call::Finish(absl::StatusOr<std::string> result) {
  constexpr FaultPoint kAfter = FaultPoint::kAfter;
  if (const FaultRule* rule = faults.Fires(Fault::kOddStatus, kAfter)) {
    result = WaitAnswer(rule->message);
  }
  const auto tell = [self = shared_from_this(), result] { self->Tell(result); };
  if (IsEnd(result)) {
    if (const FaultRule* rule = faults.Fires(Fault::kWithholdEnd, kAfter)) {
      return impl.held.Hold(*rule, tell);
    }
  }
  HoldUp(kAfter, [self = shared_from_this(), tell] {
    if (const FaultRule* rule = self->faults.Fires(Fault::kHang, kAfter)) {
      return self->impl.held.Hold(*rule, tell);
    }
    if (self->faults.Fires(Fault::kReset, kAfter) != nullptr) {
      return self->Affect(self->impl.effects.reset);
    }
    if (const FaultRule* rule = self->faults.Fires(Fault::kRefuse, kAfter)) {
      return self->Tell(Refusal(*rule));
    }
    const bool off = self->faults.Fires(Fault::kPowerOff, kAfter) != nullptr;
    tell();
    if (off) self->Affect(self->impl.effects.power_off);
  });
}

AgentFaults::AgentFaults(boost::asio::io_context& loop, std::string directory,
                         AgentFaultEffects effects)
    : impl_(std::make_shared<Impl>(loop, std::move(directory), std::move(effects))) {}

AgentFaults::~AgentFaults() = default;

ttrpc::BoundService AgentFaults::Wrap(ttrpc::BoundService service) {
  if (impl_->directory.empty()) return service;
  for (auto& [verb, handler] : service.methods) {
    handler = [this, verb = verb, inner = handler](absl::string_view payload,
                                                   const ttrpc::CallInfo& info,
                                                   std::unique_ptr<ttrpc::Responder> responder) {
      if (IsQuestion(verb, payload)) return inner(payload, info, std::move(responder));
      absl::StatusOr<FaultCall> faults =
          FaultCall::Begin({impl_->directory}, FaultSeam::kAgent, verb, ContainerOf(verb, payload));
      if (!faults.ok()) return responder->Respond(faults.status());
      if (!faults->planned()) return inner(payload, info, std::move(responder));
      const auto call =
          std::make_shared<Call>(*impl_, *std::move(faults), payload, info, std::move(responder));
      call->Begin(inner);
    };
  }
  return service;
}

}  // namespace fakes
