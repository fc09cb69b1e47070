// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <gmock/gmock-matchers.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace conformance {

// One received Forward, decoded (contract §5.1, §5.2).
struct Event {
  std::string topic;              // "/tasks/exit"
  std::string type_url;           // as sent; must be the bare message name (EVT-04)
  std::string ns;                 // envelope namespace
  std::int64_t timestamp_ns = 0;  // envelope timestamp, Unix time; 0 when absent
  // Decoded payload; fields a message does not have stay empty.
  std::string container_id;
  std::string id;  // TaskExit.id, TaskDelete.id
  std::string exec_id;
  std::uint32_t pid = 0;
  std::uint32_t exit_status = 0;
  std::int64_t exited_at_ns = 0;
  std::string payload_text;  // protobuf text form, for evidence and for the rarer fields
  std::string payload;       // the serialized message
  bool decodable = true;
  std::chrono::steady_clock::time_point received;
  // The process the event speaks of: exec id, or empty for the init.
  [[nodiscard]] std::string process() const;
};
void PrintTo(const Event& event, std::ostream* out);

// Only the events of one container (or of one process of it), in order of arrival.
std::vector<Event> ForContainer(const std::vector<Event>& events, const std::string& container_id);
std::vector<Event> ForProcess(const std::vector<Event>& events, const std::string& container_id,
                              const std::string& exec_id);

// Matches an Event by the last part of its topic: Topic("exit"), Topic("exec-added").
::testing::Matcher<const Event&> Topic(const std::string& name);

// The event sink of a check: a ttrpc server at TTRPC_ADDRESS. Starts in kPrompt.
class EventSink {
 public:
  enum class Mode {
    kPrompt,  // answers each Forward at once
    kSlow,    // answers after `delay`
    kRefuse,  // answers each Forward with `code`
    kSilent,  // accepts and reads, never answers
    kCloses,  // closes the connection instead of answering
    kTears,   // answers with half a frame, then closes the connection
    kFrozen,  // listens, but accepts and reads nothing: a containerd that is stopped
  };
  static constexpr std::size_t kForEver = static_cast<std::size_t>(-1);
  virtual ~EventSink() = default;
  // For the next `forwards` Forward calls, then the sink is prompt again. kTears and kFrozen also
  // drop the connections there are.
  virtual void SetMode(Mode mode, std::chrono::milliseconds delay = {},
                       absl::StatusCode code = absl::StatusCode::kUnavailable,
                       std::size_t forwards = kForEver) = 0;
  // Removes the socket and drops all connections, as when containerd stops.
  virtual void Stop() = 0;
  // Listens again at the same path (a new inode).
  virtual void Restart() = 0;
  virtual std::string address() const = 0;
  // Forward calls received (also those not answered OK), and how many were ever open at once.
  virtual std::size_t received() const = 0;
  virtual std::size_t outstanding_max() const = 0;
  virtual std::size_t connections() const = 0;
};

}  // namespace conformance
