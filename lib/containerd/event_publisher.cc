// SPDX-License-Identifier: Apache-2.0
#include "containerd/event_publisher.h"

#include <absl/status/status.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <optional>
#include <utility>

#include "containerd/timestamps.h"
#include "services/events/ttrpc.ttrpc.h"
#include "ttrpc/client.h"

namespace containerd {
namespace {

namespace wire = services::events::ttrpc::v1;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr absl::string_view kNamespaceMetadataKey = "containerd-namespace-ttrpc";

struct Event {
  std::string topic;
  std::string type_name;
  std::string bytes;
  std::optional<system_clock::time_point> first_attempt;  // the envelope's time (EVT-07)
};

// A socket nobody listens on yet, or whose backlog is full for the moment.
bool MayAppearLater(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsUnavailable(status);
}

// A timer with one wait at a time. A handler runs only if neither Arm nor Cancel came after its own
// Arm; cancelling a steady_timer alone cannot recall a handler that is queued already.
class OneShot {
 public:
  explicit OneShot(boost::asio::io_context& loop) : timer_(loop) {}

  // `handler` must not touch this object unless it knows that it still exists.
  template <typename Owner, typename Handler>
  void Arm(milliseconds delay, std::weak_ptr<Owner> owner, Handler handler) {
    timer_.expires_after(delay);
    timer_.async_wait([this, owner = std::move(owner), handler, armed = ++generation_](auto) {
      if (const auto alive = owner.lock(); alive && armed == generation_) handler();
    });
  }
  void Cancel() {
    ++generation_;
    timer_.cancel();
  }

