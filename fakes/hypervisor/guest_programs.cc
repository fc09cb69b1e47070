// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/guest_programs.h"

#include <sys/socket.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <set>
#include <utility>

#include "vm/hybrid_vsock.h"

namespace fakes {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

// The guest's log: whoever connects stays connected while the guest lives, and reads nothing.
class SilentLog : public std::enable_shared_from_this<SilentLog> {
 public:
  explicit SilentLog(boost::asio::io_context& loop) : loop_(loop) {}

  void Serve(base::UniqueFd connection) {
    auto reader = std::make_shared<Descriptor>(loop_, connection.release());
    readers_.insert(reader);
    Wait(reader);
  }

  void Close() {
    for (const auto& reader : readers_) {
      boost::system::error_code ignored;
      reader->close(ignored);
    }
    readers_.clear();
  }

 private:
  void Wait(const std::shared_ptr<Descriptor>& reader) {
    reader->async_wait(Descriptor::wait_read, [self = shared_from_this(),
                                               reader](const boost::system::error_code& error) {
      if (error) return;
      char bytes[4096];
      const ssize_t got = ::recv(reader->native_handle(), bytes, sizeof(bytes), MSG_DONTWAIT);
      if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return self->Wait(reader);
      self->readers_.erase(reader);
    });
  }

  boost::asio::io_context& loop_;
  std::set<std::shared_ptr<Descriptor>> readers_;  // shared with the operation under way
};

class Programs : public GuestServices {
 public:
  explicit Programs(boost::asio::io_context& loop) : log_(std::make_shared<SilentLog>(loop)) {}
  ~Programs() override { log_->Close(); }

  bool Serve(std::uint32_t port, base::UniqueFd connection) override {
    if (port != vm::kGuestLogPort) return false;
    log_->Serve(std::move(connection));
    return true;
  }
  void Stop() override { log_->Close(); }

 private:
  std::shared_ptr<SilentLog> log_;  // shared with the operations under way
};

}  // namespace

GuestFactory GuestsWithPrograms(boost::asio::io_context& loop, const HypervisorOptions& /*options*/,
                                base::Log& /*log*/) {
  return [&loop](const std::function<void()>& /*power_off*/)
             -> absl::StatusOr<std::unique_ptr<GuestServices>> {
    return std::make_unique<Programs>(loop);
  };
}

}  // namespace fakes
