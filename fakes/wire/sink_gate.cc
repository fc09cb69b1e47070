// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/sink_gate.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

#include "fakes/wire/sockets.h"

namespace fakes {
namespace {
using Descriptor = boost::asio::posix::stream_descriptor;
}  // namespace

class SinkGate::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& loop, std::string ours, std::string theirs, OnConnection accept)
      : loop_(loop),
        ours_(std::move(ours)),
        theirs_(std::move(theirs)),
        on_connection_(std::move(accept)),
        changes_(loop) {}

  void Start() {
    const int fd = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd >= 0) {
      const std::string directory = theirs_.substr(0, theirs_.rfind('/') + 1);
      ::inotify_add_watch(fd, directory.c_str(),
                          IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM);
      changes_.assign(fd);
      WaitForChange();
    }
    Look();
  }

  void Look() {
    if (stopped_) return;
    const bool there = InodeOf(theirs_) != 0;
    if (there && !listener_) {
      absl::StatusOr<base::UniqueFd> fd = ListenInstead(ours_, nullptr);
      if (!fd.ok()) return;  // the shim finds no event service, as it would without containerd
      listener_ = std::make_unique<Descriptor>(loop_, fd->release());
      WaitForConnection();
    } else if (!there && listener_) {
      Close();
    }
  }

  void AcceptAll() {
    while (listener_) {
      base::UniqueFd fd(
          ::accept4(listener_->native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!fd.ok()) return;
      on_connection_(std::move(fd));
    }
  }

  void Stop() {
    stopped_ = true;
    Close();
    boost::system::error_code ignored;
    changes_.close(ignored);
  }

  [[nodiscard]] const std::string& theirs() const { return theirs_; }

 private:
  void Close() {
    if (!listener_) return;
    ::unlink(ours_.c_str());
    listener_.reset();
  }

  void WaitForChange() {
    changes_.async_wait(
        Descriptor::wait_read, [weak = weak_from_this()](const boost::system::error_code& error) {
          const auto self = weak.lock();
          if (error || !self || self->stopped_) return;
          char events[4096];
          while (::read(self->changes_.native_handle(), events, sizeof(events)) > 0) {
          }
          self->Look();
          self->WaitForChange();
        });
  }

  void WaitForConnection() {
    listener_->async_wait(Descriptor::wait_read,
                          [weak = weak_from_this()](const boost::system::error_code& error) {
                            const auto self = weak.lock();
                            if (error || !self || !self->listener_) return;
                            self->AcceptAll();
                            if (self->listener_) self->WaitForConnection();
                          });
  }

  boost::asio::io_context& loop_;
  const std::string ours_;
  const std::string theirs_;
  const OnConnection on_connection_;
  Descriptor changes_;
  std::unique_ptr<Descriptor> listener_;
  bool stopped_ = false;
};

SinkGate::SinkGate(boost::asio::io_context& loop, std::string ours, std::string theirs,
                   OnConnection on_connection)
    : impl_(std::make_shared<Impl>(loop, std::move(ours), std::move(theirs),
                                   std::move(on_connection))) {
  impl_->Start();
}

SinkGate::~SinkGate() { impl_->Stop(); }

void SinkGate::Look() { impl_->Look(); }

void SinkGate::AcceptAll() { impl_->AcceptAll(); }

const std::string& SinkGate::theirs() const { return impl_->theirs(); }

}  // namespace fakes
