// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/event_sink.h"

#include <absl/strings/str_cat.h>

#include "conformance/harness/events_decode.h"

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

RecordingSink::RecordingSink(CheckScope& scope)
    : scope_(scope),
      sink_(scope.loop(), scope.world().sink_path, [this](const fakes::ForwardedEvent& forwarded) {
        events_.push_back(DecodeEvent(forwarded));
        scope_.history().AddEvent(events_.back(), forwarded.acceptance);
      }) {}

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

void RecordingSink::Disturb(const std::string& how) {
  scope_.history().story().sink_disturbed = true;
  scope_.history().Add(HistoryEntry::Lane::kWorld, how);
}

}  // namespace conformance
