// SPDX-License-Identifier: Apache-2.0
// Whatever a server sends: every call ends exactly once.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>

#include "ttrpc/client_session.h"
#include "ttrpc/testing/frames.h"

namespace {

constexpr std::uint32_t kCalls = 8;

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  ttrpc::ClientSession session;
  std::map<std::uint32_t, int> ended;
  const auto count = [&](ttrpc::ClientSession::Result result) {
    result.done(std::move(result.result));
  };
  for (std::uint32_t i = 0; i < kCalls; ++i) {
    const std::uint32_t stream = 2 * i + 1;
    ttrpc::ClientSession::Done done = [&ended, stream](const absl::StatusOr<std::string>&) {
      ++ended[stream];
    };
    Require(session.Start({.service = "s"}, "", std::nullopt, done).value_or(0) == stream);
  }
  ttrpc::testing::Feed(session, {reinterpret_cast<const char*>(data) + 1, size - 1}, data[0] + 1u,
                       [&] {
                         while (auto result = session.NextResult()) count(*std::move(result));
                       });
  for (auto& result : session.Fail(absl::UnavailableError("end"))) count(std::move(result));
  Require(ended.size() == kCalls);
  for (const auto& [stream, times] : ended) Require(times == 1);
  return 0;
}
