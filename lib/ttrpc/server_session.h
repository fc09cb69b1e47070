// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/types/span.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "ttrpc/deadline_set.h"
#include "ttrpc/envelope.h"
#include "ttrpc/frame_reader.h"
#include "ttrpc/output_queue.h"

namespace ttrpc {

// The server's half of one connection, without I/O or clock: received bytes in, calls and bytes to
// send out. It runs no callback itself; those that have become due are returned to be run.
//
// What a peer does wrong is answered on the stream it did it on, and the connection stays usable:
//   even stream id, id not above all earlier ones, data on a stream without a call,
//   undecodable envelope                                        INVALID_ARGUMENT (TT-06,07,09,15)
//   frame or response too long, too many calls in flight        RESOURCE_EXHAUSTED (TT-04,05)
// Frames of other types, and data for a unary call, are ignored (TT-02, TT-10).
class ServerSession {
 public:
  // A request to be answered. Its views are borrowed until the next Prepare.
  struct Call {
    std::uint32_t stream = 0;
    RequestEnvelope request;
    std::optional<Clock::time_point> deadline;  // TT-17
  };
  using Callbacks = std::vector<std::function<void()>>;

  // Input, as FrameReader.
  absl::Span<char> Prepare() { return reader_.Prepare(); }
  void Commit(std::size_t bytes) { reader_.Commit(bytes); }

  // The next call that has arrived. Everything else that was received is dealt with on the way.
  std::optional<Call> NextCall(Clock::time_point now);

  // Queues the one answer of a call. False, with no effect, if nobody waits for it any more.
  bool Respond(std::uint32_t stream, absl::StatusOr<std::string> result);

  // `callback` is returned by the function below that ends the call without an answer of its
  // handler. False, and it is not kept, when the call has ended already.
  bool OnAbandoned(std::uint32_t stream, std::function<void()> callback);

  // Ends calls whose deadline has come with DEADLINE_EXCEEDED.
  Callbacks Expire(Clock::time_point now);
  [[nodiscard]] std::optional<Clock::time_point> next_deadline() const { return deadlines_.Next(); }

  // Answers all calls in flight, and all that still arrive, with `status`.
  Callbacks Drain(const absl::Status& status);

  // The connection is gone: forgets all calls and everything to be sent.
  Callbacks Abandon();

  OutputQueue& output() { return output_; }
  [[nodiscard]] std::size_t calls_in_flight() const { return calls_.size(); }

 private:
  struct InFlight {
    std::optional<Clock::time_point> deadline;
    std::function<void()> abandoned;
  };
  using Calls = std::unordered_map<std::uint32_t, InFlight>;

  std::optional<Call> OnFrame(const Frame& frame, Clock::time_point now);
  std::optional<Call> OnRequest(const Frame& frame, Clock::time_point now);
  void PushError(std::uint32_t stream, const absl::Status& status);
  // Takes a call out of the books.
  InFlight Finish(Calls::iterator call);
  Callbacks FinishAll();

  FrameReader reader_;
  OutputQueue output_;
  Calls calls_;
  DeadlineSet deadlines_;
  std::uint32_t last_stream_ = 0;
  absl::Status draining_;
};

}  // namespace ttrpc
