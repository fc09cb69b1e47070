// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/hypervisor.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/strip.h>

#include <boost/asio/post.hpp>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "fakes/fault/fault_file.h"
#include "fakes/hypervisor/api_server.h"
#include "fakes/hypervisor/control_server.h"
#include "fakes/hypervisor/fake_machine.h"
#include "fakes/hypervisor/fault_steps.h"
#include "fakes/hypervisor/http_reply.h"
#include "fakes/hypervisor/virtual_machine.h"

namespace fakes {
namespace {

constexpr FaultSeam kSeam = FaultSeam::kHypervisor;

// What the reply becomes on the wire.
ApiAnswer Shape(FaultSteps& steps, HttpReply reply) {
  ApiAnswer answer;
  if (steps.Fires(Fault::kDrop, FaultPoint::kAfter) != nullptr) {
    answer.drop = true;
    return answer;
  }
  if (const FaultRule* rule = steps.Fires(Fault::kOddBdf)) {
    reply = WithOddBdf(reply, rule->message);
  }
  const ReplyForm form = {.bare = steps.Fires(Fault::kBare) != nullptr,
                          .chunked = steps.Fires(Fault::kChunked) != nullptr,
                          .phrase = steps.Fires(Fault::kPhrase) != nullptr,
                          .close = steps.Fires(Fault::kClose) != nullptr};
  answer.close = form.close;
  answer.bytes = FormatReply(reply, form);
  if (const FaultRule* rule = steps.Fires(Fault::kGarbageOutput)) {
    answer.bytes = absl::StrCat(rule->message, "\n");
  }
  if (const FaultRule* rule = steps.Fires(Fault::kDrip)) {
    answer.pace = {.byte_by_byte = true, .between = std::chrono::milliseconds(rule->ms)};
  }
  return answer;
}

}  // namespace

struct Hypervisor::Impl : VsockFaults, FaultEffects, std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& context, HypervisorOptions what, GuestFactory factory,
       base::Log& where, std::function<void(int)> callback)
      : loop(context),
        options(std::move(what)),
        log(where),
        on_exit(std::move(callback)),
        held(context),
        machine(context, *this, std::move(factory), [this] { PowerOff(); }),
        vm(machine, kHypervisorVersion),
        fault_file(options.fault_directory, kSeam) {}

  absl::StatusOr<std::shared_ptr<FaultSteps>> Begin(absl::string_view verb,
                                                    absl::string_view subject) {
    FaultCall call;
    if (!options.fault_directory.empty() && FindFaultVerb(kSeam, verb) != nullptr) {
      ASSIGN_OR_RETURN(call, FaultCall::Begin({options.fault_directory}, kSeam, verb, subject));
    }
    return std::make_shared<FaultSteps>(std::move(call), held, *this);
  }

  void Start() {
    if (!options.control_socket.empty()) {
      absl::StatusOr<std::unique_ptr<ControlServer>> made = ControlServer::Listen(
          loop, options.control_socket, [this](const std::string& line) { return Command(line); });
      if (!made.ok()) return Fail(made.status());
      control = *std::move(made);
    }
    const auto steps = Begin("launch", "");
    if (!steps.ok()) return Fail(steps.status());
    (*steps)->At(FaultPoint::kBefore, [self = shared_from_this(), steps = *steps] {
      if (self->Listen()) steps->At(FaultPoint::kAfter, [] {});
    });
  }

  bool Listen() {
    absl::StatusOr<std::unique_ptr<ApiServer>> made = ApiServer::Listen(
        loop, options.api_socket, [this](HttpRequest request, ApiServer::Answer answer) {
          OnRequest(std::move(request), std::move(answer));
        });
    if (!made.ok()) {
      Fail(made.status());
      return false;
    }
    api = *std::move(made);
    return true;
  }

  void Fail(const absl::Status& status) {
    log.Error(status.message());
    End(1);
  }

  void OnRequest(HttpRequest request, ApiServer::Answer answer) {
    const std::string name = VirtualMachine::CommandOf(request.target);
    log.Info(request.method, " ", request.target, " files ", request.files.size());
    const auto steps = Begin(name, "");
    if (!steps.ok()) {
      log.Error(steps.status().message());
      const HttpReply reply = ErrorReply(500, {"Faults", std::string(steps.status().message())});
      return answer({.bytes = FormatReply(reply)});
    }
    // Shared with the step, which must be copyable.
    auto held_request = std::make_shared<HttpRequest>(std::move(request));
    (*steps)->At(FaultPoint::kBefore, [self = shared_from_this(), steps = *steps, held_request,
                                       answer = std::move(answer)] {
      self->Work(steps, std::move(*held_request), answer);
    });
  }

  void Work(const std::shared_ptr<FaultSteps>& steps, HttpRequest request,
            const ApiServer::Answer& answer) {
    if (ended) return;
    if (steps->Fires(Fault::kDrop, FaultPoint::kBefore) != nullptr) return answer({.drop = true});
    HttpReply reply;
    if (const FaultRule* rule = steps->Fires(Fault::kRefuse)) {
      reply = ErrorReply(rule->code, {"Error from API", rule->message});
    } else if (steps->Fires(Fault::kLie) == nullptr) {
      reply = vm.Call(std::move(request));
    }
    steps->At(FaultPoint::kAfter, [self = shared_from_this(), steps, reply, answer] {
      ApiAnswer shaped = Shape(*steps, reply);
      if (self->vm.shut_down()) shaped.then = [self] { self->EndSoon(0); };
      answer(std::move(shaped));
    });
  }

  void OnConnect(std::uint32_t port, std::function<void(HandshakePlan)> then) override {
    const auto steps = Begin("connect", absl::StrCat(port));
    if (!steps.ok()) {
      log.Error(steps.status().message());
      return then({.drop = true});
    }
    (*steps)->At(FaultPoint::kBefore, [steps = *steps, then = std::move(then)] {
      HandshakePlan plan;
      plan.drop = steps->Fires(Fault::kDrop, FaultPoint::kBefore) != nullptr;
      plan.drop_behind_ok = steps->Fires(Fault::kDrop, FaultPoint::kAfter) != nullptr;
      if (const FaultRule* rule = steps->Fires(Fault::kGarbageOutput)) {
        plan.garbage = true;
        plan.text = rule->message;
      }
      if (const FaultRule* rule = steps->Fires(Fault::kDrip)) {
        plan.drip = true;
        plan.ms = rule->ms;
      }
      then(plan);
      steps->At(FaultPoint::kAfter, [] {});
    });
  }

  void ResetGuest() override {
    // From the loop: a handshake of the mux may be what asks for it.
    boost::asio::post(loop, [self = shared_from_this()] { self->machine.ResetConnections(); });
  }
  void PowerOff() override { EndSoon(0); }

  absl::StatusOr<std::string> Command(const std::string& line);
  absl::StatusOr<std::string> AddFault(const std::string& json);

  // Not from within whatever is to be destroyed.
  void EndSoon(int code) {
    boost::asio::post(loop, [self = shared_from_this(), code] { self->End(code); });
  }

  void End(int code) {
    if (std::exchange(ended, true)) return;
    machine.Stop();
    api.reset();
    control.reset();
    const auto exit = std::exchange(on_exit, nullptr);
    if (exit) exit(code);
  }

  boost::asio::io_context& loop;
  const HypervisorOptions options;
  base::Log& log;
  std::function<void(int)> on_exit;
  HeldCalls held;
  FakeMachine machine;
  VirtualMachine vm;
  FaultFile fault_file;
  std::unique_ptr<ApiServer> api;
  std::unique_ptr<ControlServer> control;
  bool ended = false;
};

