// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include <chrono>
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

// The client's half of one connection, without I/O or clock: calls and received bytes in, results
// and bytes to send out. It keeps each call's callback but never runs it.
//
// Responses are matched by stream id; frames for streams without a call are ignored, as those of a
// call that has timed out must be (TT-08). What is wrong with one response ends that call alone:
// INTERNAL for an undecodable envelope or data on a unary stream, RESOURCE_EXHAUSTED for a frame
// too long (TT-04). What no server may send (a request, or an oversized frame on a stream that was
// never opened: not ttrpc at all) is an error of the connection.
class ClientSession {
 public:
  using Done = std::function<void(absl::StatusOr<std::string>)>;
  struct Result {
    std::uint32_t stream = 0;
    Done done;
    absl::StatusOr<std::string> result;  // the payload of the response
  };

  // Input, as FrameReader.
  absl::Span<char> Prepare() { return reader_.Prepare(); }
  void Commit(std::size_t bytes) { reader_.Commit(bytes); }

  // Queues a request on a new stream; returns the stream. `done` is moved from only on success.
  // RESOURCE_EXHAUSTED when the request is too long, too many calls are in flight, or the
  // connection has used up its stream ids. `deadline` is enforced by Expire.
  absl::StatusOr<std::uint32_t> Start(RequestEnvelope request, std::string payload,
                                      std::optional<Clock::time_point> deadline, Done& done);

  // The next call that has ended by what was received; none: more bytes are needed, or error() is
  // set.
  std::optional<Result> NextResult();

  // Not OK once the connection is unusable.
  [[nodiscard]] const absl::Status& error() const { return error_; }

  // Ends calls whose deadline has come with DEADLINE_EXCEEDED.
  std::vector<Result> Expire(Clock::time_point now);
  [[nodiscard]] std::optional<Clock::time_point> next_deadline() const { return deadlines_.Next(); }

  // Ends all calls with `status`, in the order they were made, and drops what is to be sent.
  std::vector<Result> Fail(const absl::Status& status);

  OutputQueue& output() { return output_; }
  [[nodiscard]] std::size_t calls_in_flight() const { return calls_.size(); }

 private:
  struct InFlight {
    std::optional<Clock::time_point> deadline;
    Done done;
  };

  std::optional<Result> OnFrame(const Frame& frame);
  Result Finish(std::unordered_map<std::uint32_t, InFlight>::iterator call,
                absl::StatusOr<std::string> result);

  FrameReader reader_;
  OutputQueue output_;
  std::unordered_map<std::uint32_t, InFlight> calls_;
  DeadlineSet deadlines_;
  std::uint64_t next_stream_ = 1;
  absl::Status error_;
};

}  // namespace ttrpc
