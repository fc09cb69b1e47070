// SPDX-License-Identifier: Apache-2.0
#include "fakes/containerd/event_sink.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <map>
#include <tuple>
#include <utility>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "containerd/envelope.h"
#include "containerd/timestamps.h"
#include "fakes/containerd/limits.h"
#include "fakes/containerd/torn_server.h"
#include "services/events/ttrpc.ttrpc.h"
#include "ttrpc/router.h"
#include "ttrpc/server.h"

namespace fakes {
namespace {

using containerd::services::events::ttrpc::v1::EventsService;
using containerd::services::events::ttrpc::v1::ForwardRequest;
using ForwardReply = ttrpc::Reply<google::protobuf::Empty>;

absl::StatusOr<base::UniqueFd> Listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("event sink path too long: ", path));
  }
  path.copy(address.sun_path, path.size());
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.ok()) return base::ErrnoStatus(errno, "socket");
  ::unlink(path.c_str());
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("bind ", path));
  }
  if (::listen(fd.get(), kSinkBacklog) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("listen ", path));
  }
  return fd;
}

ForwardedEvent Decode(const containerd::Envelope& envelope) {
  ForwardedEvent event;
  event.ns = envelope.namespace_();
  event.topic = envelope.topic();
  event.type_url = envelope.event().type_url();
  event.payload = envelope.event().value();
  if (const auto time = containerd::FromTimestamp(envelope.timestamp())) {
    event.timestamp_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(time->time_since_epoch()).count();
  }
  event.acceptance = containerd::ValidateEnvelope(envelope);
  event.received = std::chrono::steady_clock::now();
  return event;
}

}  // namespace

class EventSink::Impl : public EventsService, public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& loop, std::string path, OnForward on_forward)
      : loop_(loop), path_(std::move(path)), on_forward_(std::move(on_forward)) {
    router_.Add(EventsService::Bind(*this));
  }

  absl::Status Start() {
    if (listener_.ok()) return absl::OkStatus();
    ASSIGN_OR_RETURN(listener_, Listen(path_));
    return Serve();
  }

  void Stop() {
    if (!listener_.ok()) return;
    ::unlink(path_.c_str());
    DropConnections();
    listener_.reset();
  }

  void SetMode(Mode mode, std::chrono::milliseconds delay, absl::StatusCode code,
               std::size_t forwards) {
    const bool was_routed = Routed();
    mode_ = mode;
    delay_ = delay;
    code_ = code;
    forwards_ = forwards;
    if ((Routed() && was_routed) || !listener_.ok()) return;
    Renew();
  }

  void Forward(const ForwardRequest& request, const ttrpc::CallInfo& call,
               ForwardReply reply) override;

 private:
  friend class EventSink;

  // A call that is not answered at once.
  struct Held {
    Held(boost::asio::io_context& loop, ForwardReply unanswered)
        : reply(std::move(unanswered)), timer(loop) {}
    ForwardReply reply;
    boost::asio::steady_timer timer;
    bool abandoned = false;  // nobody waits for the answer any more
  };

  // Forward calls come through the router.
  [[nodiscard]] bool Routed() const { return mode_ != Mode::kTears && mode_ != Mode::kFrozen; }

  // Servers take a duplicate, so that connections can be dropped without the socket going away.
  absl::Status Serve() {
    if (mode_ == Mode::kFrozen) return absl::OkStatus();  // clients wait in the backlog
    base::UniqueFd copy(::fcntl(listener_.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy.ok()) return base::ErrnoStatus(errno, "fcntl F_DUPFD_CLOEXEC");
    if (mode_ == Mode::kTears) {
      torn_ = std::make_unique<TornServer>(loop_, std::move(copy),
                                           [this](absl::string_view payload) { Tear(payload); });
      return absl::OkStatus();
    }
    server_ = std::make_unique<ttrpc::Server>(loop_, router_, log_);
    return server_->Serve(std::move(copy));
  }

  void DropConnections() {
    server_.reset();
    torn_.reset();
    held_.clear();
  }

  // All connections anew, served as the mode says.
  void Renew() {
    DropConnections();
    if (!Serve().ok()) Stop();
  }

  // One Forward more; true when it is the last of its mode.
  bool TakeForward(const ForwardedEvent& event) {
    ++received_;
    on_forward_(event);
    return forwards_ != kForEver && --forwards_ == 0;
  }
  void BecomePrompt() {
    mode_ = Mode::kPrompt;
    forwards_ = kForEver;
  }

  void Tear(absl::string_view payload);
  Held& Hold(ForwardReply reply);
  void RenewSoon();

  boost::asio::io_context& loop_;
  const std::string path_;
  const OnForward on_forward_;
  base::Log log_;
  ttrpc::Router router_;
  base::UniqueFd listener_;
  std::unique_ptr<ttrpc::Server> server_;
  std::unique_ptr<TornServer> torn_;
  std::map<std::uint64_t, Held> held_;  // by number of the call
  Mode mode_ = Mode::kPrompt;
  std::chrono::milliseconds delay_{0};
  absl::StatusCode code_ = absl::StatusCode::kUnavailable;
  std::size_t forwards_ = kForEver;  // left in this mode
  std::size_t received_ = 0;
  std::size_t outstanding_max_ = 0;
};