absl::StatusOr<std::string> Hypervisor::Impl::AddFault(const std::string& json) {
  if (options.fault_directory.empty()) {
    return absl::FailedPreconditionError("fault: there is no --fault-directory");
  }
  ASSIGN_OR_RETURN(
      std::vector<FaultRule> rules,
      ParseFaultRules(absl::StrCat("{\"schema\":1,\"rules\":[", json, "]}"), kSeam, "fault"));
  std::vector<std::string> ids;
  for (FaultRule& rule : rules) {
    // The names the reader makes up are unique in one text only.
    if (!absl::StrContains(json, "\"id\"")) rule.id.clear();
    ASSIGN_OR_RETURN(ids.emplace_back(), fault_file.Add(std::move(rule)));
  }
  return absl::StrJoin(ids, " ");
}

absl::StatusOr<std::string> Hypervisor::Impl::Command(const std::string& line) {
  absl::string_view argument = line;
  if (absl::ConsumePrefix(&argument, "fault ")) return AddFault(std::string(argument));
  if (absl::ConsumePrefix(&argument, "release ")) {
    const std::size_t released = held.Release(argument);
    if (released == 0) {
      return absl::NotFoundError(absl::StrCat("release: no call is held by \"", argument, "\""));
    }
    return absl::StrCat(released);
  }
  if (line == "clear") {
    RETURN_IF_ERROR(fault_file.Clear());
  } else if (line == "held") {
    return absl::StrJoin(held.Rules(), " ");
  } else if (line == "state") {
    return std::string(vm.state());
  } else if (line == "freeze") {
    machine.Pause();
  } else if (line == "thaw") {
    machine.Resume();
  } else if (line == "reset") {
    machine.ResetConnections();
  } else if (line == "power-off") {
    PowerOff();
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", line,
                     "\": expected fault RULE, clear, held, release ID, state, freeze, thaw, reset "
                     "or power-off"));
  }
  return "";
}

Hypervisor::Hypervisor(boost::asio::io_context& loop, HypervisorOptions options,
                       GuestFactory factory, base::Log& log, std::function<void(int)> on_exit)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(factory), log,
                                   std::move(on_exit))) {}

Hypervisor::~Hypervisor() {
  impl_->on_exit = nullptr;
  impl_->End(0);
}

void Hypervisor::Start() { impl_->Start(); }

void Hypervisor::Stop() { impl_->EndSoon(0); }

}  // namespace fakes
