// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fakes/fault/fault_request.h"
#include "fakes/wire/wire_message.h"
#include "fakes/wire/wire_rule.h"

namespace fakes {

// What becomes of a message beyond edits of what it says.
struct WireEffects {
  enum class Fate {
    kPass,
    kDrop,
    kAnswer,  // a request: with `code` and `text`, without reaching the shim
    kClose,   // of the connection, instead
    kCut,     // half of the frame, then the connection closes
  };
  struct Call {
    std::string service;
    std::string method;
    std::string payload;
  };

  // In this order before it goes on:
  std::vector<std::pair<std::string, std::string>> specs;  // bundles, and how they are edited
  std::vector<int> signals;                                // to the daemon
  std::vector<Call> calls;                                 // to the shim, one after the other
  std::vector<std::shared_ptr<WireMessage>> events;        // to containerd
  std::chrono::milliseconds delay{0};
  std::optional<std::pair<WireSide, std::string>> until;  // hold
  bool swap = false;
  std::vector<ttrpc::FrameHeader> inserted;

  Fate fate = Fate::kPass;
  bool twice = false;
  int code = 0;
  std::string text;

  // Of the frame.
  std::optional<std::uint32_t> stream;
  std::optional<std::uint8_t> type;
  std::optional<std::uint8_t> flags;
  std::optional<std::uint32_t> length;
  std::size_t truncate = 0;
  std::vector<std::size_t> corrupt;  // offsets
  bool garbage = false;

  // Whether it goes on at once.
  [[nodiscard]] bool immediate() const {
    return calls.empty() && events.empty() && delay.count() == 0 && !until && !swap;
  }
};

// The whole frame of `message`.
std::string FrameOf(const WireMessage& message, const WireEffects& effects);

// The rules of a request and what they have seen.
class RuleBook {
 public:
  // INVALID_ARGUMENT quotes the rule that is wrong.
  static absl::StatusOr<RuleBook> Make(const FaultRequest& request);
  RuleBook(RuleBook&&) noexcept;
  ~RuleBook();

  // Of the shim behind, for rules that speak of it.
  void SetSubject(pid_t pid, std::string ns) {
    subject_ = pid;
    namespace_ = std::move(ns);
  }

  // The client that called first is no more.
  void NoteFirstGone() { first_gone_ = true; }

  // Edits `message` and says what else is to be done with it. Each message once.
  WireEffects Apply(WireMessage& message);

  // The rules for a command that fire now, for the caller to carry out. `facts`: its flags, and
  // what else is known of it (command_facts.h).
  std::vector<const WireRule*> FireCommand(WireSide side,
                                           const std::map<std::string, std::string>& facts);
  // Whether there are rules for any of these sides.
  [[nodiscard]] bool Concerns(WireSides sides) const;

 private:
  struct Entry;
  RuleBook();
  bool Fits(Entry& entry, const WireMessage& message) const;
  [[nodiscard]] std::optional<std::string> ValueOf(const std::string& field,
                                                   const WireMessage& message) const;
  static bool Counts(Entry& entry);
  // The value of an assignment for `message`; nullopt: it speaks of something that is not there.
  std::optional<std::string> Resolve(const Entry& entry, const WireAssignment& assignment,
                                     const WireMessage& message) const;
  void Remember(const WireMessage& message);
  bool ResolveAll(const Entry& entry, const WireMessage& message,
                  std::vector<WireAssignment>& resolved) const;
  void Act(const WireRule& rule, const std::vector<WireAssignment>& resolved, WireMessage& message,
           WireEffects& effects) const;
  void ActOnContents(const WireRule& rule, const std::vector<WireAssignment>& resolved,
                     WireMessage& message, WireEffects& effects) const;
  void AddCall(const WireRule& rule, const std::vector<WireAssignment>& resolved,
               const WireMessage& message, WireEffects& effects) const;
  void AddEvent(const WireRule& rule, const std::vector<WireAssignment>& resolved,
                const WireMessage& message, WireEffects& effects) const;

  std::vector<std::unique_ptr<Entry>> entries_;
  pid_t subject_ = 0;
  bool first_gone_ = false;
  std::string namespace_;
};

}  // namespace fakes
