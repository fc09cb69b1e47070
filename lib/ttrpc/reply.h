// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ttrpc {

struct Metadata {
  std::string key;
  std::string value;
  friend bool operator==(const Metadata&, const Metadata&) = default;
};

// What a handler may know of a call besides its request.
struct CallInfo {
  std::vector<Metadata> metadata;
  std::optional<std::chrono::steady_clock::time_point> deadline;  // from timeout_nano (TT-17)
};

// The server's side of one call in flight; made by Server, used through Reply<T>.
class Responder {
 public:
  virtual ~Responder() = default;
  // Sends the one answer. `payload` is the serialized response message.
  virtual void Respond(absl::StatusOr<std::string> payload) = 0;
  // `callback` runs when nobody waits for the answer any more (connection lost, deadline expired,
  // server drained or destroyed), also if that has happened already; at most once, never after
  // Respond. It runs from the event loop, or from the destructor of Server, never inside this call.
  virtual void OnAbandoned(std::function<void()> callback) = 0;
  // Called for a Reply destroyed unanswered: answers INTERNAL and logs (architecture.md §5).
  virtual void Dropped() = 0;
};

// The right to answer one call exactly once. Move-only. `T` is the response message. Answering
// after the caller has gone is harmless. Dropping it unanswered answers INTERNAL.
template <typename T>
class Reply {
 public:
  explicit Reply(std::unique_ptr<Responder> responder) : responder_(std::move(responder)) {}
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&& other) noexcept {
    if (this != &other) {
      Drop();
      responder_ = std::move(other.responder_);
    }
    return *this;
  }
  ~Reply() { Drop(); }

  void operator()(const T& message) && { Take()->Respond(message.SerializeAsString()); }
  void operator()(absl::Status error) && { Take()->Respond(std::move(error)); }
  void operator()(const absl::StatusOr<T>& result) && {
    if (result.ok()) {
      std::move (*this)(*result);
    } else {
      std::move (*this)(result.status());
    }
  }
  void OnAbandoned(std::function<void()> callback) { responder_->OnAbandoned(std::move(callback)); }

 private:
  std::unique_ptr<Responder> Take() { return std::move(responder_); }
  void Drop() {
    if (responder_) std::exchange(responder_, nullptr)->Dropped();
  }
  std::unique_ptr<Responder> responder_;
};

}  // namespace ttrpc
