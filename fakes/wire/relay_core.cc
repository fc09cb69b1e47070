// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/relay_core.h"

#include <utility>

#include "fakes/wire/bundle_edit.h"
#include "fakes/wire/limits.h"
#include "ttrpc/envelope.h"

namespace fakes {

RelayCore::RelayCore(boost::asio::io_context& loop, RuleBook book, Ways ways)
    : loop_(loop), book_(std::move(book)), ways_(std::move(ways)) {}

WireEffects RelayCore::Apply(WireMessage& message) {
  CountTasks(message);
  return book_.Apply(message);
}

void RelayCore::CountTasks(const WireMessage& message) {
  if (message.side() != WireSide::kReply || !message.ok()) return;
  if (message.name() == "CreateSandbox") sandbox_ = true;
  if (message.name() == "ShutdownSandbox") {
    sandbox_ = false;
    tasks_.clear();
  }
  const std::string id = message.Get("request.id").value_or("");
  if (message.name() == "Create") tasks_.insert(id);
  if (message.name() == "Delete" && message.Get("request.exec_id").value_or("").empty()) {
    tasks_.erase(id);
  }
}

void RelayCore::Prepare(std::shared_ptr<WireMessage> message,
                        std::shared_ptr<const WireEffects> effects, Then then) {
  for (const auto& [bundle, edit] : effects->specs) EditBundle(bundle, edit);
  for (const int signal : effects->signals) ways_.signal_shim(signal);
  if (effects->immediate()) return then();
  MakeCalls(0, std::move(message), std::move(effects), std::move(then));
}

void RelayCore::MakeCalls(std::size_t next, std::shared_ptr<WireMessage> message,
                          std::shared_ptr<const WireEffects> effects, Then then) {
  if (next == effects->calls.size()) {
    return SendEvents(0, std::move(message), std::move(effects), std::move(then));
  }
  const WireEffects::Call call = effects->calls[next];
  CallShim(call, [this, next, message = std::move(message), effects = std::move(effects),
                  then = std::move(then)]() mutable {
    MakeCalls(next + 1, std::move(message), std::move(effects), std::move(then));
  });
}

void RelayCore::SendEvents(std::size_t next, std::shared_ptr<WireMessage> message,
                           std::shared_ptr<const WireEffects> effects, Then then) {
  if (next == effects->events.size()) {
    return WaitFor(std::move(message), std::move(effects), std::move(then));
  }
  WireEffects::Call call;
  const std::string data = effects->events[next]->Data();
  if (const auto request = ttrpc::DecodeRequest(data); request.ok()) {
    call = {.service = std::string(request->service),
            .method = std::string(request->method),
            .payload = std::string(request->payload)};
  }
  Call(ways_.connect_sink(), call,
       [this, next, message = std::move(message), effects = std::move(effects),
        then = std::move(then)]() mutable {
         SendEvents(next + 1, std::move(message), std::move(effects), std::move(then));
       });
}

void RelayCore::WaitFor(std::shared_ptr<WireMessage> message,
                        std::shared_ptr<const WireEffects> effects, Then then) {
  if (effects->delay.count() > 0) {
    auto timer = std::make_shared<boost::asio::steady_timer>(loop_, effects->delay);
    auto rest = std::make_shared<WireEffects>(*effects);
    rest->delay = std::chrono::milliseconds(0);
    timer->async_wait([this, timer, message = std::move(message), rest,
                       then = std::move(then)](const boost::system::error_code& error) mutable {
      if (!error) WaitFor(std::move(message), rest, std::move(then));
    });
    return;
  }
  if (effects->until) {
    auto rest = std::make_shared<WireEffects>(*effects);
    rest->until.reset();
    held_.push_back(
        {.side = effects->until->first,
         .name = effects->until->second,
         .then = [this, message = std::move(message), rest, then = std::move(then)]() mutable {
           WaitFor(std::move(message), rest, std::move(then));
         }});
    return;
  }
  if (effects->swap) return SwapReplies(std::move(message), std::move(then));
  then();
}

void RelayCore::SwapReplies(std::shared_ptr<WireMessage> message, Then then) {
  const auto waiting = swaps_.extract(message->name());
  if (waiting.empty()) {
    const std::string name = message->name();
    swaps_[name] = {.message = std::move(message), .send = std::move(then)};
    return;
  }
  waiting.mapped().message->SwapContents(*message);
  waiting.mapped().send();
  then();
}

void RelayCore::Passed(const WireMessage& message) {
  std::list<Held> released;
  for (auto it = held_.begin(); it != held_.end();) {
    const auto next = std::next(it);
    if (it->side == message.side() && (it->name == "*" || it->name == message.name())) {
      released.splice(released.end(), held_, it);
    }
    it = next;
  }
  for (const Held& held : released) held.then();
}

void RelayCore::CallShim(const WireEffects::Call& call, Then then) {
  Call(ways_.connect_shim(), call, std::move(then));
}

// Each over a connection of its own, which nothing can be behind or before of.
void RelayCore::Call(absl::StatusOr<base::UniqueFd> socket, const WireEffects::Call& call,
                     Then then) {
  if (!socket.ok()) return then();
  const auto client = std::make_shared<ttrpc::Client>(loop_, *std::move(socket));
  ttrpc::CallOptions options;
  options.timeout = kOwnCallTimeout;
  // The call keeps its client alive, and with its end lets it go.
  client->Call(call.service, call.method, call.payload, options,
               [client, then = std::move(then)](const absl::StatusOr<std::string>&) { then(); });
}

}  // namespace fakes
