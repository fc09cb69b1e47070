// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "fakes/wire/relay_core.h"
#include "fakes/wire/relay_end.h"

namespace fakes {

// One client of the shim: its connection to us and ours to the shim. Requests keep their order,
// also where one of them waits; each reply goes by itself. Make with std::make_shared.
class CallLink : public std::enable_shared_from_this<CallLink> {
 public:
  struct Callbacks {
    std::function<void()> on_shutdown;   // the shim has said OK to Shutdown, nobody knows it yet
    std::function<void()> on_shim_lost;  // the shim has closed, the client does not know it yet
    std::function<void()> on_end;        // nothing more will happen here
  };
  CallLink(RelayCore& core, Callbacks callbacks);

  absl::Status Start(base::UniqueFd client, base::UniqueFd shim);

 private:
  struct Queued {
    std::shared_ptr<WireMessage> message;  // nullptr: `bytes` go as they are
    std::shared_ptr<const WireEffects> effects;
    std::string bytes;
  };
  using Effects = std::shared_ptr<const WireEffects>;
  void OnClientPiece(FrameSplitter::Piece piece);
  void OnShimPiece(FrameSplitter::Piece piece);
  void Pump();
  void SendRequest(const WireMessage& message, const WireEffects& effects);
  void Answer(const WireMessage& request, const WireEffects& effects);
  void SendReply(const WireMessage& message, const WireEffects& effects);
  void OnShimLost(std::string rest);
  void OnClientLost(std::string rest);
  void End();

  RelayCore& core_;
  std::uint32_t number_ = 0;  // among the connections that have called
  Callbacks callbacks_;
  const std::shared_ptr<RelayEnd> client_;  // shared with its pending operations
  const std::shared_ptr<RelayEnd> shim_;    // likewise
  std::map<std::uint32_t, std::shared_ptr<WireMessage>> calls_;  // unanswered, by stream
  std::deque<Queued> requests_;
  bool waits_ = false;  // the request that went last has not gone yet
};

}  // namespace fakes
