// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/testing/echo_guest.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <set>
#include <utility>

#include "base/status_macros.h"
#include "vm/hybrid_vsock.h"

namespace fakes::testing {
namespace {

using Socket = boost::asio::local::stream_protocol::socket;

class EchoGuest : public GuestServices {
 public:
  EchoGuest(boost::asio::io_context& loop, std::function<void()> power_off)
      : loop_(loop), power_off_(std::move(power_off)) {}

  bool Serve(std::uint32_t port, base::UniqueFd connection) override {
    if (port != vm::kAgentPort) return false;
    auto echo = std::make_shared<Echo>(loop_);
    echo->socket.assign(boost::asio::local::stream_protocol(), connection.release());
    echo->power_off = power_off_;
    open_.insert(echo);
    echo->Read();
    return true;
  }

  void AddDisk(const MachineDisk&) override {}
  void RemoveDisk(const std::string&) override {}
  // Nobody is at the other end.
  absl::StatusOr<base::UniqueFd> AddNic(const std::string&, unsigned) override {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
      return base::ErrnoStatus(errno, "socketpair");
    }
    ::close(ends[1]);
    return base::UniqueFd(ends[0]);
  }

  void Stop() override {
    for (const auto& echo : open_) {
      boost::system::error_code ignored;
      echo->socket.close(ignored);
    }
    open_.clear();
  }

 private:
  struct Echo : std::enable_shared_from_this<Echo> {
    explicit Echo(boost::asio::io_context& loop) : socket(loop) {}
    void Read() {
      socket.async_read_some(
          boost::asio::buffer(bytes),
          [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
            if (error) return self->Close();
            if (std::string(self->bytes.data(), size) == "off\n") return self->power_off();
            boost::asio::async_write(self->socket, boost::asio::buffer(self->bytes.data(), size),
                                     [self](const boost::system::error_code& failed, std::size_t) {
                                       failed ? self->Close() : self->Read();
                                     });
          });
    }
    void Close() {
      boost::system::error_code ignored;
      socket.close(ignored);
    }
    Socket socket;
    std::array<char, 16 * 1024> bytes;
    std::function<void()> power_off;
  };

  boost::asio::io_context& loop_;
  const std::function<void()> power_off_;
  std::set<std::shared_ptr<Echo>> open_;  // shared with the operation under way
};

}  // namespace

GuestFactory EchoGuests(boost::asio::io_context& loop) {
  return
      [&loop](std::function<void()> power_off) -> absl::StatusOr<std::unique_ptr<GuestServices>> {
        return std::make_unique<EchoGuest>(loop, std::move(power_off));
      };
}

}  // namespace fakes::testing
