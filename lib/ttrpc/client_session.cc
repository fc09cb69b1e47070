// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/client_session.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "ttrpc/limits.h"

namespace ttrpc {
namespace {

// Up to here a payload is copied into one piece with the rest; beyond, it is a piece of its own.
constexpr std::size_t kPayloadCopyBytesMax = 1024;

absl::StatusOr<std::string> ResultOf(const Frame& frame) {
  if (frame.oversized) {
    return absl::ResourceExhaustedError(absl::StrCat("ttrpc: message of ", frame.header.length,
                                                     " bytes exceeds ", kFrameDataBytesMax));
  }
  if (frame.header.type != kFrameResponse) {
    return absl::InternalError("ttrpc: data frame on a unary stream");
  }
  absl::StatusOr<ResponseEnvelope> response = DecodeResponse(frame.data);
  if (!response.ok()) return std::move(response).status();
  if (response->code != 0) {
    return absl::Status(static_cast<absl::StatusCode>(response->code), response->message);
  }
  return std::string(response->payload);
}

}  // namespace

absl::StatusOr<std::uint32_t> ClientSession::Start(RequestEnvelope request, std::string payload,
                                                   std::optional<Clock::time_point> deadline,
                                                   Done& done) {
  request.payload = payload;
  const std::size_t length = RequestBytes(request);
  if (length > kFrameDataBytesMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("ttrpc: message of ", length, " bytes exceeds ", kFrameDataBytesMax));
  }
  if (calls_.size() >= kCallsInFlightMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("ttrpc: more than ", kCallsInFlightMax, " calls in flight"));
  }
  if (next_stream_ > std::numeric_limits<std::uint32_t>::max()) {
    return absl::ResourceExhaustedError("ttrpc: the connection has no stream ids left");
  }
  const auto stream = static_cast<std::uint32_t>(next_stream_);
  next_stream_ += 2;

  std::string head;
  const bool copy = payload.size() <= kPayloadCopyBytesMax;
  head.reserve(kFrameHeaderBytes + length - (copy ? 0 : payload.size()));
  head.resize(kFrameHeaderBytes);
  EncodeFrameHeader(
      {.length = static_cast<std::uint32_t>(length), .stream = stream, .type = kFrameRequest},
      head.data());
  AppendRequestHead(request, &head);
  if (copy) {
    head += payload;
    AppendRequestTail(request, &head);
    output_.Push(std::move(head));
  } else {
    std::string tail;
    AppendRequestTail(request, &tail);
    output_.Push(std::move(head));
    output_.Push(std::move(payload));
    output_.Push(std::move(tail));
  }
  if (deadline) deadlines_.Add(*deadline, stream);
  calls_.emplace(stream, InFlight{.deadline = deadline, .done = std::move(done)});
  return stream;
}

std::optional<ClientSession::Result> ClientSession::NextResult() {
  while (error_.ok()) {
    const std::optional<Frame> frame = reader_.Next();
    if (!frame) break;
    if (std::optional<Result> result = OnFrame(*frame)) return result;
  }
  return std::nullopt;
}

std::optional<ClientSession::Result> ClientSession::OnFrame(const Frame& frame) {
  const FrameHeader& header = frame.header;
  if (frame.oversized && (header.stream % 2 == 0 || header.stream >= next_stream_)) {
    error_ = absl::InternalError("ttrpc: the peer does not speak ttrpc");
  } else if (header.type == kFrameRequest) {
    error_ = absl::InternalError("ttrpc: request received from a server");
  }
  if (!error_.ok() || (header.type != kFrameResponse && header.type != kFrameData)) {
    return std::nullopt;
  }
  const auto call = calls_.find(header.stream);
  if (call == calls_.end()) return std::nullopt;
  return Finish(call, ResultOf(frame));
}

std::vector<ClientSession::Result> ClientSession::Expire(Clock::time_point now) {
  std::vector<Result> results;
  while (const std::optional<std::uint32_t> stream = deadlines_.TakeExpired(now)) {
    results.push_back(Finish(calls_.find(*stream),
                             absl::DeadlineExceededError("ttrpc: no answer within the timeout")));
  }
  return results;
}

std::vector<ClientSession::Result> ClientSession::Fail(const absl::Status& status) {
  std::vector<Result> results;
  results.reserve(calls_.size());
  for (auto& [stream, call] : calls_) {
    results.push_back({.stream = stream, .done = std::move(call.done), .result = status});
  }
  std::sort(results.begin(), results.end(),
            [](const Result& a, const Result& b) { return a.stream < b.stream; });
  calls_.clear();
  deadlines_.Clear();
  output_.Clear();
  return results;
}

ClientSession::Result ClientSession::Finish(
    std::unordered_map<std::uint32_t, InFlight>::iterator call,
    absl::StatusOr<std::string> result) {
  if (call->second.deadline) deadlines_.Remove(*call->second.deadline, call->first);
  Result finished{
      .stream = call->first, .done = std::move(call->second.done), .result = std::move(result)};
  calls_.erase(call);
  return finished;
}

}  // namespace ttrpc
