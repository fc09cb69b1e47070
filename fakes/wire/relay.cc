// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/relay.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <utility>
#include <vector>

#include "base/pidfd.h"
#include "base/status_macros.h"
#include "fakes/wire/call_link.h"
#include "fakes/wire/event_link.h"
#include "fakes/wire/limits.h"
#include "fakes/wire/relay_core.h"
#include "fakes/wire/sink_gate.h"
#include "fakes/wire/sockets.h"

namespace fakes {
namespace {
using Descriptor = boost::asio::posix::stream_descriptor;
}  // namespace

class Relay::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& loop, RelayOptions options, RuleBook book)
      : loop_(loop),
        options_(std::move(options)),
        daemon_(loop),
        core_(
            loop, std::move(book),
            {.connect_shim = [this] { return ConnectToFile(shim_file_, -1); },
             .connect_sink = [this]() -> absl::StatusOr<base::UniqueFd> {
               if (options_.sinks.empty()) return absl::NotFoundError("no event service");
               return ConnectToPath(options_.sinks.front().theirs);
             },
             .signal_shim =
                 [this](int signal) { base::SendSignal(options_.pidfd, signal).IgnoreError(); }}) {}

  absl::Status Start() {
    ASSIGN_OR_RETURN(shim_file_, OpenSocketFile(options_.socket));
    for (const RelaySink& sink : options_.sinks) {
      const std::size_t place = gates_.size();
      gates_.push_back(std::make_unique<SinkGate>(
          loop_, sink.ours, sink.theirs,
          [this, place](base::UniqueFd shim) { AddEvents(place, std::move(shim), 0); }));
    }
    ASSIGN_OR_RETURN(base::UniqueFd fd, ListenInstead(options_.socket, &shim_file_));
    inode_ = InodeOf(options_.socket);
    listener_ = std::make_unique<Descriptor>(loop_, fd.release());
    WaitForClient();
    daemon_.assign(::fcntl(options_.pidfd.get(), F_DUPFD_CLOEXEC, 0));
    daemon_.async_wait(Descriptor::wait_read, [this](const boost::system::error_code& error) {
      if (!error) OnDaemonEnd();
    });
    return absl::OkStatus();
  }

  void Run() {
    while (!daemon_ended_ && loop_.run_one() > 0) {
    }
    loop_.run_for(kRelayLastWords);
    gates_.clear();
  }

 private:
  void WaitForClient() {
    listener_->async_wait(Descriptor::wait_read, [this](const boost::system::error_code& error) {
      if (error || !listener_) return;
      base::UniqueFd client(
          ::accept4(listener_->native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (client.ok()) AddClient(std::move(client));
      if (listener_) WaitForClient();
    });
  }

  void AddClient(base::UniqueFd client) {
    absl::StatusOr<base::UniqueFd> shim = ConnectToFile(shim_file_, client.get());
    if (!shim.ok()) return;  // the client finds its connection closed
    const std::uint32_t number = ++clients_;
    auto link = std::make_shared<CallLink>(
        core_, CallLink::Callbacks{.on_shutdown =
                                       [this] {
                                         if (!core_.HasTasks()) LeavePlace();
                                       },
                                   .on_shim_lost =
                                       [this] {
                                         if (base::HasExited(options_.pidfd)) LeavePlace();
                                       },
                                   .on_end = [this, number] { calls_.erase(number); }});
    calls_[number] = link;
    if (!link->Start(std::move(client), *std::move(shim)).ok()) calls_.erase(number);
  }

  void AddEvents(std::size_t place, base::UniqueFd shim, int tries) {
    if (place >= gates_.size()) return;  // the daemon has ended meanwhile
    absl::StatusOr<base::UniqueFd> sink = ConnectToPath(gates_[place]->theirs());
    if (absl::IsUnavailable(sink.status()) && tries < kSinkListenTries) {
      auto timer = std::make_shared<boost::asio::steady_timer>(loop_, kSinkListenPause);
      auto held = std::make_shared<base::UniqueFd>(std::move(shim));
      timer->async_wait([this, timer, held, place, tries](const boost::system::error_code& error) {
        if (!error) AddEvents(place, std::move(*held), tries + 1);
      });
      return;
    }
    gates_[place]->Look();
    if (!sink.ok()) return;
    const std::uint32_t number = ++links_;
    auto link = std::make_shared<EventLink>(
        core_, EventLink::Callbacks{.on_sink_lost =
                                        [this, place] {
                                          if (place < gates_.size()) gates_[place]->Look();
                                        },
                                    .on_end = [this, number] { events_.erase(number); }});
    events_[number] = link;
    if (!link->Start(std::move(shim), *std::move(sink)).ok()) events_.erase(number);
  }

  // The daemon is about to end, or has: nobody is to find us, and the next shim takes the place.
  void LeavePlace() {
    if (!listener_) return;
    RemoveIfSame(options_.socket, inode_);
    listener_.reset();
  }

  // Links end by themselves: theirs is the end of what the daemon said.
  void OnDaemonEnd() {
    daemon_ended_ = true;
    LeavePlace();
    core_.ForgetHeld();
    for (const auto& gate : gates_) gate->AcceptAll();
    gates_.clear();
  }

  boost::asio::io_context& loop_;
  RelayOptions options_;
  Descriptor daemon_;  // readable once it has ended
  base::UniqueFd shim_file_;
  RelayCore core_;
  std::unique_ptr<Descriptor> listener_;
  ino_t inode_ = 0;
  std::vector<std::unique_ptr<SinkGate>> gates_;
  std::map<std::uint32_t, std::shared_ptr<CallLink>> calls_;    // shared with callbacks that run
  std::map<std::uint32_t, std::shared_ptr<EventLink>> events_;  // likewise
  std::uint32_t clients_ = 0;
  std::uint32_t links_ = 0;
  bool daemon_ended_ = false;
};

Relay::Relay(boost::asio::io_context& loop, RelayOptions options, RuleBook book)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(book))) {}

Relay::~Relay() = default;

absl::Status Relay::Start() { return impl_->Start(); }

void Relay::Run() { impl_->Run(); }

}  // namespace fakes
