// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/event_link.h"

#include <utility>

#include "base/status_macros.h"
#include "ttrpc/limits.h"

namespace fakes {
EventLink::EventLink(RelayCore& core, Callbacks callbacks)
    : core_(core),
      callbacks_(std::move(callbacks)),
      shim_(std::make_shared<RelayEnd>(core.loop())),
      sink_(std::make_shared<RelayEnd>(core.loop())) {}

// A link that still has events to send keeps itself: nobody else waits for them.
absl::Status EventLink::Start(base::UniqueFd shim, base::UniqueFd sink) {
  const auto self = weak_from_this();
  RETURN_IF_ERROR(sink_->Start(std::move(sink), {.on_piece =
                                                     [self](FrameSplitter::Piece piece) {
                                                       const auto link = self.lock();
                                                       if (link)
                                                         link->OnSinkPiece(std::move(piece));
                                                     },
                                                 .on_lost =
                                                     [self](std::string rest) {
                                                       const auto link = self.lock();
                                                       if (!link) return;
                                                       link->shim_->Send(std::move(rest));
                                                       link->End();
                                                     }}));
  return shim_->Start(std::move(shim), {.on_piece =
                                            [self](FrameSplitter::Piece piece) {
                                              const auto link = self.lock();
                                              if (link) link->OnShimPiece(std::move(piece));
                                            },
                                        .on_lost =
                                            [self](const std::string&) {
                                              if (const auto link = self.lock()) link->OnShimLost();
                                            }});
}

void EventLink::OnShimPiece(FrameSplitter::Piece piece) {
  Queued queued;
  if (!piece.header) {
    queued.bytes = std::move(piece.bytes);
  } else {
    queued.header = *piece.header;
    queued.bytes = piece.bytes;
    if (queued.header.type == ttrpc::kFrameRequest) {
      queued.message = WireMessage::Event(queued.header, std::move(piece.bytes));
    } else {
      queued.bytes = JoinFrame(queued.header, piece.bytes);
    }
  }
  if (queued.message) queued.effects = std::make_shared<WireEffects>(core_.Apply(*queued.message));
  events_.push_back(std::move(queued));
  Pump();
}

void EventLink::Pump() {
  while (!waits_ && !events_.empty()) {
    Queued next = std::move(events_.front());
    events_.pop_front();
    if (!next.message) {
      if (next.header.type == ttrpc::kFrameRequest) {
        SendOn(next.header.stream, next.header, next.bytes);
      } else {
        sink_->Send(std::move(next.bytes));
      }
      continue;
    }
    auto self = shared_from_this();
    if (next.effects->until) {
      // The shim would not send the next one before it has heard of this one.
      AnswerShim(next.header.stream);
      next.header.stream = 0;
      core_.Prepare(next.message, next.effects, [self, next] { self->Send(next); });
      continue;
    }
    waits_ = true;
    core_.Prepare(next.message, next.effects, [self, next] {
      self->Send(next);
      self->waits_ = false;
      self->Pump();
    });
  }
  EndIfDone();
}

void EventLink::Send(const Queued& event) {
  if (event.effects->fate == WireEffects::Fate::kDrop) {
    if (event.header.stream != 0) AnswerShim(event.header.stream);
  } else {
    const std::string data = event.message->Data();
    SendOn(event.header.stream, event.header, data);
    if (event.effects->twice) SendOn(0, event.header, data);
  }
  core_.Passed(*event.message);
}

void EventLink::SendOn(std::uint32_t stream, ttrpc::FrameHeader header, const std::string& data) {
  header.stream = next_stream_;
  header.type = ttrpc::kFrameRequest;
  answers_[next_stream_] = stream;
  next_stream_ += 2;
  sink_->Send(JoinFrame(header, data));
}

void EventLink::AnswerShim(std::uint32_t stream) {
  shim_->Send(JoinFrame({.stream = stream, .type = ttrpc::kFrameResponse}, ""));
}

void EventLink::OnSinkPiece(FrameSplitter::Piece piece) {
  if (!piece.header) return shim_->Send(std::move(piece.bytes));
  const auto answer = answers_.extract(piece.header->stream);
  if (!answer.empty()) piece.header->stream = answer.mapped();
  if (answer.empty() || answer.mapped() != 0) shim_->Send(JoinFrame(*piece.header, piece.bytes));
  EndIfDone();
}

void EventLink::OnShimLost() {
  shim_lost_ = true;
  Pump();
}

// Until containerd has taken the last of it.
void EventLink::EndIfDone() {
  if (shim_lost_ && !waits_ && events_.empty() && answers_.empty()) End();
}

void EventLink::End() {
  const Callbacks callbacks = std::exchange(callbacks_, {});
  if (callbacks.on_sink_lost) callbacks.on_sink_lost();
  sink_->CloseWhenSent();
  shim_->CloseWhenSent();
  if (callbacks.on_end) callbacks.on_end();
}

}  // namespace fakes
