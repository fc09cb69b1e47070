// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/client.h"

#include <absl/strings/str_cat.h>

#include <boost/asio/post.hpp>
#include <deque>
#include <utility>
#include <vector>

#include "ttrpc/client_session.h"
#include "ttrpc/connection.h"

namespace ttrpc {

struct Client::Impl final : ConnectionHandler {
  explicit Impl(boost::asio::io_context& event_loop)
      : loop(event_loop), connection(event_loop, *this, session.output()) {}

  absl::Span<char> Prepare() override { return session.Prepare(); }
  void OnReceived(std::size_t bytes) override;
  void OnDeadline(Clock::time_point now) override;
  void OnFlushed() override {}
  void OnLost(const absl::Status& reason) override;

  void Start(base::UniqueFd socket);
  void Call(absl::string_view service, absl::string_view method, std::string payload,
            const CallOptions& options, Done done);
  void Complete(ClientSession::Result result);
  // Ends calls one by one. Any callback may destroy the client, which ends the rest first.
  void Complete(std::vector<ClientSession::Result> results);
  void RunEnding();
  // For calls that cannot even be sent: completes from the loop.
  void FailLater(Done done, absl::Status status);
  void NotifyClosed();
  void Destroy();

  std::shared_ptr<Impl> Self() { return std::static_pointer_cast<Impl>(shared_from_this()); }

  boost::asio::io_context& loop;
  ClientSession session;
  Connection connection;
  ClientObserver observer;
  std::function<void(absl::Status)> on_closed;
  absl::Status lost;                         // why; OK while connected
  std::deque<ClientSession::Result> ending;  // calls whose callbacks are still to be run
  bool destroyed = false;
};

void Client::Impl::Start(base::UniqueFd socket) {
  const absl::Status status = connection.Start(std::move(socket));
  if (status.ok()) return;
  connection.Close();
  boost::asio::post(loop, [self = Self(), status] {
    if (!self->destroyed) self->OnLost(status);
  });
}

void Client::Impl::Call(absl::string_view service, absl::string_view method, std::string payload,
                        const CallOptions& options, Done done) {
  if (connection.closed()) {
    return FailLater(std::move(done), absl::UnavailableError("ttrpc: connection closed"));
  }
  RequestEnvelope request{.service = service, .method = method, .metadata = options.metadata};
  std::optional<Clock::time_point> deadline;
  if (options.timeout) {
    if (options.timeout->count() <= 0) {
      return FailLater(std::move(done), absl::DeadlineExceededError("ttrpc: no time to call"));
    }
    request.timeout_nano = options.timeout->count();
    deadline = DeadlineAfter(DeadlineAfter(Clock::now(), *options.timeout), options.grace);
  }
  const std::string seen = observer.on_request ? payload : std::string();
  const absl::StatusOr<std::uint32_t> stream =
      session.Start(std::move(request), std::move(payload), deadline, done);
  if (!stream.ok()) return FailLater(std::move(done), stream.status());
  if (observer.on_request) observer.on_request(*stream, service, method, seen);
  connection.SetDeadline(deadline);
  connection.Flush();
}

void Client::Impl::OnReceived(std::size_t bytes) {
  session.Commit(bytes);
  // Once a callback has destroyed the client no call is left, and what still arrives is ignored.
  while (std::optional<ClientSession::Result> result = session.NextResult()) {
    Complete(*std::move(result));
  }
  if (connection.closed() || session.error().ok()) return;
  connection.Close();
  OnLost(session.error());
}

void Client::Impl::OnDeadline(Clock::time_point now) {
  std::vector<ClientSession::Result> results = session.Expire(now);
  connection.SetDeadline(session.next_deadline());
  Complete(std::move(results));
}

void Client::Impl::OnLost(const absl::Status& reason) {
  lost = reason;
  Complete(session.Fail(absl::UnavailableError(
      absl::IsUnavailable(reason) ? reason.message()
                                  : absl::StrCat("ttrpc: connection closed: ", reason.message()))));
  if (!destroyed) NotifyClosed();
}

void Client::Impl::Complete(ClientSession::Result result) {
  constexpr std::uint32_t kNeverSent = 0;
  if (observer.on_reply && result.stream != kNeverSent) {
    observer.on_reply(result.stream, result.result);
  }
  result.done(std::move(result.result));
}

void Client::Impl::Complete(std::vector<ClientSession::Result> results) {
  for (ClientSession::Result& result : results) ending.push_back(std::move(result));
  RunEnding();
}

// Counted, so that callbacks which call again at once cannot keep it busy for ever.
void Client::Impl::RunEnding() {
  for (std::size_t count = ending.size(); count > 0 && !ending.empty(); --count) {
    ClientSession::Result result = std::move(ending.front());
    ending.pop_front();
    Complete(std::move(result));
  }
}

void Client::Impl::FailLater(Done done, absl::Status status) {
  ending.push_back({.done = std::move(done), .result = std::move(status)});
  boost::asio::post(loop, [self = Self()] { self->RunEnding(); });
}

void Client::Impl::NotifyClosed() {
  if (on_closed) std::exchange(on_closed, nullptr)(lost);
}

void Client::Impl::Destroy() {
  destroyed = true;
  on_closed = nullptr;
  connection.Close();
  Complete(session.Fail(absl::CancelledError("ttrpc: client destroyed")));
}

Client::Client(boost::asio::io_context& loop, base::UniqueFd socket)
    : impl_(std::make_shared<Impl>(loop)) {
  impl_->Start(std::move(socket));
}

Client::~Client() {
  if (impl_) impl_->Destroy();
}

Client::Client(Client&&) noexcept = default;

Client& Client::operator=(Client&& other) noexcept {
  if (this != &other) {
    if (impl_) impl_->Destroy();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

void Client::OnClosed(std::function<void(absl::Status)> callback) {
  impl_->on_closed = std::move(callback);
  if (impl_->lost.ok()) return;
  boost::asio::post(impl_->loop, [impl = impl_] {
    if (!impl->destroyed) impl->NotifyClosed();
  });
}

void Client::Observe(ClientObserver observer) { impl_->observer = std::move(observer); }

void Client::Call(absl::string_view service, absl::string_view method, std::string payload,
                  const CallOptions& options, Done done) {
  impl_->Call(service, method, std::move(payload), options, std::move(done));
}

bool Client::closed() const { return !impl_ || impl_->connection.closed(); }

}  // namespace ttrpc
