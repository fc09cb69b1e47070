// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/vsock_mux.h"

#include <absl/strings/str_cat.h>
#include <sys/socket.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "fakes/hypervisor/limits.h"
#include "fakes/hypervisor/paced_writer.h"
#include "fakes/hypervisor/stream_relay.h"
#include "fakes/hypervisor/unix_listener.h"
#include "ttrpc/client.h"
#include "vm/hybrid_vsock.h"

namespace fakes {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

// Ports of the host that OK names: beyond those that programs choose.
constexpr std::uint32_t kFirstHostPort = 1U << 30;

struct Ends {
  base::UniqueFd ours;
  base::UniqueFd theirs;
};

absl::StatusOr<Ends> MakeEnds() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0) {
    return base::ErrnoStatus(errno, "socketpair");
  }
  return Ends{.ours = base::UniqueFd(fds[0]), .theirs = base::UniqueFd(fds[1])};
}

}  // namespace

struct VsockMux::Impl : std::enable_shared_from_this<Impl> {
  struct Handshake {
    Handshake(boost::asio::io_context& loop, base::UniqueFd socket)
        : fd(std::move(socket)), watch(loop, fd.get()) {}
    ~Handshake() { (void)watch.release(); }  // `fd` closes it
    base::UniqueFd fd;
    Descriptor watch;
    vm::VsockLine line;
    bool waits = false;
  };

  Impl(boost::asio::io_context& context, std::string path, VsockFaults& wrong, Connect to_guest)
      : loop(context), socket_path(std::move(path)), faults(wrong), connect(std::move(to_guest)) {}

  void Accept(base::UniqueFd fd) {
    if (handshakes.size() + relays.size() >= kVsockConnectionsMax) return;
    auto handshake = std::make_shared<Handshake>(loop, std::move(fd));
    handshakes.insert(handshake);
    if (!paused) ReadLine(handshake);
  }

  void ReadLine(const std::shared_ptr<Handshake>& handshake) {
    const absl::Status status = vm::ReceiveVsockLine(handshake->fd, handshake->line);
    if (!status.ok()) return End(handshake);
    if (handshake->line.complete()) return Decide(handshake);
    handshake->waits = true;
    handshake->watch.async_wait(Descriptor::wait_read, [self = shared_from_this(), handshake](
                                                           const boost::system::error_code& error) {
      handshake->waits = false;
      if (error || self->handshakes.count(handshake) == 0 || self->paused) return;
      self->ReadLine(handshake);
    });
  }

  void Decide(const std::shared_ptr<Handshake>& handshake) {
    const absl::StatusOr<std::uint32_t> port = vm::ParseVsockConnect(handshake->line.text());
    if (!port.ok()) return End(handshake);
    std::weak_ptr<Impl> weak = shared_from_this();
    faults.OnConnect(*port, [weak, handshake, port = *port](const HandshakePlan& plan) {
      const std::shared_ptr<Impl> self = weak.lock();
      if (self && self->handshakes.count(handshake) != 0) self->Carry(handshake, port, plan);
    });
  }

  void Carry(const std::shared_ptr<Handshake>& handshake, std::uint32_t port,
             const HandshakePlan& plan) {
    if (plan.drop) return End(handshake);
    base::UniqueFd guest;
    if (!plan.garbage && !plan.drop_behind_ok) {
      absl::StatusOr<Ends> ends = MakeEnds();
      // The guest is asked before OK is said: that is what OK means.
      if (!ends.ok() || !connect(port, std::move(ends->theirs))) return End(handshake);
      guest = std::move(ends->ours);
    }
    const std::string answer = plan.garbage ? absl::StrCat(plan.text, "\n")
                                            : vm::FormatVsockOk(kFirstHostPort + next_port++);
    // Shared with the callback, which must be copyable.
    auto to_guest = std::make_shared<base::UniqueFd>(std::move(guest));
    WritePaced(handshake->watch, answer,
               {.byte_by_byte = plan.drip, .between = std::chrono::milliseconds(plan.ms)},
               handshake, [self = shared_from_this(), handshake, to_guest](bool written) {
                 if (self->handshakes.count(handshake) == 0) return;
                 if (!written || !to_guest->ok()) return self->End(handshake);
                 self->Join(handshake, std::move(*to_guest));
               });
  }

