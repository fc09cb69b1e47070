// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "containerd/limits.h"

namespace containerd {

// How long and how often. The defaults are the contract's (EVT-41, EVT-42).
struct PublisherOptions {
  std::chrono::milliseconds forward_timeout = kForwardTimeout;
  std::chrono::milliseconds connect_timeout = kConnectTimeout;
  // One retry after each of these pauses, then the event is dropped.
  std::vector<std::chrono::milliseconds> retry_pauses = {kRetryPauses.begin(), kRetryPauses.end()};
  std::size_t queue_max = kEventQueueMax;  // waiting behind the one being delivered
};

// Delivers the events of one shim to containerd's ttrpc event service (EVT-01), strictly in the
// order of Publish and one at a time (EVT-27): an event that fails is retried before its successors
// go out. Each attempt connects if need be (waiting for an absent socket), and repeats once at once
// when the connection turns out to be closed (EVT-40, EVT-41). Nothing here ever fails or blocks
// the caller; what is given up is logged:
//  * an event containerd refuses as INVALID_ARGUMENT, at once;
//  * an event whose retries are used up (EVT-42);
//  * the oldest waiting event when more than queue_max wait (EVT-28);
//  * everything, when `address` is empty.
// One thread. `loop` and `log` are borrowed and must outlive it. Destroying it forgets the queue.
class EventPublisher {
 public:
  // `address` is TTRPC_ADDRESS: a socket path, with or without unix://. `name_space` goes into
  // every envelope (EVT-05) and into the request metadata (EVT-06).
  EventPublisher(boost::asio::io_context& loop, absl::string_view address,
                 absl::string_view name_space, base::Log& log, PublisherOptions options = {});
  ~EventPublisher();
  EventPublisher(const EventPublisher&) = delete;
  EventPublisher& operator=(const EventPublisher&) = delete;

  // Queues one event; `type_name` is the bare message name (EVT-04), `event` the serialized
  // message.
  void Publish(absl::string_view topic, absl::string_view type_name, std::string event);

  // Before shutdown (EVT-46, EVT-47): retries what waits at once, then runs `done` from the loop as
  // soon as nothing is queued, nobody listens on the address, or `deadline` has passed. Supersedes
  // an earlier Flush, whose `done` runs too. Not run after destruction.
  void Flush(std::chrono::milliseconds deadline, std::function<void()> done);

  [[nodiscard]] std::size_t queued() const;   // undelivered, the one in flight included
  [[nodiscard]] std::size_t dropped() const;  // given up so far, for whatever reason

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // owned here; handlers in flight hold it only weakly
};

}  // namespace containerd