void EventSink::Impl::Forward(const ForwardRequest& request, const ttrpc::CallInfo& /*call*/,
                              ForwardReply reply) {
  const ForwardedEvent event = Decode(request.envelope());
  const Mode mode = mode_;
  if (TakeForward(event)) BecomePrompt();
  switch (mode) {
    case Mode::kPrompt:
      outstanding_max_ = std::max<std::size_t>(outstanding_max_, 1);
      if (event.acceptance.ok()) return std::move(reply)(google::protobuf::Empty());
      return std::move(reply)(event.acceptance);
    case Mode::kRefuse:
      outstanding_max_ = std::max<std::size_t>(outstanding_max_, 1);
      return std::move(reply)(absl::Status(code_, "refused by the event sink"));
    case Mode::kSilent:
      Hold(std::move(reply));
      return;
    case Mode::kCloses:
      Hold(std::move(reply));
      return RenewSoon();
    case Mode::kTears:
    case Mode::kFrozen:
      return;  // not routed: a call of a connection that is going
    case Mode::kSlow:
      break;
  }
  Held& held = Hold(std::move(reply));
  held.timer.expires_after(delay_);
  held.timer.async_wait([weak = weak_from_this(), number = received_,
                         acceptance = event.acceptance](const boost::system::error_code&) {
    const std::shared_ptr<Impl> self = weak.lock();
    auto node = self ? self->held_.extract(number) : decltype(self->held_)::node_type();
    if (node.empty()) return;
    if (!acceptance.ok()) return std::move(node.mapped().reply)(acceptance);
    std::move(node.mapped().reply)(google::protobuf::Empty());
  });
}

EventSink::Impl::Held& EventSink::Impl::Hold(ForwardReply reply) {
  Held& held = held_
                   .emplace(std::piecewise_construct, std::forward_as_tuple(received_),
                            std::forward_as_tuple(loop_, std::move(reply)))
                   .first->second;
  held.reply.OnAbandoned([weak = weak_from_this(), number = received_] {
    const std::shared_ptr<Impl> self = weak.lock();
    if (!self) return;
    const auto found = self->held_.find(number);
    if (found == self->held_.end()) return;
    found->second.abandoned = true;
    // The reply is in the middle of telling us: it goes later.
    boost::asio::post(self->loop_, [weak, number] {
      if (const std::shared_ptr<Impl> later = weak.lock()) later->held_.erase(number);
    });
  });
  const auto open = std::count_if(held_.begin(), held_.end(),
                                  [](const auto& entry) { return !entry.second.abandoned; });
  outstanding_max_ = std::max(outstanding_max_, static_cast<std::size_t>(open));
  return held;
}

void EventSink::Impl::Tear(absl::string_view payload) {
  ForwardRequest request;
  request.ParseFromArray(payload.data(), static_cast<int>(payload.size()));
  outstanding_max_ = std::max<std::size_t>(outstanding_max_, 1);
  if (!TakeForward(Decode(request.envelope()))) return;
  BecomePrompt();
  RenewSoon();
}

// Not at once: a server is in the middle of the very call that asks for it.
void EventSink::Impl::RenewSoon() {
  boost::asio::post(loop_, [weak = weak_from_this()] {
    const std::shared_ptr<Impl> self = weak.lock();
    if (self && self->listener_.ok()) self->Renew();
  });
}

EventSink::EventSink(boost::asio::io_context& loop, std::string path, OnForward on_forward)
    : impl_(std::make_shared<Impl>(loop, std::move(path), std::move(on_forward))) {}

EventSink::~EventSink() { impl_->Stop(); }

absl::Status EventSink::Start() { return impl_->Start(); }

void EventSink::Stop() { impl_->Stop(); }

void EventSink::SetMode(Mode mode, std::chrono::milliseconds delay, absl::StatusCode code,
                        std::size_t forwards) {
  impl_->SetMode(mode, delay, code, forwards);
}

const std::string& EventSink::path() const { return impl_->path_; }
bool EventSink::listening() const { return impl_->listener_.ok(); }
std::size_t EventSink::received() const { return impl_->received_; }
std::size_t EventSink::outstanding_max() const { return impl_->outstanding_max_; }
std::size_t EventSink::connections() const {
  return impl_->server_ ? impl_->server_->connections() : 0;
}

}  // namespace fakes
