// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "containerd/event_publisher.h"
#include "fakes/faulty_shim/publishing.h"
#include "fakes/faulty_shim/wrapped.h"
#include "ttrpc/client.h"

// Publishing: the daemon's one publisher, and the calls it makes.
namespace fakes {

#define STRING_VIEW FAULTY_SHIM_STRING_VIEW
#define STRING "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"

using containerd::EventPublisher;
using containerd::PublisherOptions;
using std::chrono::milliseconds;

FAULTY_SHIM_WRAPS(void, MakePublisher,
                  "_ZN10containerd14EventPublisherC1ERN5boost4asio10io_contextE" STRING_VIEW
                  "S7_RN4base3LogENS_16PublisherOptionsE",
                  EventPublisher* publisher, boost::asio::io_context& loop,
                  absl::string_view address, absl::string_view name_space, base::Log& log,
                  PublisherOptions options);
FAULTY_SHIM_WRAPS(void, Publish,
                  "_ZN10containerd14EventPublisher7PublishE" STRING_VIEW "S3_" STRING,
                  EventPublisher* publisher, absl::string_view topic, absl::string_view type_name,
                  std::string event);
FAULTY_SHIM_WRAPS(void, Flush,
                  "_ZN10containerd14EventPublisher5FlushENSt6chrono8durationIlSt5ratioILl1ELl1000EE"
                  "EESt8functionIFvvEE",
                  EventPublisher* publisher, milliseconds deadline, std::function<void()> done);
FAULTY_SHIM_WRAPS(void, CallPeer,
                  "_ZN5ttrpc6Client4CallE" STRING_VIEW "S3_" STRING
                  "RKNS_11CallOptionsESt8functionIFvNS2_8StatusOrIS9_EEEE",
                  ttrpc::Client* client, absl::string_view service, absl::string_view method,
                  std::string payload, const ttrpc::CallOptions& options, ttrpc::Client::Done done);

namespace {

// What a channel of the usual size holds.
constexpr std::size_t kBacklogMax = 128;

struct Publishing {
  boost::asio::io_context* loop = nullptr;
  EventPublisher* first = nullptr;
  EventPublisher* second = nullptr;  // ends with the process
  std::size_t published = 0;
  std::vector<std::function<void()>> after_delivery;
};

Publishing& PublishingOfThis() {
  static Publishing publishing;
  return publishing;
}

void Alter(const Rule& rule, PublisherOptions& options) {
  const auto deadline = [&rule](const char* key, milliseconds& value) {
    if (rule.has(key)) value = milliseconds(rule.Number(key));
  };
  deadline("timeout", options.forward_timeout);
  deadline("connect", options.connect_timeout);
  if (rule.has("retries")) {
    options.retry_pauses.resize(static_cast<std::size_t>(rule.Number("retries")), milliseconds(1));
  }
  if (rule.has("queue")) options.queue_max = static_cast<std::size_t>(rule.Number("queue"));
}

void ReleaseIfDelivered() {
  Publishing& publishing = PublishingOfThis();
  if (publishing.first != nullptr && publishing.first->queued() > 0) return;
  for (const auto& work : std::exchange(publishing.after_delivery, {})) work();
}

void PublishLater(const Rule& rule, EventPublisher* publisher, absl::string_view topic,
                  absl::string_view type_name, std::string event) {
  const auto timer = std::make_shared<boost::asio::steady_timer>(*PublishingOfThis().loop,
                                                                 milliseconds(rule.Number("ms")));
  timer->async_wait([timer, publisher, topic = std::string(topic),
                     type_name = std::string(type_name),
                     event = std::move(event)](const boost::system::error_code& error) {
    if (!error) RealPublish(publisher, topic, type_name, event);
  });
}

void AwaitAnswer(const Rule& rule) {
  pollfd sink{.fd = LatestConnection(), .events = POLLIN, .revents = 0};
  ::poll(&sink, 1, static_cast<int>(rule.Number("ms")));
}

}  // namespace

void AfterDelivery(std::function<void()> work) {
  PublishingOfThis().after_delivery.push_back(std::move(work));
  ReleaseIfDelivered();
}

void WrapMakePublisher(EventPublisher* publisher, boost::asio::io_context& loop,
                       absl::string_view address, absl::string_view name_space, base::Log& log,
                       PublisherOptions options) {
  if (const Rule* rule = Fire("alter", "publisher")) Alter(*rule, options);
  Publishing& publishing = PublishingOfThis();
  publishing = {.loop = &loop, .first = publisher};
  if (Fire("double", "publisher") != nullptr) {
    publishing.second = static_cast<EventPublisher*>(::operator new(sizeof(EventPublisher)));
    RealMakePublisher(publishing.second, loop, address, name_space, log, options);
  }
  RealMakePublisher(publisher, loop, address, name_space, log, std::move(options));
}

void WrapPublish(EventPublisher* publisher, absl::string_view topic, absl::string_view type_name,
                 std::string event) {
  if (CurrentPlan() == nullptr) return RealPublish(publisher, topic, type_name, std::move(event));
  Publishing& publishing = PublishingOfThis();
  if (const Rule* rule = Fire("late", "publish", {{"topic", std::string(topic)}})) {
    return PublishLater(*rule, publisher, topic, type_name, std::move(event));
  }
  const bool to_second = publishing.second != nullptr && ++publishing.published % 2 == 0;
  RealPublish(to_second ? publishing.second : publisher, topic, type_name, std::move(event));
  const char* backlog = publisher->queued() > kBacklogMax ? "full" : "short";
  if (const Rule* rule = Fire("block", "publish", {{"backlog", backlog}})) AwaitAnswer(*rule);
}

void WrapFlush(EventPublisher* publisher, milliseconds deadline, std::function<void()> done) {
  if (Fire("skip", "flush") != nullptr) ::_exit(0);
  if (Fire("hold", "flush") != nullptr) return;
  RealFlush(publisher, deadline, std::move(done));
}

// The shim calls its event service and, where there is one, the agent of its guest.
void WrapCallPeer(ttrpc::Client* client, absl::string_view service, absl::string_view method,
                  std::string payload, const ttrpc::CallOptions& options,
                  ttrpc::Client::Done done) {
  if (Fire("skip", "guest-call", {{"method", std::string(method)}}) != nullptr) {
    return boost::asio::post(*PublishingOfThis().loop,
                             [done = std::move(done)] { done(std::string()); });
  }
  if (CurrentPlan() != nullptr) {
    done = [done = std::move(done)](absl::StatusOr<std::string> answer) {
      const FaultPlan::Facts facts = {{"code", std::to_string(answer.status().raw_code())}};
      if (Fire("crash", "answer", facts) != nullptr) std::abort();
      if (!answer.ok() && Fire("believe", "answer", facts) != nullptr) answer = std::string();
      done(std::move(answer));
      ReleaseIfDelivered();
    };
  }
  RealCallPeer(client, service, method, std::move(payload), options, std::move(done));
}

}  // namespace fakes
