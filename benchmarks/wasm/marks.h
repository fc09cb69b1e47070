// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace benchmarks::wasm {

// Moments in the life of a stage whose engine is watched (watched_stage.cc), in their order.
enum class Mark : std::size_t {
  kMain,
  kEngineBegin,
  kEngineEnd,  // and of its configuration
  kLoadEnd,
  kOpenBegin,         // between kLoadEnd and this: mounts and devices are made
  kOpenEnd,           // store, WASI and what of the file system the guest sees
  kInstantiateBegin,  // between: root, masks, user, rights
  kInstantiateEnd,    // linker, imports, instance
  kRunBegin,          // between: waiting for Start
  kRunEnd,
  kCount,
};

inline constexpr std::size_t kMarks = static_cast<std::size_t>(Mark::kCount);

class Marks {
 public:
  using Time = std::chrono::steady_clock::time_point;  // one clock for all processes of a machine

  void Set(Mark mark) { Set(mark, std::chrono::steady_clock::now()); }
  void Set(Mark mark, Time time) { times_[static_cast<std::size_t>(mark)] = time; }
  [[nodiscard]] Time at(Mark mark) const { return times_[static_cast<std::size_t>(mark)]; }

  // One line, newline included; and back, from a text that has it anywhere as a line.
  [[nodiscard]] std::string Line() const;
  static std::optional<Marks> Find(absl::string_view text);

 private:
  std::array<Time, kMarks> times_{};
};

}  // namespace benchmarks::wasm
