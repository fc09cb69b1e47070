// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <deque>
#include <utility>

#include "base/status_macros.h"
#include "fakes/guest_agent/limits.h"

namespace fakes {

struct GuestOutput::Impl : std::enable_shared_from_this<Impl> {
  struct Pending {
    std::uint64_t id = 0;
    std::size_t max = 0;
    Done done;
    bool ends = false;  // with the drain
  };

  explicit Impl(boost::asio::io_context& loop) : descriptor(loop), drain(loop) {}

  // Answers what can be answered, then waits for the next data if anybody does.
  void Pump();
  std::string Take(std::size_t max);  // empty: nothing now, or `ended`
  void Wait();
  void EndDrained();
  void End();

  boost::asio::posix::stream_descriptor descriptor;
  boost::asio::steady_timer drain;
  std::deque<Pending> reads;
  std::uint64_t last_id = 0;
  bool waiting = false;
  bool ended = false;
};

std::string GuestOutput::Impl::Take(std::size_t max) {
  std::string data(max, '\0');
  for (;;) {
    const ssize_t got = ::read(descriptor.native_handle(), data.data(), data.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return "";
    if (got <= 0) {  // the master of a terminal says EIO when its last user has gone
      ended = true;
      return "";
    }
    data.resize(static_cast<std::size_t>(got));
    return data;
  }
}

void GuestOutput::Impl::Pump() {
  const auto self = shared_from_this();  // an answer may destroy the owner
  while (!reads.empty() && !ended) {
    std::string data = Take(reads.front().max);
    if (data.empty()) break;
    Pending read = std::move(reads.front());
    reads.pop_front();
    read.done(std::move(data));
  }
  if (ended) return End();
  if (!reads.empty()) Wait();
}

void GuestOutput::Impl::Wait() {
  if (std::exchange(waiting, true)) return;
  descriptor.async_wait(boost::asio::posix::descriptor_base::wait_read,
                        [self = shared_from_this()](const boost::system::error_code& error) {
                          self->waiting = false;
                          if (!error && self->descriptor.is_open()) self->Pump();
                        });
}

void GuestOutput::Impl::EndDrained() {
  const auto self = shared_from_this();
  Pump();
  while (!reads.empty() && reads.front().ends) {
    Pending read = std::move(reads.front());
    reads.pop_front();
    read.done(std::string());
  }
}

void GuestOutput::Impl::End() {
  const auto self = shared_from_this();
  ended = true;
  boost::system::error_code ignored;
  descriptor.close(ignored);
  drain.cancel();
  for (Pending& read : std::exchange(reads, {})) read.done(std::string());
}

absl::StatusOr<std::unique_ptr<GuestOutput>> GuestOutput::Open(boost::asio::io_context& loop,
                                                               base::UniqueFd fd) {
  if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK | ::fcntl(fd.get(), F_GETFL)) != 0) {
    return base::ErrnoStatus(errno, "output of a process");
  }
  auto impl = std::make_shared<Impl>(loop);
  boost::system::error_code error;
  impl->descriptor.assign(fd.get(), error);
  if (error) return base::ErrnoStatus(error.value(), "watch the output of a process");
  (void)fd.release();
  return std::unique_ptr<GuestOutput>(new GuestOutput(std::move(impl)));
}

GuestOutput::GuestOutput(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

GuestOutput::~GuestOutput() { impl_->End(); }

std::uint64_t GuestOutput::Read(std::size_t max, Done done) {
  if (impl_->ended || max == 0) {
    done(std::string());
    return 0;
  }
  if (impl_->reads.size() >= kGuestReadsMax) {
    done(absl::ResourceExhaustedError("too many reads of one stream"));
    return 0;
  }
  const std::uint64_t id = ++impl_->last_id;
  impl_->reads.push_back(
      {.id = id, .max = std::min(max, kGuestReadBytesMax), .done = std::move(done)});
  const auto impl = impl_;
  impl->Pump();
  const bool waits = std::any_of(impl->reads.begin(), impl->reads.end(),
                                 [id](const Impl::Pending& read) { return read.id == id; });
  return waits ? id : 0;
}

void GuestOutput::Cancel(std::uint64_t read) {
  const auto found =
      std::find_if(impl_->reads.begin(), impl_->reads.end(),
                   [read](const Impl::Pending& pending) { return pending.id == read; });
  if (found != impl_->reads.end()) impl_->reads.erase(found);
}

bool GuestOutput::idle() const { return impl_->reads.empty(); }

void GuestOutput::EndReads() {
  if (impl_->reads.empty()) return;
  const bool draining = impl_->reads.front().ends;
  for (Impl::Pending& read : impl_->reads) read.ends = true;
  if (draining) return;
  impl_->drain.expires_after(kGuestDrain);
  impl_->drain.async_wait([impl = impl_](const boost::system::error_code& error) {
    if (!error) impl->EndDrained();
  });
}

}  // namespace fakes
