// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/vsock_dial.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/vm/limits.h"
#include "ttrpc/client.h"

namespace backends {

VsockDial::VsockDial(boost::asio::io_context& loop) : waiter_(loop), limit_(loop), next_(loop) {}

VsockDial::~VsockDial() { Close(); }

void VsockDial::Run(std::string socket_path, std::uint32_t port, std::chrono::milliseconds timeout,
                    shim::Done<base::UniqueFd> done) {
  path_ = std::move(socket_path);
  port_ = port;
  done_ = std::move(done);
  pause_ = kConnectPauseMin;
  limit_.Set(timeout, [this] {
    Finish(absl::DeadlineExceededError(absl::StrCat(
        "port ", port_,
        " of the guest does not answer: ", last_.ok() ? "no answer to CONNECT" : last_.message())));
  });
  Attempt();
}

void VsockDial::Attempt() {
  reply_ = {};
  const absl::Status begun = Begin();
  if (!begun.ok()) return Retry(begun);
  next_.Set(kHandshakeTimeout, [this] { Retry(absl::UnavailableError("no answer to CONNECT")); });
  AwaitReply();
}

absl::Status VsockDial::Begin() {
  ASSIGN_OR_RETURN(socket_, ttrpc::ConnectUnix(path_));
  const int flags = ::fcntl(socket_.get(), F_GETFL);
  if (flags < 0 || ::fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return base::ErrnoStatus(errno, "fcntl");
  }
  const std::string line = vm::FormatVsockConnect(port_);
  const ssize_t sent = ::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(line.size())) return base::ErrnoStatus(errno, "CONNECT");
  boost::system::error_code error;
  waiter_.assign(socket_.get(), error);
  if (error) return base::ErrnoStatus(error.value(), "socket into the loop");
  return absl::OkStatus();
}

void VsockDial::AwaitReply() {
  waiter_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     guard_.Wrap([this](const boost::system::error_code& error) {
                       if (!error) ReadReply();
                     }));
}

void VsockDial::ReadReply() {
  absl::Status status = vm::ReceiveVsockLine(socket_, reply_);
  if (status.ok() && !reply_.complete()) return AwaitReply();
  if (status.ok()) status = vm::ParseVsockOk(reply_.text()).status();
  if (!status.ok()) return Retry(std::move(status));
  waiter_.release();
  Finish(std::move(socket_));
}

void VsockDial::Close() {
  guard_.Reset();
  if (waiter_.is_open()) waiter_.release();
  socket_.reset();
}

void VsockDial::Retry(absl::Status why) {
  last_ = std::move(why);
  Close();
  next_.Set(std::exchange(pause_, std::min(2 * pause_, kConnectPauseMax)), [this] { Attempt(); });
}

void VsockDial::Finish(absl::StatusOr<base::UniqueFd> result) {
  limit_.Clear();
  next_.Clear();
  Close();
  std::exchange(done_, nullptr)(std::move(result));  // may destroy this
}

}  // namespace backends