 private:
  boost::asio::steady_timer timer_;
  unsigned generation_ = 0;
};

}  // namespace

class EventPublisher::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& loop, absl::string_view address, absl::string_view name_space,
       base::Log& log, PublisherOptions options)
      : loop_(loop),
        address_(absl::StripPrefix(address, "unix://")),
        name_space_(name_space),
        log_(log),
        options_(std::move(options)),
        pause_(loop),
        flush_deadline_(loop) {}

  void Publish(Event event) {
    if (address_.empty()) {
      ++dropped_;
      log_.Debug("no event service: ", event.topic, " is not published");
      return;
    }
    queue_.push_back(std::move(event));
    if (state_ == State::kIdle) return StartAttempt();
    if (queue_.size() > options_.queue_max + 1) DropOldestWaiting();
  }

  void Flush(milliseconds deadline, std::function<void()> done) {
    FinishFlush();
    flush_done_ = std::move(done);
    if (queue_.empty()) return FinishFlush();
    flush_deadline_.Arm(deadline, weak_from_this(), [this] {
      log_.Warning("event service is slow, ", queue_.size(), " events undelivered");
      FinishFlush();
    });
    if (state_ == State::kPausing) {
      StartAttempt();
    } else if (state_ == State::kConnecting) {
      TryConnect();
    }
  }

  [[nodiscard]] std::size_t queued() const { return queue_.size(); }
  [[nodiscard]] std::size_t dropped() const { return dropped_; }

 private:
  enum class State { kIdle, kConnecting, kForwarding, kPausing };

  void StartAttempt() {
    pause_.Cancel();
    Event& event = queue_.front();
    if (!event.first_attempt) event.first_attempt = system_clock::now();
    reconnected_ = false;
    if (client_ && !client_->closed()) return Forward();
    Connect();
  }

  void Connect() {
    state_ = State::kConnecting;
    client_.reset();
    connect_deadline_ = steady_clock::now() + options_.connect_timeout;
    connect_pause_ = kConnectPauseMin;
    TryConnect();
  }

  void TryConnect() {
    pause_.Cancel();
    absl::StatusOr<base::UniqueFd> socket = ::ttrpc::ConnectUnix(address_);
    if (socket.ok()) {
      client_.emplace(loop_, *std::move(socket));
      return Forward();
    }
    if (flush_done_) {
      // Shutting down: an absent containerd is not waited for (EVT-46).
      log_.Warning("event service is away, ", queue_.size(),
                   " events undelivered: ", socket.status().message());
      FinishFlush();
    }
    if (!MayAppearLater(socket.status()) ||
        steady_clock::now() + connect_pause_ > connect_deadline_) {
      return AttemptFailed(socket.status());
    }
    pause_.Arm(connect_pause_, weak_from_this(), [this] { TryConnect(); });
    connect_pause_ = std::min(2 * connect_pause_, kConnectPauseMax);
  }

  void Forward() {
    state_ = State::kForwarding;
    const Event& event = queue_.front();
    wire::ForwardRequest request;
    wire::Envelope& envelope = *request.mutable_envelope();
    *envelope.mutable_timestamp() = ToTimestamp(*event.first_attempt);
    envelope.set_namespace_(name_space_);
    envelope.set_topic(event.topic);
    envelope.mutable_event()->set_type_url(event.type_name);
    envelope.mutable_event()->set_value(event.bytes);
    const ::ttrpc::CallOptions call = {
        .timeout = options_.forward_timeout,
        .metadata = {{std::string(kNamespaceMetadataKey), name_space_}}};
    wire::EventsClient(*client_).Forward(
        request, call,
        [weak = weak_from_this()](const absl::StatusOr<google::protobuf::Empty>& reply) {
          if (const auto self = weak.lock()) self->Forwarded(reply.status());
        });
  }

  void Forwarded(const absl::Status& status) {
    if (status.ok()) {
      if (overflowed_ > 0) log_.Error(overflowed_, " events were lost to a full queue");
      overflowed_ = 0;
      return Next();
    }
    const bool closed = client_->closed();
    if (closed && !reconnected_) {
      reconnected_ = true;
      return Connect();
    }
    if (!closed && absl::IsInvalidArgument(status)) {
      GiveUp("is refused", status);
      return Next();
    }
    AttemptFailed(status);
  }

  void AttemptFailed(const absl::Status& status) {
    if (failures_ >= options_.retry_pauses.size()) {
      GiveUp("cannot be delivered", status);
      return Next();
    }
    state_ = State::kPausing;
    pause_.Arm(options_.retry_pauses[failures_++], weak_from_this(), [this] { StartAttempt(); });
  }

  void GiveUp(absl::string_view why, const absl::Status& status) {
    ++dropped_;
    log_.Error("event ", queue_.front().topic, " ", why, ": ", status.message());
  }

  // The front event is done with, one way or the other.
  void Next() {
    queue_.pop_front();
    failures_ = 0;
    state_ = State::kIdle;
    if (!queue_.empty()) return StartAttempt();
    FinishFlush();
  }

  // The front event stays while it is being delivered: its reply will pop it.
  void DropOldestWaiting() {
    if (overflowed_++ == 0) log_.Error("event queue is full, the oldest events are dropped");
    ++dropped_;
    queue_.erase(queue_.begin() + 1);
  }

  void FinishFlush() {
    if (!flush_done_) return;
    flush_deadline_.Cancel();
    boost::asio::post(loop_, [weak = weak_from_this(), done = std::exchange(flush_done_, nullptr)] {
      if (weak.lock()) done();
    });
  }

  boost::asio::io_context& loop_;
  const std::string address_;
  const std::string name_space_;
  base::Log& log_;
  const PublisherOptions options_;

  std::deque<Event> queue_;
  State state_ = State::kIdle;
  std::optional<::ttrpc::Client> client_;
  OneShot pause_;  // between connects, or between attempts
  steady_clock::time_point connect_deadline_;
  milliseconds connect_pause_{0};
  bool reconnected_ = false;    // in this attempt
  std::size_t failures_ = 0;    // attempts of the front event that failed
  std::size_t overflowed_ = 0;  // dropped from the queue since the last delivery
  std::size_t dropped_ = 0;
  OneShot flush_deadline_;
  std::function<void()> flush_done_;
};

EventPublisher::EventPublisher(boost::asio::io_context& loop, absl::string_view address,
                               absl::string_view name_space, base::Log& log,
                               PublisherOptions options)
    : impl_(std::make_shared<Impl>(loop, address, name_space, log, std::move(options))) {}

EventPublisher::~EventPublisher() = default;

void EventPublisher::Publish(absl::string_view topic, absl::string_view type_name,
                             std::string event) {
  impl_->Publish(Event{.topic = std::string(topic),
                       .type_name = std::string(type_name),
                       .bytes = std::move(event),
                       .first_attempt = std::nullopt});
}

void EventPublisher::Flush(milliseconds deadline, std::function<void()> done) {
  impl_->Flush(deadline, std::move(done));
}

std::size_t EventPublisher::queued() const { return impl_->queued(); }
std::size_t EventPublisher::dropped() const { return impl_->dropped(); }

}  // namespace containerd
