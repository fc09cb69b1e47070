// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/call_link.h"

#include <utility>

#include "base/status_macros.h"
#include "ttrpc/envelope.h"
#include "ttrpc/limits.h"

namespace fakes {
CallLink::CallLink(RelayCore& core, Callbacks callbacks)
    : core_(core),
      callbacks_(std::move(callbacks)),
      client_(std::make_shared<RelayEnd>(core.loop())),
      shim_(std::make_shared<RelayEnd>(core.loop())) {}

absl::Status CallLink::Start(base::UniqueFd client, base::UniqueFd shim) {
  const auto self = weak_from_this();
  RETURN_IF_ERROR(shim_->Start(std::move(shim), {.on_piece =
                                                     [self](FrameSplitter::Piece piece) {
                                                       if (const auto link = self.lock())
                                                         link->OnShimPiece(std::move(piece));
                                                     },
                                                 .on_lost =
                                                     [self](std::string rest) {
                                                       if (const auto link = self.lock())
                                                         link->OnShimLost(std::move(rest));
                                                     }}));
  return client_->Start(std::move(client), {.on_piece =
                                                [self](FrameSplitter::Piece piece) {
                                                  if (const auto link = self.lock())
                                                    link->OnClientPiece(std::move(piece));
                                                },
                                            .on_lost =
                                                [self](std::string rest) {
                                                  if (const auto link = self.lock())
                                                    link->OnClientLost(std::move(rest));
                                                }});
}

void CallLink::OnClientPiece(FrameSplitter::Piece piece) {
  if (!piece.header) {
    // Nothing is done to it, but its reply can be spoken of.
    if (piece.oversized) {
      calls_[piece.oversized->stream] = WireMessage::Oversized(*piece.oversized);
    }
    requests_.push_back({.message = nullptr, .effects = nullptr, .bytes = std::move(piece.bytes)});
    return Pump();
  }
  if (number_ == 0) number_ = core_.NextConnection();
  const std::shared_ptr<WireMessage> message =
      WireMessage::Request(*piece.header, std::move(piece.bytes), number_);
  if (piece.header->type == ttrpc::kFrameRequest) calls_[piece.header->stream] = message;
  auto effects = std::make_shared<WireEffects>(core_.Apply(*message));
  requests_.push_back({.message = message, .effects = std::move(effects), .bytes = ""});
  Pump();
}

void CallLink::Pump() {
  while (!waits_ && !requests_.empty()) {
    const Queued next = std::move(requests_.front());
    requests_.pop_front();
    if (next.message == nullptr) {
      shim_->Send(next.bytes);
      continue;
    }
    waits_ = true;
    core_.Prepare(next.message, next.effects, [self = weak_from_this(), next] {
      const auto link = self.lock();
      if (!link) return;
      link->SendRequest(*next.message, *next.effects);
      link->waits_ = false;
      link->Pump();
    });
  }
}

void CallLink::SendRequest(const WireMessage& message, const WireEffects& effects) {
  using Fate = WireEffects::Fate;
  switch (effects.fate) {
    case Fate::kPass:
      shim_->Send(FrameOf(message, effects));
      break;
    case Fate::kDrop:
      calls_.erase(message.header().stream);
      return;
    case Fate::kAnswer:
      Answer(message, effects);
      return;
    case Fate::kClose:
    case Fate::kCut:
      return End();
  }
  core_.Passed(message);
  if (!effects.twice) return;
  std::string data = message.Data();
  if (const auto request = ttrpc::DecodeRequest(data); request.ok()) {
    core_.CallShim({.service = std::string(request->service),
                    .method = std::string(request->method),
                    .payload = std::string(request->payload)},
                   [] {});
  }
}

void CallLink::Answer(const WireMessage& request, const WireEffects& effects) {
  const ttrpc::FrameHeader header = {.stream = request.header().stream,
                                     .type = ttrpc::kFrameResponse};
  const auto call = calls_.extract(header.stream);
  client_->Send(
      JoinFrame(header, ttrpc::EncodeResponse({.code = effects.code, .message = effects.text})));
  if (!call.empty()) core_.Passed(*WireMessage::Reply(header, "", call.mapped()));
}

void CallLink::OnShimPiece(FrameSplitter::Piece piece) {
  const auto call = piece.header && piece.header->type == ttrpc::kFrameResponse
                        ? calls_.extract(piece.header->stream)
                        : decltype(calls_)::node_type();
  if (call.empty()) {
    client_->Send(piece.header ? JoinFrame(*piece.header, piece.bytes) : std::move(piece.bytes));
    return;
  }
  const std::shared_ptr<WireMessage> message =
      WireMessage::Reply(*piece.header, std::move(piece.bytes), call.mapped());
  const bool shutdown =
      (message->name() == "Shutdown" || message->name() == "ShutdownSandbox") && message->ok();
  const Effects effects = std::make_shared<WireEffects>(core_.Apply(*message));
  if (shutdown && callbacks_.on_shutdown) callbacks_.on_shutdown();
  core_.Prepare(message, effects, [self = weak_from_this(), message, effects] {
    if (const auto link = self.lock()) link->SendReply(*message, *effects);
  });
}

void CallLink::SendReply(const WireMessage& message, const WireEffects& effects) {
  using Fate = WireEffects::Fate;
  for (const ttrpc::FrameHeader& header : effects.inserted) client_->Send(JoinFrame(header, ""));
  switch (effects.fate) {
    case Fate::kPass:
    case Fate::kAnswer:
      break;
    case Fate::kDrop:
      return;
    case Fate::kClose:
      return End();
    case Fate::kCut: {
      const std::string frame = FrameOf(message, effects);
      client_->Send(frame.substr(0, frame.size() / 2));
      return End();
    }
  }
  const std::string frame = FrameOf(message, effects);
  client_->Send(frame);
  if (effects.twice) client_->Send(frame);
  core_.Passed(message);
}

void CallLink::OnShimLost(std::string rest) {
  if (callbacks_.on_shim_lost) callbacks_.on_shim_lost();
  client_->Send(std::move(rest));
  End();
}

void CallLink::OnClientLost(std::string rest) {
  if (!waits_ && requests_.empty()) shim_->Send(std::move(rest));
  End();
}

void CallLink::End() {
  if (number_ == 1) core_.NoteFirstGone();
  const auto on_end = std::exchange(callbacks_, {}).on_end;
  client_->CloseWhenSent();
  shim_->CloseWhenSent();
  if (on_end) on_end();
}

}  // namespace fakes
