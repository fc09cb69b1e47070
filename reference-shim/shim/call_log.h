// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <utility>

namespace shim {

// The calls that a daemon answers: those under way, and of those answered how many there were and
// how long they took.
class CallLog {
 public:
  using Clock = std::chrono::steady_clock;

  struct Call {
    std::string method;  // "ResizePty"
    std::string id;      // the task or sandbox that the request names first
    Clock::time_point begun;
  };

  // Upper bounds of the buckets in milliseconds: 1, 2, 4, ... 512; the last bucket has none.
  static constexpr int kBounds = 10;
  struct Latencies {
    std::array<std::uint64_t, kBounds + 1> buckets{};
    std::uint64_t count = 0;
    double milliseconds = 0;
  };

  CallLog() = default;
  CallLog(const CallLog&) = delete;
  CallLog& operator=(const CallLog&) = delete;

  // Field 1 of a request, where those about tasks and sandboxes have whom they are about.
  static std::string IdOf(absl::string_view payload);

  // A call has come; the result is to be called with its answer. See ttrpc::CallObserver.
  std::function<void(const absl::Status&)> Begin(absl::string_view method,
                                                 absl::string_view payload);

  // Told of each call that is answered, while it still is among open(). One at most; null: nobody.
  void OnAnswered(std::function<void(const Call&, const absl::Status&)> told) {
    told_ = std::move(told);
  }

  // Oldest first.
  [[nodiscard]] const std::list<Call>& open() const { return open_; }
  // By method.
  [[nodiscard]] const std::map<std::string, Latencies>& latencies() const { return latencies_; }

 private:
  void End(std::list<Call>::iterator call, const absl::Status& status);

  std::list<Call> open_;
  std::function<void(const Call&, const absl::Status&)> told_;
  std::map<std::string, Latencies> latencies_;
};

}  // namespace shim
