// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/nic_relay.h"

#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <deque>
#include <utility>

#include "fakes/hypervisor/limits.h"

namespace fakes {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

}  // namespace

struct NicRelay::Impl : std::enable_shared_from_this<Impl> {
  struct Way {
    Descriptor& from;
    Descriptor& to;
    std::uint64_t& bytes;
    std::uint64_t& frames;
    bool waits = false;
    bool ended = false;
  };

  Impl(boost::asio::io_context& context, std::vector<base::UniqueFd> queues, base::UniqueFd other)
      : loop(context), guest(context, other.release()), frame(kFrameBytesMax) {
    for (base::UniqueFd& queue : queues) {
      Descriptor& from = host.emplace_back(context, queue.release());
      ways.push_back({from, guest, counters.rx_bytes, counters.rx_frames});
    }
    ways.push_back({guest, host.front(), counters.tx_bytes, counters.tx_frames});
  }

  void Start() {
    paused = false;
    for (Way& way : ways) Move(way);
  }

  void Move(Way& way) {
    if (closed || paused || way.waits || way.ended) return;
    for (int turn = 0; turn < kNicTurn; ++turn) {
      const ssize_t got = ::read(way.from.native_handle(), frame.data(), frame.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return Await(way);
      if (got <= 0) {
        way.ended = true;
        return;
      }
      const auto size = static_cast<std::size_t>(got);
      if (::write(way.to.native_handle(), frame.data(), size) != got) continue;  // dropped
      way.bytes += size;
      ++way.frames;
    }
    way.waits = true;
    boost::asio::post(loop, [&way, self = shared_from_this()] { self->GoOn(way); });
  }

  void Await(Way& way) {
    way.waits = true;
    way.from.async_wait(
        Descriptor::wait_read,
        [&way, self = shared_from_this()](const boost::system::error_code&) { self->GoOn(way); });
  }

  void GoOn(Way& way) {
    way.waits = false;
    Move(way);
  }

  void Close() {
    closed = true;
    boost::system::error_code ignored;
    for (Descriptor& queue : host) queue.close(ignored);
    guest.close(ignored);
  }

  boost::asio::io_context& loop;
  std::deque<Descriptor> host;
  Descriptor guest;
  std::vector<char> frame;  // for one at a time: what is read is written at once
  NicCounters counters;
  std::deque<Way> ways;
  bool paused = false;
  bool closed = false;
};

NicRelay::NicRelay(boost::asio::io_context& loop, std::vector<base::UniqueFd> host,
                   base::UniqueFd guest)
    : impl_(std::make_shared<Impl>(loop, std::move(host), std::move(guest))) {}

NicRelay::~NicRelay() { impl_->Close(); }

void NicRelay::Start() { impl_->Start(); }

void NicRelay::Pause() { impl_->paused = true; }

NicCounters NicRelay::counters() const { return impl_->counters; }

}  // namespace fakes
