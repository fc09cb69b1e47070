// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/unique_fd.h"
#include "fakes/wire/rule_book.h"
#include "ttrpc/client.h"

namespace fakes {

// What the links of a relay share: the rules, what waits, and connections of its own for calls and
// events that rules add. One thread.
class RelayCore {
 public:
  using Then = std::function<void()>;
  // A reply that waits for its like.
  struct Swap {
    std::shared_ptr<WireMessage> message;
    Then send;
  };

  // `connect_shim` and `connect_sink` make connections for us.
  struct Ways {
    std::function<absl::StatusOr<base::UniqueFd>()> connect_shim;
    std::function<absl::StatusOr<base::UniqueFd>()> connect_sink;
    std::function<void(int)> signal_shim;
  };
  RelayCore(boost::asio::io_context& loop, RuleBook book, Ways ways);

  boost::asio::io_context& loop() { return loop_; }
  std::uint32_t NextConnection() { return ++connections_; }
  void NoteFirstGone() { book_.NoteFirstGone(); }
  // See RuleBook; notes what passes.
  WireEffects Apply(WireMessage& message);

  // Does what has to be done before the message goes on, then runs `then`: at once, if nothing is.
  void Prepare(std::shared_ptr<WireMessage> message, std::shared_ptr<const WireEffects> effects,
               Then then);
  // A message has gone on: those that were held for it follow.
  void Passed(const WireMessage& message);

  void CallShim(const WireEffects::Call& call, Then then);

  // The tasks the shim holds, as its replies tell.
  // A sandbox counts as one.
  [[nodiscard]] bool HasTasks() const { return sandbox_ || !tasks_.empty(); }
  // Nothing is held any more: what was goes nowhere.
  void ForgetHeld() { held_.clear(); }

 private:
  struct Held {
    WireSide side;
    std::string name;
    Then then;
  };
  // The steps of Prepare(), each leading to the next.
  void MakeCalls(std::size_t next, std::shared_ptr<WireMessage> message,
                 std::shared_ptr<const WireEffects> effects, Then then);
  void SendEvents(std::size_t next, std::shared_ptr<WireMessage> message,
                  std::shared_ptr<const WireEffects> effects, Then then);
  void WaitFor(std::shared_ptr<WireMessage> message, std::shared_ptr<const WireEffects> effects,
               Then then);
  void SwapReplies(std::shared_ptr<WireMessage> message, Then then);
  void Call(absl::StatusOr<base::UniqueFd> socket, const WireEffects::Call& call, Then then);
  void CountTasks(const WireMessage& message);

  boost::asio::io_context& loop_;
  RuleBook book_;
  const Ways ways_;
  std::list<Held> held_;
  std::map<std::string, Swap> swaps_;  // by method
  std::set<std::string> tasks_;
  bool sandbox_ = false;
  std::uint32_t connections_ = 0;
};

}  // namespace fakes
