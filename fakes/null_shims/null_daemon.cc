// SPDX-License-Identifier: Apache-2.0
#include "fakes/null_shims/null_daemon.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <list>
#include <utility>
#include <vector>

namespace fakes {
namespace {

// False: the listener can be used no more.
bool Accept(const NullSubject& subject, int listener, std::list<NullPeer>& peers) {
  base::UniqueFd socket(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket.ok()) return errno == EINTR || errno == ECONNABORTED || errno == EAGAIN;
  NullPeer peer;
  peer.socket = std::move(socket);
  if (subject.accepted(peer)) peers.push_back(std::move(peer));
  return true;
}

}  // namespace

int ServeNull(const NullSubject& subject, base::UniqueFd listener) {
  if (subject.accepted == nullptr) return 0;
  std::list<NullPeer> peers;
  for (;;) {
    std::vector<pollfd> waits = {{.fd = listener.get(), .events = POLLIN, .revents = 0}};
    for (const NullPeer& peer : peers) {
      // A negative descriptor is left out: who never reads does not wake up for it either.
      const int fd = subject.readable == nullptr ? -1 : peer.socket.get();
      waits.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    }
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return 1;
    std::size_t at = 1;
    for (auto peer = peers.begin(); peer != peers.end(); ++at) {
      const bool stays = waits[at].revents == 0 || subject.readable(*peer);
      peer = stays ? std::next(peer) : peers.erase(peer);
    }
    if (waits[0].revents != 0 && !Accept(subject, listener.get(), peers)) return 1;
  }
}

}  // namespace fakes
