// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "conformance/harness/check_context_scope.h"
#include "conformance/harness/events.h"
#include "fakes/containerd/event_sink.h"

namespace conformance {

// Whether `event` is one of those `before` once more, sent by somebody who has waited in vain for
// as long as senders do (EVT-41): with the same envelope, that long after its time.
bool IsRetry(const Event& event, const std::vector<Event>& before,
             std::chrono::system_clock::time_point now);

// The check's event sink: fakes::EventSink with its events decoded, kept and recorded. Any mode but
// kPrompt, and any time without a listener, marks the story as disturbed. On a machine that is said
// to be slow (WorldInfo::deadline_scale) a prompt answer may be late for the shim; what it then
// sends again, as it may (EVT-45), is told in the history and no event of its own.
class RecordingSink : public EventSink {
 public:
  explicit RecordingSink(CheckScope& scope);

  // Listens; the world must have the directory of the socket.
  absl::Status Start() { return sink_.Start(); }

  void SetMode(Mode mode, std::chrono::milliseconds delay, absl::StatusCode code,
               std::size_t forwards) override;
  void Stop() override;
  void Restart() override;
  std::string address() const override { return sink_.path(); }
  std::size_t received() const override { return sink_.received(); }
  std::size_t outstanding_max() const override { return sink_.outstanding_max(); }
  std::size_t connections() const override { return sink_.connections(); }

  [[nodiscard]] const std::vector<Event>& events() const { return events_; }
  // For clean-up: prompt and listening from now on, with fresh connections if it was not.
  void MakePrompt();
  // No socket, no connection, nothing recorded: the check is over.
  void Close() { sink_.Stop(); }

 private:
  void Take(const fakes::ForwardedEvent& forwarded);
  void Disturb(const std::string& how);

  CheckScope& scope_;
  Mode mode_ = Mode::kPrompt;
  std::vector<Event> events_;
  fakes::EventSink sink_;
};

}  // namespace conformance
