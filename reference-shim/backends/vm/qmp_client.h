// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/unique_fd.h"
#include "reference-shim/backends/vm/qmp_message.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"

namespace backends {

class Tracer;

// A QEMU's monitor, over one connection. What is executed completes from the loop, once and in
// bounded time, not after destruction, and may destroy this. UNAVAILABLE: the connection is lost;
// others as QmpReader and QmpErrorStatus say.
class QmpClient {
 public:
  // Borrowed. What is executed is a span of `tracer`, unless that is null.
  explicit QmpClient(boost::asio::io_context& loop, Tracer* tracer = nullptr);
  QmpClient(const QmpClient&) = delete;
  QmpClient& operator=(const QmpClient&) = delete;

  // Call once, first. `socket`: a connected stream. Takes the greeting and agrees on capabilities.
  void Open(base::UniqueFd socket, std::chrono::milliseconds timeout, shim::Done<> done);
  // Completes with the JSON of what the command returns. `arguments`: an object of JSON, or empty.
  void Execute(absl::string_view command, const std::string& arguments,
               std::chrono::milliseconds timeout, shim::Done<std::string> done);
  // Called from the loop, between answers, in QEMU's order.
  void OnEvent(std::function<void(const QmpMessage&)> told) { event_ = std::move(told); }

  // Called once from the loop when the connection is lost, after all that came over it.
  void OnLost(std::function<void()> told) { told_lost_ = std::move(told); }

  [[nodiscard]] bool connected() const { return socket_.is_open(); }
  // Whether Open has succeeded and the connection is not lost since.
  [[nodiscard]] bool ready() const { return ready_; }

 private:
  struct Call;

  void Read();
  void AwaitInput();
  void Write();
  void Handle(const QmpMessage& message);
  void Finish(std::uint64_t id, absl::StatusOr<std::string> result);
  void Opened(const absl::Status& status);
  void Lose(const absl::Status& why);

  boost::asio::io_context& loop_;
  Tracer* const tracer_;
  boost::asio::posix::stream_descriptor socket_;
  QmpReader reader_;
  std::string output_;
  bool writing_ = false;
  bool ready_ = false;
  absl::Status lost_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Call>> calls_;  // owned here alone
  std::function<void(const QmpMessage&)> event_;
  std::function<void()> told_lost_;
  std::chrono::milliseconds open_timeout_{0};
  shim::Done<> opened_;
  shim::Deadline open_limit_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
