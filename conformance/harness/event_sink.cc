// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/event_sink.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "conformance/harness/events_decode.h"
#include "containerd/limits.h"

namespace conformance {
namespace {

fakes::EventSink::Mode ToFake(EventSink::Mode mode) {
  switch (mode) {
    case EventSink::Mode::kPrompt:
      return fakes::EventSink::Mode::kPrompt;
    case EventSink::Mode::kSlow:
      return fakes::EventSink::Mode::kSlow;
    case EventSink::Mode::kRefuse:
      return fakes::EventSink::Mode::kRefuse;
    case EventSink::Mode::kSilent:
      return fakes::EventSink::Mode::kSilent;
    case EventSink::Mode::kTears:
      return fakes::EventSink::Mode::kTears;
    case EventSink::Mode::kFrozen:
      return fakes::EventSink::Mode::kFrozen;
    case EventSink::Mode::kCloses:
      break;
  }
  return fakes::EventSink::Mode::kCloses;
}

const char* Behaviour(EventSink::Mode mode) {
  switch (mode) {
    case EventSink::Mode::kPrompt:
      return "answers at once";
    case EventSink::Mode::kSlow:
      return "answers late";
    case EventSink::Mode::kRefuse:
      return "refuses";
    case EventSink::Mode::kSilent:
      return "never answers";
    case EventSink::Mode::kTears:
      return "answers with half a frame";
    case EventSink::Mode::kFrozen:
      return "freezes";
    case EventSink::Mode::kCloses:
      break;
  }
  return "closes connections instead of answering";
}

}  // namespace

bool IsRetry(const Event& event, const std::vector<Event>& before,
             std::chrono::system_clock::time_point now) {
  const std::chrono::nanoseconds sent(event.timestamp_ns);
  if (now.time_since_epoch() - sent < containerd::kForwardTimeout) return false;
  return std::any_of(before.begin(), before.end(), [&event](const Event& other) {
    return other.timestamp_ns == event.timestamp_ns && other.topic == event.topic &&
           other.ns == event.ns && other.type_url == event.type_url &&
           other.payload == event.payload;
  });
}

RecordingSink::RecordingSink(CheckScope& scope)
    : scope_(scope),
      sink_(scope.loop(), scope.world().sink_path,
            [this](const fakes::ForwardedEvent& forwarded) { Take(forwarded); }) {}

void RecordingSink::SetMode(Mode mode, std::chrono::milliseconds delay, absl::StatusCode code,
                            std::size_t forwards) {
  if (mode != mode_) Disturb(absl::StrCat("event sink ", Behaviour(mode)));
  mode_ = mode;
  sink_.SetMode(ToFake(mode), delay, code, forwards);
}

void RecordingSink::Stop() {
  Disturb("event sink stops");
  sink_.Stop();
}

void RecordingSink::Restart() {
  Disturb("event sink restarts");
  sink_.Stop();
  if (const absl::Status status = sink_.Start(); !status.ok()) scope_.HarnessFailed(status);
}

void RecordingSink::MakePrompt() {
  if (mode_ == Mode::kPrompt && sink_.listening()) return;
  SetMode(Mode::kPrompt, {}, absl::StatusCode::kUnavailable, kForEver);
  Restart();
}

void RecordingSink::Take(const fakes::ForwardedEvent& forwarded) {
  Event event = DecodeEvent(forwarded);
  const bool may_be_late = scope_.world().deadline_scale > 1 && mode_ == Mode::kPrompt;
  if (may_be_late && IsRetry(event, events_, std::chrono::system_clock::now())) {
    scope_.history().Add(
        HistoryEntry::Lane::kWorld,
        absl::StrCat("event sink has answered late: ", event.topic, " came again"));
    return;
  }
  events_.push_back(std::move(event));
  scope_.history().AddEvent(events_.back(), forwarded.acceptance);
}

void RecordingSink::Disturb(const std::string& how) {
  scope_.history().story().sink_disturbed = true;
  scope_.history().Add(HistoryEntry::Lane::kWorld, how);
}

}  // namespace conformance