  void Join(const std::shared_ptr<Handshake>& handshake, base::UniqueFd guest) {
    (void)handshake->watch.release();
    base::UniqueFd host = std::move(handshake->fd);
    handshakes.erase(handshake);
    AddRelay(std::move(host), std::move(guest));
  }

  void AddRelay(base::UniqueFd host, base::UniqueFd guest) {
    const std::uint64_t number = ++relays_made;
    std::weak_ptr<Impl> weak = shared_from_this();
    auto relay =
        std::make_unique<StreamRelay>(loop, std::move(host), std::move(guest), [weak, number] {
          if (const auto self = weak.lock()) {
            self->relays.erase(number);
          }
        });
    if (paused) relay->Pause();
    relay->Start();
    relays.emplace(number, std::move(relay));
  }

  void End(const std::shared_ptr<Handshake>& handshake) {
    boost::system::error_code ignored;
    handshake->watch.cancel(ignored);
    (void)handshake->watch.release();
    handshake->fd.reset();
    handshakes.erase(handshake);
  }

  void Close() {
    listener.reset();
    const auto all = handshakes;
    for (const auto& handshake : all) End(handshake);
    relays.clear();
  }

  boost::asio::io_context& loop;
  const std::string socket_path;
  VsockFaults& faults;
  const Connect connect;
  std::unique_ptr<UnixListener> listener;
  std::set<std::shared_ptr<Handshake>> handshakes;  // shared with their operations under way
  std::map<std::uint64_t, std::unique_ptr<StreamRelay>> relays;
  std::uint64_t relays_made = 0;
  std::uint32_t next_port = 0;
  bool paused = false;
};

absl::StatusOr<std::unique_ptr<VsockMux>> VsockMux::Make(boost::asio::io_context& loop,
                                                         const std::string& socket_path,
                                                         VsockFaults& faults, Connect connect) {
  auto impl = std::make_shared<Impl>(loop, socket_path, faults, std::move(connect));
  std::weak_ptr<Impl> weak = impl;
  ASSIGN_OR_RETURN(impl->listener,
                   UnixListener::Listen(loop, socket_path, UnixListener::Stale::kRefuse,
                                        [weak](base::UniqueFd fd) {
                                          if (const auto self = weak.lock()) {
                                            self->Accept(std::move(fd));
                                          }
                                        }));
  return std::unique_ptr<VsockMux>(new VsockMux(std::move(impl)));
}

VsockMux::~VsockMux() { impl_->Close(); }

absl::StatusOr<base::UniqueFd> VsockMux::DialHost(std::uint32_t port) {
  ASSIGN_OR_RETURN(base::UniqueFd host,
                   ttrpc::ConnectUnix(vm::VsockHostPath(impl_->socket_path, port)));
  ASSIGN_OR_RETURN(Ends ends, MakeEnds());
  impl_->AddRelay(std::move(host), std::move(ends.ours));
  return std::move(ends.theirs);
}

void VsockMux::Pause() {
  impl_->paused = true;
  for (const auto& [number, relay] : impl_->relays) relay->Pause();
}

void VsockMux::Resume() {
  impl_->paused = false;
  for (const auto& [number, relay] : impl_->relays) relay->Resume();
  const auto all = impl_->handshakes;
  for (const auto& handshake : all) {
    if (!handshake->line.complete() && !handshake->waits) impl_->ReadLine(handshake);
  }
}

void VsockMux::Reset() { impl_->relays.clear(); }

std::size_t VsockMux::connections() const {
  return impl_->handshakes.size() + impl_->relays.size();
}

}  // namespace fakes
