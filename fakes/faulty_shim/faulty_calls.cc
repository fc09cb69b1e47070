// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/faulty_calls.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "fakes/faulty_shim/fault_plan.h"
#include "fakes/faulty_shim/leak.h"
#include "fakes/faulty_shim/publishing.h"

namespace fakes {
namespace {

// As orderly as it is wrong: what SIGTERM does.
void EndDaemon() { ::kill(::getpid(), SIGTERM); }

// The rules for the moments of a call: `call`, `answer`, `abandonment`.
void AtMoment(const std::string& method, const std::string& moment) {
  const FaultPlan::Facts facts = {{"method", method}, {"on", moment}};
  if (Fire("end", "rpc", facts) != nullptr) EndDaemon();
  if (const Rule* rule = Fire("leak", "rpc", facts)) Leak(*rule);
}

// Every master of a terminal becomes /dev/null, as if it had been closed.
void HangUp() {
  const base::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  std::error_code error;
  std::vector<int> masters;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    int fd = -1;
    if (absl::EndsWith(target, "ptmx") && absl::SimpleAtoi(entry.path().filename().string(), &fd)) {
      masters.push_back(fd);
    }
  }
  for (const int fd : masters) ::dup3(null.get(), fd, O_CLOEXEC);
}

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
    if (Fire("await", "rpc", {{"method", method_}}) != nullptr) {
      AfterDelivery([real = real_, payload = std::move(payload)] { real->Respond(payload); });
    } else {
      real_->Respond(std::move(payload));
    }
    AtMoment(method_, "answer");
    LeaveLine();
  }
  void OnAbandoned(std::function<void()> callback) override {
    real_->OnAbandoned([method = method_, callback = std::move(callback)] {
      AtMoment(method, "abandonment");
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

  std::shared_ptr<ttrpc::Responder> real_;  // also of an answer that waits
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
    AtMoment(method, "call");
    if (Fire("hang-up", "rpc", {{"method", method}}) != nullptr) HangUp();
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
