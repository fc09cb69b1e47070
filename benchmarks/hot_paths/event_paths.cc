// SPDX-License-Identifier: Apache-2.0
// An exit as it is worded for containerd.
#include <benchmark/benchmark.h>

#include <string>

#include "containerd/timestamps.h"
#include "events/task.pb.h"
#include "reference-shim/shim/event_queue.h"

namespace {

const std::string kId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

shim::ProcessExit SomeExit() {
  return {.pid = 12345, .status = 137, .at = std::chrono::system_clock::now()};
}

void Encode(benchmark::State& state) {
  std::size_t bytes = 0;
  shim::EventQueue events([&bytes](absl::string_view, absl::string_view, const std::string& event) {
    bytes += event.size();
  });
  const shim::ProcessExit exit = SomeExit();
  for (auto _ : state) events.Exited(kId, "exec-1", exit);
  if (bytes == 0) state.SkipWithError("nothing was encoded");
}
BENCHMARK(Encode)->Name("event encode/ours");

// protobuf alone, with a message that is already filled.
void EncodeFloor(benchmark::State& state) {
  const shim::ProcessExit exit = SomeExit();
  containerd::events::TaskExit event;
  event.set_container_id(kId);
  event.set_id("exec-1");
  event.set_pid(static_cast<std::uint32_t>(exit.pid));
  event.set_exit_status(exit.status);
  *event.mutable_exited_at() = containerd::ToTimestamp(exit.at);
  for (auto _ : state) {
    std::string bytes = event.SerializeAsString();
    benchmark::DoNotOptimize(bytes);
  }
}
BENCHMARK(EncodeFloor)->Name("event encode/floor: serialise only");

}  // namespace
