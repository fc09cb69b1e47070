// SPDX-License-Identifier: Apache-2.0
// Frames and envelopes of one State call, there and back.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "task/v3/task.pb.h"
#include "ttrpc/envelope.h"
#include "ttrpc/frame.h"
#include "ttrpc/frame_reader.h"

namespace {

constexpr int kFramesAtOnce = 64;

std::string Framed(const std::string& body, std::uint8_t type) {
  std::string frame(ttrpc::kFrameHeaderBytes, '\0');
  ttrpc::EncodeFrameHeader(
      {.length = static_cast<std::uint32_t>(body.size()), .stream = 1, .type = type}, frame.data());
  return frame + body;
}

std::string StatePayload() {
  containerd::task::v3::StateResponse response;
  response.set_id("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
  response.set_bundle("/run/containerd/io.containerd.runtime.v2.task/k8s.io/" + response.id());
  response.set_pid(12345);
  response.set_status(containerd::types::RUNNING);
  return response.SerializeAsString();
}

std::string StateRequest() {
  containerd::task::v3::StateRequest request;
  request.set_id("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
  const std::string payload = request.SerializeAsString();
  return Framed(ttrpc::EncodeRequest({.service = "containerd.task.v3.Task",
                                      .method = "State",
                                      .payload = payload,
                                      .timeout_nano = 2000000000}),
                ttrpc::kFrameRequest);
}

void Encode(benchmark::State& state) {
  const std::string payload = StatePayload();
  for (auto _ : state) {
    std::string head(ttrpc::kFrameHeaderBytes, '\0');
    ttrpc::AppendResponseHead({.payload = payload}, &head);
    ttrpc::EncodeFrameHeader({.length = static_cast<std::uint32_t>(
                                  head.size() - ttrpc::kFrameHeaderBytes + payload.size()),
                              .stream = 1,
                              .type = ttrpc::kFrameResponse},
                             head.data());
    benchmark::DoNotOptimize(head);
  }
}
BENCHMARK(Encode)->Name("frame encode/ours");

// What any encoder has to do: bytes to where they are sent from.
void EncodeFloor(benchmark::State& state) {
  const std::string payload = StatePayload();
  const std::string frame =
      Framed(ttrpc::EncodeResponse({.payload = payload}), ttrpc::kFrameResponse);
  const std::size_t head_size = frame.size() - payload.size();
  for (auto _ : state) {
    std::string head(frame.data(), head_size);
    benchmark::DoNotOptimize(head);
  }
}
BENCHMARK(EncodeFloor)->Name("frame encode/floor: copy the head");

void Decode(benchmark::State& state) {
  std::string bytes;
  for (int i = 0; i < kFramesAtOnce; ++i) bytes += StateRequest();
  ttrpc::FrameReader reader;
  for (auto _ : state) {
    std::size_t decoded = 0;
    for (std::size_t given = 0; given < bytes.size();) {
      const absl::Span<char> space = reader.Prepare();
      const std::size_t size = std::min(space.size(), bytes.size() - given);
      std::memcpy(space.data(), bytes.data() + given, size);
      given += size;
      reader.Commit(size);
      while (const std::optional<ttrpc::Frame> frame = reader.Next()) {
        decoded += ttrpc::DecodeRequest(frame->data).ok() ? 1 : 0;
      }
    }
    if (decoded != kFramesAtOnce) return state.SkipWithError("frames were lost");
  }
  state.SetItemsProcessed(state.iterations() * kFramesAtOnce);
}
BENCHMARK(Decode)->Name("frame decode/ours");

// The same bytes to the same places, not looked at.
void DecodeFloor(benchmark::State& state) {
  std::string bytes;
  for (int i = 0; i < kFramesAtOnce; ++i) bytes += StateRequest();
  std::string buffer(4096, '\0');
  for (auto _ : state) {
    for (std::size_t given = 0; given < bytes.size();) {
      const std::size_t size = std::min(buffer.size(), bytes.size() - given);
      std::memcpy(buffer.data(), bytes.data() + given, size);
      given += size;
      benchmark::DoNotOptimize(buffer);
    }
  }
  state.SetItemsProcessed(state.iterations() * kFramesAtOnce);
}
BENCHMARK(DecodeFloor)->Name("frame decode/floor: copy the bytes");

}  // namespace
