// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/sync_talk.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

#include "base/status_macros.h"

namespace fakes {

struct SyncTalk::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& loop, container::SyncSocket end)
      : socket(std::move(end)), readable(loop) {}
  // The descriptor is the socket's to close.
  ~Impl() { Forget(); }
  void Forget() {
    if (readable.is_open()) (void)readable.release();
  }

  void Wait() {
    readable.async_wait(boost::asio::posix::descriptor_base::wait_read,
                        [self = shared_from_this()](const boost::system::error_code& error) {
                          if (!error && self->done) self->Look();
                        });
  }

  void Look() {
    absl::StatusOr<container::SyncMessage> message = socket.Poll();
    if (absl::IsFailedPrecondition(message.status())) return Wait();
    Done finish = std::exchange(done, nullptr);
    finish(std::move(message));
  }

  container::SyncSocket socket;
  boost::asio::posix::stream_descriptor readable;
  Done done;
};

absl::StatusOr<std::unique_ptr<SyncTalk>> SyncTalk::Open(boost::asio::io_context& loop,
                                                         container::SyncSocket socket) {
  auto impl = std::make_shared<Impl>(loop, std::move(socket));
  boost::system::error_code error;
  impl->readable.assign(impl->socket.fd().get(), error);
  if (error) return base::ErrnoStatus(error.value(), "watch a container in the making");
  return std::unique_ptr<SyncTalk>(new SyncTalk(std::move(impl)));
}

SyncTalk::SyncTalk(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

SyncTalk::~SyncTalk() {
  impl_->done = nullptr;
  impl_->Forget();
  impl_->socket.Close();
}

void SyncTalk::Await(Done done) {
  impl_->done = std::move(done);
  impl_->Wait();
}

absl::Status SyncTalk::Send(container::SyncKind kind) {
  const absl::Status sent = impl_->socket.TrySend(kind);
  // Whoever has gone may have said why before.
  return absl::IsUnavailable(sent) ? absl::OkStatus() : sent;
}

}  // namespace fakes
