// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "fakes/module_fuzz/fuzzed_shim.h"

namespace fakes {

// What became of all the modules.
class FuzzReport {
 public:
  // The shim as it was before the first task.
  explicit FuzzReport(const ShimSize& begin) : begin_(begin), last_(begin) {}

  void Add(std::uint64_t number, const TaskEnd& end);
  // At a look between tasks. An error says which bound the shim has passed.
  absl::Status AddSize(const ShimSize& size);

  // A few lines.
  [[nodiscard]] std::string Text() const;

 private:
  std::uint64_t tasks_ = 0;
  std::uint64_t ended_ = 0;
  std::uint64_t killed_ = 0;
  std::map<unsigned, std::uint64_t> statuses_;
  struct Refusals {
    std::uint64_t count = 0;
    std::string first;  // of their messages
  };
  std::map<std::string, Refusals> refusals_;  // "Create INVALID_ARGUMENT"
  std::chrono::milliseconds create_max_{0};
  std::uint64_t slowest_ = 0;
  std::chrono::milliseconds task_max_{0};
  ShimSize begin_;
  ShimSize last_;
  std::uint64_t resident_max_ = 0;
};

// Whether a guest's process ended as only a broken engine's does, by a signal that nobody sent.
bool HasCrashed(const TaskEnd& end);

}  // namespace fakes
