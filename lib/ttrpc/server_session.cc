// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/server_session.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "ttrpc/limits.h"
#include "ttrpc/utf8.h"

namespace ttrpc {
namespace {

std::string ResponseFrameHead(std::uint32_t stream, const ResponseEnvelope& response) {
  // Without a status this fits the small-string buffer: ten bytes, a tag, a length of four.
  std::string head(kFrameHeaderBytes, '\0');
  AppendResponseHead(response, &head);
  const std::size_t length = head.size() - kFrameHeaderBytes + response.payload.size();
  EncodeFrameHeader(
      {.length = static_cast<std::uint32_t>(length), .stream = stream, .type = kFrameResponse},
      head.data());
  return head;
}

absl::Status TooLong(std::size_t bytes) {
  return absl::ResourceExhaustedError(
      absl::StrCat("ttrpc: message of ", bytes, " bytes exceeds ", kFrameDataBytesMax));
}

}  // namespace

std::optional<ServerSession::Call> ServerSession::NextCall(Clock::time_point now) {
  while (const std::optional<Frame> frame = reader_.Next()) {
    if (std::optional<Call> call = OnFrame(*frame, now)) return call;
  }
  return std::nullopt;
}

std::optional<ServerSession::Call> ServerSession::OnFrame(const Frame& frame,
                                                          Clock::time_point now) {
  const FrameHeader& header = frame.header;
  if (header.type != kFrameRequest && header.type != kFrameData) return std::nullopt;
  if (frame.oversized) {
    PushError(header.stream, TooLong(header.length));
    return std::nullopt;
  }
  if (header.stream % 2 == 0) {
    PushError(header.stream, absl::InvalidArgumentError(
                                 "ttrpc: stream ids of client-initiated streams must be odd"));
    return std::nullopt;
  }
  if (header.type == kFrameRequest) return OnRequest(frame, now);
  // A call in flight is unary, since no service streams yet: its data is ignored.
  if (calls_.find(header.stream) == calls_.end()) {
    PushError(header.stream, absl::InvalidArgumentError("ttrpc: stream is not active"));
  }
  return std::nullopt;
}

std::optional<ServerSession::Call> ServerSession::OnRequest(const Frame& frame,
                                                            Clock::time_point now) {
  const std::uint32_t stream = frame.header.stream;
  if (stream <= last_stream_) {
    PushError(stream, absl::InvalidArgumentError(
                          "ttrpc: stream ids must increase and cannot be used again"));
    return std::nullopt;
  }
  last_stream_ = stream;
  absl::StatusOr<RequestEnvelope> request = DecodeRequest(frame.data);
  absl::Status refusal = request.status();
  if (refusal.ok() && calls_.size() >= kCallsInFlightMax) {
    refusal = absl::ResourceExhaustedError(
        absl::StrCat("ttrpc: more than ", kCallsInFlightMax, " calls in flight"));
  }
  if (refusal.ok()) refusal = draining_;
  if (refusal.ok() && request->timeout_nano < 0) {
    refusal = absl::DeadlineExceededError("ttrpc: deadline exceeded");
  }
  if (!refusal.ok()) {
    PushError(stream, refusal);
    return std::nullopt;
  }
  Call call{.stream = stream, .request = *std::move(request)};
  if (call.request.timeout_nano > 0) {
    call.deadline = DeadlineAfter(now, std::chrono::nanoseconds(call.request.timeout_nano));
    deadlines_.Add(*call.deadline, stream);
  }
  calls_.emplace(stream, InFlight{.deadline = call.deadline});
  return call;
}

bool ServerSession::Respond(std::uint32_t stream, absl::StatusOr<std::string> result) {
  const auto call = calls_.find(stream);
  if (call == calls_.end()) return false;
  Finish(call);
  if (!result.ok()) {
    PushError(stream, result.status());
    return true;
  }
  std::string head = ResponseFrameHead(stream, {.payload = *result});
  const std::size_t length = head.size() - kFrameHeaderBytes + result->size();
  if (length > kFrameDataBytesMax) {
    PushError(stream, TooLong(length));
    return true;
  }
  output_.Push(std::move(head));
  output_.Push(*std::move(result));
  return true;
}

bool ServerSession::OnAbandoned(std::uint32_t stream, std::function<void()> callback) {
  const auto call = calls_.find(stream);
  if (call == calls_.end()) return false;
  call->second.abandoned = std::move(callback);
  return true;
}

ServerSession::Callbacks ServerSession::Expire(Clock::time_point now) {
  Callbacks callbacks;
  while (const std::optional<std::uint32_t> stream = deadlines_.TakeExpired(now)) {
    InFlight call = Finish(calls_.find(*stream));
    if (call.abandoned) callbacks.push_back(std::move(call.abandoned));
    PushError(*stream, absl::DeadlineExceededError("ttrpc: deadline exceeded"));
  }
  return callbacks;
}

ServerSession::Callbacks ServerSession::Drain(const absl::Status& status) {
  draining_ = status;
  for (const auto& [stream, call] : calls_) PushError(stream, status);
  return FinishAll();
}

ServerSession::Callbacks ServerSession::Abandon() {
  output_.Clear();
  return FinishAll();
}

void ServerSession::PushError(std::uint32_t stream, const absl::Status& status) {
  // Protobuf strings must be UTF-8, but what an engine prints need not be.
  const std::string message =
      ToUtf8(absl::string_view(status.message()).substr(0, kErrorMessageBytesMax));
  output_.Push(ResponseFrameHead(
      stream, {.code = static_cast<std::int32_t>(status.raw_code()), .message = message}));
}

ServerSession::InFlight ServerSession::Finish(Calls::iterator call) {
  if (call->second.deadline) deadlines_.Remove(*call->second.deadline, call->first);
  InFlight finished = std::move(call->second);
  calls_.erase(call);
  return finished;
}

ServerSession::Callbacks ServerSession::FinishAll() {
  Callbacks callbacks;
  for (auto& [stream, call] : calls_) {
    if (call.abandoned) callbacks.push_back(std::move(call.abandoned));
  }
  calls_.clear();
  deadlines_.Clear();
  return callbacks;
}

}  // namespace ttrpc
