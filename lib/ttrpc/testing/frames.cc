// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/testing/frames.h"

#include <utility>

namespace ttrpc::testing {

std::string RawFrame(std::uint32_t stream, std::uint8_t type, absl::string_view data,
                     std::uint8_t flags) {
  std::string frame(kFrameHeaderBytes, '\0');
  EncodeFrameHeader({.length = static_cast<std::uint32_t>(data.size()),
                     .stream = stream,
                     .type = type,
                     .flags = flags},
                    frame.data());
  frame.append(data.data(), data.size());
  return frame;
}

std::string RequestFrame(std::uint32_t stream, const RequestEnvelope& request, std::uint8_t flags) {
  return RawFrame(stream, kFrameRequest, EncodeRequest(request), flags);
}

std::string ResponseFrame(std::uint32_t stream, const ResponseEnvelope& response) {
  return RawFrame(stream, kFrameResponse, EncodeResponse(response));
}

std::string HeaderOnly(std::uint32_t length, std::uint32_t stream, std::uint8_t type) {
  std::string header(kFrameHeaderBytes, '\0');
  EncodeFrameHeader({.length = length, .stream = stream, .type = type}, header.data());
  return header;
}

std::vector<OwnedFrame> SplitFrames(absl::string_view bytes) {
  std::vector<OwnedFrame> frames;
  while (bytes.size() >= kFrameHeaderBytes) {
    const FrameHeader header = DecodeFrameHeader(bytes.data());
    bytes.remove_prefix(kFrameHeaderBytes);
    if (bytes.size() < header.length) break;
    frames.push_back({header, std::string(bytes.substr(0, header.length))});
    bytes.remove_prefix(header.length);
  }
  return frames;
}

Answer ToAnswer(const OwnedFrame& frame) {
  const absl::StatusOr<ResponseEnvelope> response = DecodeResponse(frame.data);
  if (frame.header.type != kFrameResponse || !response.ok()) {
    return {.stream = frame.header.stream, .code = -1};
  }
  return {.stream = frame.header.stream,
          .code = response->code,
          .message = std::string(response->message),
          .payload = std::string(response->payload)};
}

std::string TakeBytes(OutputQueue& output) {
  std::string bytes;
  while (!output.empty()) {
    iovec piece;
    output.Gather(absl::MakeSpan(&piece, 1));
    bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    output.Consume(piece.iov_len);
  }
  return bytes;
}

std::vector<Answer> TakeAnswers(OutputQueue& output) {
  std::vector<Answer> answers;
  for (const OwnedFrame& frame : SplitFrames(TakeBytes(output))) {
    answers.push_back(ToAnswer(frame));
  }
  return answers;
}

}  // namespace ttrpc::testing
