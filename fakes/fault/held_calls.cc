// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/held_calls.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <utility>

#include "fakes/fault/gate_watch.h"

namespace fakes {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

}  // namespace

struct HeldCalls::Impl : std::enable_shared_from_this<Impl> {
  struct Held {
    Held(boost::asio::io_context& loop, std::string id, std::function<void()> next)
        : rule(std::move(id)), go_on(std::move(next)), timer(loop) {}
    const std::string rule;
    const std::function<void()> go_on;
    boost::asio::steady_timer timer;
    std::unique_ptr<GateWatch> gate;
    std::unique_ptr<Descriptor> watch;  // of the gate's descriptor, which the gate closes
    ~Held() {
      if (watch) (void)watch->release();
    }
  };

  explicit Impl(boost::asio::io_context& context) : loop(context) {}

  void GoOn(std::uint64_t number) {
    const auto found = calls.find(number);
    if (found == calls.end()) return;
    const std::unique_ptr<Held> held = std::move(found->second);
    calls.erase(found);
    held->go_on();
  }

  void Post(std::uint64_t number) {
    boost::asio::post(loop, [self = shared_from_this(), number] { self->GoOn(number); });
  }

  void WatchGate(std::uint64_t number) {
    Held& held = *calls.at(number);
    if (held.gate->IsOpen()) return Post(number);
    held.watch->async_wait(Descriptor::wait_read, [self = shared_from_this(),
                                                   number](const boost::system::error_code& error) {
      if (!error && self->calls.count(number) != 0) self->WatchGate(number);
    });
  }

  boost::asio::io_context& loop;
  std::map<std::uint64_t, std::unique_ptr<Held>> calls;
  std::uint64_t added = 0;
};

HeldCalls::HeldCalls(boost::asio::io_context& loop) : impl_(std::make_shared<Impl>(loop)) {}
HeldCalls::~HeldCalls() { impl_->calls.clear(); }

void HeldCalls::Hold(const FaultRule& rule, std::function<void()> go_on) {
  const std::uint64_t number = ++impl_->added;
  auto made = std::make_unique<Impl::Held>(impl_->loop, rule.id, std::move(go_on));
  Impl::Held& held = *made;
  impl_->calls.emplace(number, std::move(made));
  if (!rule.until.empty()) {
    absl::StatusOr<GateWatch> gate = GateWatch::Make(rule.until);
    if (!gate.ok()) return impl_->Post(number);
    held.gate = std::make_unique<GateWatch>(*std::move(gate));
    held.watch = std::make_unique<Descriptor>(impl_->loop, held.gate->fd());
    return impl_->WatchGate(number);
  }
  if (rule.ms == 0) return;
  held.timer.expires_after(std::chrono::milliseconds(rule.ms));
  held.timer.async_wait([impl = impl_, number](const boost::system::error_code& error) {
    if (!error) impl->GoOn(number);
  });
}

std::size_t HeldCalls::Release(absl::string_view rule) {
  std::size_t released = 0;
  for (const auto& [number, held] : impl_->calls) {
    if (held->rule != rule) continue;
    impl_->Post(number);
    ++released;
  }
  return released;
}

std::vector<std::string> HeldCalls::Rules() const {
  std::vector<std::string> rules;
  for (const auto& [number, held] : impl_->calls) rules.push_back(held->rule);
  return rules;
}

}  // namespace fakes
