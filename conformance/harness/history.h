// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "conformance/harness/check_run.h"
#include "conformance/harness/history_story.h"

namespace conformance {

// Records one run of a check: the time line for the report and the story for the judge. Time starts
// with Begin(). What exceeds kHistoryEntriesMax lines is counted, not kept; the story keeps all.
class History {
 public:
  using Clock = std::chrono::steady_clock;

  // The check function is entered: offsets count from now.
  void Begin() { origin_ = Clock::now(); }

  // A line of the time line, now or at a time already noted.
  void Add(HistoryEntry::Lane lane, std::string text);
  void AddAt(std::int64_t offset_us, HistoryEntry::Lane lane, std::string text);
  // Marks the newest line as the first contradiction, once.
  void MarkContradiction();

  // A call to `service`; the returned number is for EndCall. Only calls of the Task service become
  // facts of the story.
  std::size_t BeginCall(std::size_t connection, absl::string_view service, absl::string_view method,
                        absl::string_view request);
  void EndCall(std::size_t call, const absl::StatusOr<std::string>& result);
  // "Start c1", as in the time line.
  [[nodiscard]] const std::string& TitleOf(std::size_t call) const { return calls_[call].title; }

  void AddEvent(const Event& event, const absl::Status& acceptance);
  void AddLogLine(const std::string& line);

  [[nodiscard]] Story& story() { return story_; }
  [[nodiscard]] const Story& story() const { return story_; }
  [[nodiscard]] std::int64_t Offset() const { return OffsetOf(Clock::now()); }
  [[nodiscard]] std::int64_t OffsetOf(Clock::time_point time) const;
  [[nodiscard]] std::int64_t calls() const { return static_cast<std::int64_t>(calls_.size()); }
  [[nodiscard]] const std::string& log() const { return log_; }
  // The last `count` lines of the shims' logs.
  [[nodiscard]] std::string LogTail(std::size_t count) const;

  // The time line in order; the history is empty afterwards, except for story and log.
  std::vector<HistoryEntry> TakeEntries();

 private:
  struct OpenCall {
    std::string title;         // "Start c1"
    std::ptrdiff_t fact = -1;  // into story_.calls; -1: not of the Task service
  };

  Clock::time_point origin_ = Clock::now();
  std::vector<HistoryEntry> entries_;
  std::size_t bytes_ = 0;      // of the texts of entries_
  std::size_t log_bytes_ = 0;  // of those of the log
  std::size_t left_out_ = 0;
  bool marked_ = false;
  std::vector<OpenCall> calls_;
  Story story_;
  std::string log_;  // the newest kLogBytesKept
};

inline constexpr std::size_t kHistoryEntriesMax = 20'000;
// All texts of the time line, and of them the shim's log lines: what a talkative shim prints must
// neither fill what a worker may report (worker_protocol.h; JSON makes six bytes of some) nor take
// the place of calls and events.
inline constexpr std::size_t kHistoryBytesMax = 1024 * 1024;
inline constexpr std::size_t kHistoryLogBytesMax = kHistoryBytesMax / 2;
inline constexpr std::size_t kLogBytesKept = 64 * 1024;
// One line of the time line; longer texts end in "...".
inline constexpr std::size_t kHistoryTextMax = 2'000;

}  // namespace conformance
