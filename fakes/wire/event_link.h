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

// One connection of the shim to the event service: its connection to us and ours to containerd.
// Events keep their order, except those that are held for a message to come. The stream ids towards
// containerd are our own, since events may be left out and added. Make with std::make_shared.
class EventLink : public std::enable_shared_from_this<EventLink> {
 public:
  struct Callbacks {
    std::function<void()> on_sink_lost;  // containerd has closed, the shim does not know it yet
    std::function<void()> on_end;
  };
  EventLink(RelayCore& core, Callbacks callbacks);

  absl::Status Start(base::UniqueFd shim, base::UniqueFd sink);

 private:
  struct Queued {
    ttrpc::FrameHeader header;
    std::shared_ptr<WireMessage> message;  // nullptr: a frame that is no event
    std::shared_ptr<const WireEffects> effects;
    std::string bytes;
  };
  void OnShimPiece(FrameSplitter::Piece piece);
  void OnSinkPiece(FrameSplitter::Piece piece);
  void Pump();
  void Send(const Queued& event);
  // On a stream of our own; the answer goes to `stream` of the shim, 0: to nobody.
  void SendOn(std::uint32_t stream, ttrpc::FrameHeader header, const std::string& data);
  void AnswerShim(std::uint32_t stream);
  void OnShimLost();
  void End();
  void EndIfDone();

  RelayCore& core_;
  Callbacks callbacks_;
  const std::shared_ptr<RelayEnd> shim_;            // shared with its pending operations
  const std::shared_ptr<RelayEnd> sink_;            // likewise
  std::map<std::uint32_t, std::uint32_t> answers_;  // stream towards containerd -> of the shim
  std::deque<Queued> events_;
  std::uint32_t next_stream_ = 1;
  bool waits_ = false;
  bool shim_lost_ = false;
};

}  // namespace fakes
