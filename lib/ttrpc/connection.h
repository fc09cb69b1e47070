// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/types/span.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <memory>
#include <optional>

#include "base/unique_fd.h"
#include "ttrpc/deadline_set.h"
#include "ttrpc/output_queue.h"

namespace ttrpc {

// What a Connection serves; one per connection, owning it as a member. The asynchronous operations
// share the ownership of this object, so it may be let go of at any time. All calls come from the
// event loop, none from inside a function of Connection. Each may close the connection.
class ConnectionHandler : public std::enable_shared_from_this<ConnectionHandler> {
 public:
  virtual ~ConnectionHandler() = default;
  virtual absl::Span<char> Prepare() = 0;
  virtual void OnReceived(std::size_t bytes) = 0;
  // A deadline set by SetDeadline has come.
  virtual void OnDeadline(Clock::time_point now) = 0;
  // Nothing is queued any more; seen after input was handled and after waiting for the peer.
  virtual void OnFlushed() = 0;
  // The connection is lost, and closed. Not after Close().
  virtual void OnLost(const absl::Status& reason) = 0;
};

// A stream socket driven by an event loop: one read at a time, answers written at once and, when
// the socket is full, when it is writable again. What is queued while input is handled goes out in
// one write. A call costs one wake-up, the recv that fetches it, the recv that finds nothing more,
// and one sendmsg.
class Connection {
 public:
  // `handler` and `output` outlive this object. `socket` is made non-blocking.
  Connection(boost::asio::io_context& loop, ConnectionHandler& handler, OutputQueue& output);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Takes the socket and starts reading. `handler` must be owned by a shared_ptr by now.
  absl::Status Start(base::UniqueFd socket);

  // To be called after adding to the output. Closes the connection (from the loop, by OnLost) when
  // the peer is gone or leaves more than kWriteQueueBytesMax unread.
  void Flush();

  // Makes sure OnDeadline comes at `deadline` or a little earlier. There is one timer: it is moved
  // only to an earlier time, and calls that end early leave it alone.
  void SetDeadline(std::optional<Clock::time_point> deadline);

  // Closes at once; no function of the handler is called any more. Idempotent.
  void Close();
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  void Read();
  void OnRead(const boost::system::error_code& error, std::size_t bytes);
  void OnTimer();
  void WaitWritable();
  void Lose(absl::Status reason);
  void Break(absl::Status reason);

  ConnectionHandler& handler_;
  OutputQueue& output_;
  boost::asio::local::stream_protocol::socket socket_;
  boost::asio::steady_timer timer_;
  Clock::time_point timer_set_to_ = Clock::time_point::max();
  absl::Status broken_;  // why nothing can be written any more
  bool closed_ = false;
  bool corked_ = false;  // input is being handled
  bool waits_writable_ = false;
};

}  // namespace ttrpc
