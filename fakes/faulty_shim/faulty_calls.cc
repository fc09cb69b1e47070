// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/faulty_calls.h"

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fakes/faulty_shim/fault_plan.h"

namespace fakes {
namespace {

// As orderly as it is wrong: what SIGTERM does.
void EndDaemon() { ::kill(::getpid(), SIGTERM); }

// Calls that wait for the answer to another one.
struct Line {
  int answers_awaited = 0;
  std::vector<std::unique_ptr<ttrpc::Responder>> unanswered;
  std::deque<std::function<void()>> waiting;
};

class FaultyResponder : public ttrpc::Responder {
 public:
  FaultyResponder(std::unique_ptr<ttrpc::Responder> real, std::string method,
                  std::shared_ptr<Line> line)
      : real_(std::move(real)), method_(std::move(method)), line_(std::move(line)) {
    if (line_ != nullptr) ++line_->answers_awaited;
  }
  ~FaultyResponder() override { LeaveLine(); }
  void Respond(absl::StatusOr<std::string> payload) override {
    real_->Respond(std::move(payload));
    if (Fire("end", "rpc", {{"method", method_}, {"on", "answer"}}) != nullptr) EndDaemon();
    LeaveLine();
  }
  void OnAbandoned(std::function<void()> callback) override {
    real_->OnAbandoned([method = method_, callback = std::move(callback)] {
      if (Fire("end", "rpc", {{"method", method}, {"on", "abandonment"}}) != nullptr) EndDaemon();
      callback();
    });
  }
  void Dropped() override { real_->Dropped(); }

 private:
  void LeaveLine() {
    const std::shared_ptr<Line> line = std::exchange(line_, nullptr);
    if (line == nullptr || --line->answers_awaited > 0) return;
    while (line->answers_awaited == 0 && !line->waiting.empty()) {
      const std::function<void()> next = std::move(line->waiting.front());
      line->waiting.pop_front();
      next();
    }
  }

  std::unique_ptr<ttrpc::Responder> real_;
  std::string method_;
  std::shared_ptr<Line> line_;  // owned by all methods of the service
};

void Block(std::int64_t ms) { ::poll(nullptr, 0, static_cast<int>(ms)); }

ttrpc::MethodHandler Wrap(const std::string& method, const ttrpc::MethodHandler& real,
                          const std::shared_ptr<Line>& line) {
  const auto serve = [method, real, line](absl::string_view payload, const ttrpc::CallInfo& info,
                                          std::unique_ptr<ttrpc::Responder> responder) {
    const bool heads_line = Fire("queue", "rpc", {{"method", method}}) != nullptr;
    auto faulty = std::make_unique<FaultyResponder>(std::move(responder), method,
                                                    heads_line ? line : nullptr);
    if (Fire("end", "rpc", {{"method", method}, {"on", "call"}}) != nullptr) EndDaemon();
    if (const Rule* rule = Fire("block", "rpc", {{"method", method}})) Block(rule->Number("ms"));
    if (Fire("forget", "rpc", {{"method", method}}) != nullptr) return faulty->Respond("");
    if (Fire("hold", "rpc", {{"method", method}}) != nullptr) {
      line->unanswered.push_back(std::move(faulty));
      return;
    }
    real(payload, info, std::move(faulty));
  };
  return [serve, line](absl::string_view payload, const ttrpc::CallInfo& info,
                       std::unique_ptr<ttrpc::Responder> responder) {
    if (line->answers_awaited == 0) return serve(payload, info, std::move(responder));
    // Shared only because a std::function has to be copyable.
    auto kept = std::make_shared<std::unique_ptr<ttrpc::Responder>>(std::move(responder));
    line->waiting.emplace_back(
        [serve, text = std::string(payload), info, kept] { serve(text, info, std::move(*kept)); });
  };
}

}  // namespace

void MakeFaulty(ttrpc::BoundService& service) {
  const auto line = std::make_shared<Line>();
  for (auto& [method, handler] : service.methods) handler = Wrap(method, handler, line);
}

}  // namespace fakes
