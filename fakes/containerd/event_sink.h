// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace fakes {

// One Forward as it arrived. Fields the envelope does not have are empty.
struct ForwardedEvent {
  std::string ns;
  std::string topic;
  std::string type_url;
  std::string payload;            // serialized message
  std::int64_t timestamp_ns = 0;  // Unix time; 0 when absent or no time at all
  absl::Status acceptance;        // what containerd's check of envelopes says (EVT-02)
  std::chrono::steady_clock::time_point received;
};

// containerd's event service (Events/Forward over ttrpc) on a unix socket, with the ways it can
// fail its shims. Single-threaded; destroy before `loop`.
class EventSink {
 public:
  enum class Mode {
    kPrompt,  // answers each Forward at once: OK, or INVALID_ARGUMENT for a bad envelope
    kSlow,    // answers after a delay
    kRefuse,  // answers each Forward with a code
    kSilent,  // accepts and reads, never answers
    kCloses,  // drops all connections instead of answering
    kTears,   // answers with half a frame and drops the connection
    kFrozen,  // listens, but neither accepts nor reads: a containerd that is stopped
  };
  // Takes no end: a mode for all Forwards to come.
  static constexpr std::size_t kForEver = static_cast<std::size_t>(-1);
  using OnForward = std::function<void(const ForwardedEvent&)>;

  // `on_forward` runs for each call before it is answered.
  EventSink(boost::asio::io_context& loop, std::string path, OnForward on_forward);
  ~EventSink();
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;

  // Listens at the path, replacing what is there by a new socket. Idempotent while listening.
  absl::Status Start();
  // Removes the socket file and drops all connections. Calls not answered yet never will be.
  void Stop();
  // For the next `forwards` Forward calls; after them the sink is prompt. kTears and kFrozen drop
  // all connections at once; what was sent to a frozen sink is read when it is no longer so.
  void SetMode(Mode mode, std::chrono::milliseconds delay, absl::StatusCode code,
               std::size_t forwards = kForEver);

  [[nodiscard]] const std::string& path() const;
  [[nodiscard]] bool listening() const;
  [[nodiscard]] std::size_t received() const;         // Forward calls read, in every mode
  [[nodiscard]] std::size_t outstanding_max() const;  // most of them ever unanswered at once
  [[nodiscard]] std::size_t connections() const;      // open now

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with handlers that are pending or running
};

}  // namespace fakes
