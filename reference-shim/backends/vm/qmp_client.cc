// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/qmp_client.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "reference-shim/backends/vm/trace.h"

namespace backends {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

constexpr std::size_t kReadBytes = 4096;

}  // namespace

struct QmpClient::Call {
  explicit Call(boost::asio::io_context& loop) : limit(loop) {}
  std::string command;
  shim::Done<std::string> done;
  shim::Deadline limit;
};

QmpClient::QmpClient(boost::asio::io_context& loop, Tracer* tracer)
    : loop_(loop), tracer_(tracer), socket_(loop), open_limit_(loop) {}

void QmpClient::Open(base::UniqueFd socket, std::chrono::milliseconds timeout, shim::Done<> done) {
  opened_ = std::move(done);
  open_timeout_ = timeout;
  boost::system::error_code error;
  const int flags = ::fcntl(socket.get(), F_GETFL);
  if (flags < 0 || ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    error.assign(errno, boost::system::system_category());
  } else {
    socket_.assign(socket.get(), error);
  }
  if (error) {
    const absl::Status why = base::ErrnoStatus(error.value(), "monitor into the loop");
    return boost::asio::post(loop_, guard_.Wrap([this, why] { Opened(why); }));
  }
  (void)socket.release();
  open_limit_.Set(timeout, [this] {
    Opened(absl::DeadlineExceededError(
        absl::StrCat("its monitor did not answer within ", open_timeout_.count(), " ms")));
  });
  AwaitInput();
}

void QmpClient::Opened(const absl::Status& status) {
  open_limit_.Clear();
  if (opened_ == nullptr) return;
  ready_ = status.ok();
  std::exchange(opened_, nullptr)(status);  // may destroy this
}

void QmpClient::Execute(absl::string_view command, const std::string& arguments,
                        std::chrono::milliseconds timeout, shim::Done<std::string> done) {
  if (tracer_ != nullptr) done = tracer_->Trace(absl::StrCat("QMP ", command), std::move(done));
  const std::uint64_t id = ++last_id_;
  auto call = std::make_shared<Call>(loop_);
  call->command = std::string(command);
  call->done = std::move(done);
  calls_[id] = call;
  if (!socket_.is_open()) {
    const absl::Status why =
        lost_.ok() ? absl::UnavailableError("there is no connection to the monitor") : lost_;
    return boost::asio::post(loop_, guard_.Wrap([this, id, why] { Finish(id, why); }));
  }
  call->limit.Set(timeout, [this, id] {
    Finish(id, absl::DeadlineExceededError("QEMU did not answer in time"));
  });
  absl::StrAppend(&output_, FormatQmpCommand(command, arguments, id));
  if (!writing_) Write();
}

void QmpClient::Finish(std::uint64_t id, absl::StatusOr<std::string> result) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;  // its time was up
  const std::shared_ptr<Call> call = found->second;
  calls_.erase(found);
  call->limit.Clear();
  if (!result.ok()) return call->done(base::Annotate(result.status(), call->command));
  call->done(*std::move(result));  // may destroy this
}

// --- the connection -------------------------------------------------------------------------

void QmpClient::AwaitInput() {
  socket_.async_wait(Descriptor::wait_read,
                     guard_.Wrap([this](const boost::system::error_code& error) {
                       if (!error) Read();
                     }));
}

// Each message is dealt with in a turn of its own: what is told of it may destroy this.
void QmpClient::Read() {
  std::array<char, kReadBytes> buffer;
  const ssize_t size = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return AwaitInput();
  if (size < 0) return Lose(base::ErrnoStatus(errno, "monitor"));
  if (size == 0) return Lose(absl::UnavailableError("QEMU has closed its monitor"));
  absl::StatusOr<std::vector<QmpMessage>> messages =
      reader_.Add(absl::string_view(buffer.data(), static_cast<std::size_t>(size)));
  if (!messages.ok()) return Lose(messages.status());
  for (QmpMessage& message : *messages) {
    boost::asio::post(loop_,
                      guard_.Wrap([this, message = std::move(message)] { Handle(message); }));
  }
  AwaitInput();
}

void QmpClient::Write() {
  writing_ = false;
  while (!output_.empty()) {
    const ssize_t size =
        ::send(socket_.native_handle(), output_.data(), output_.size(), MSG_NOSIGNAL);
    if (size > 0) {
      output_.erase(0, static_cast<std::size_t>(size));
    } else if (size < 0 && errno == EAGAIN) {
      writing_ = true;
      return socket_.async_wait(Descriptor::wait_write,
                                guard_.Wrap([this](const boost::system::error_code& error) {
                                  if (!error) Write();
                                }));
    } else if (size < 0 && errno != EINTR) {
      return;  // reading will tell
    }
  }
}

void QmpClient::Handle(const QmpMessage& message) {
  switch (message.kind) {
    case QmpMessage::Kind::kGreeting:
      return Execute(
          "qmp_capabilities", "", open_timeout_,
          [this](const absl::StatusOr<std::string>& agreed) { Opened(agreed.status()); });
    case QmpMessage::Kind::kReturn:
      return Finish(message.id, message.text);
    case QmpMessage::Kind::kError:
      return Finish(message.id, QmpErrorStatus(message));
    case QmpMessage::Kind::kEvent:
      if (event_ != nullptr) event_(message);
      return;
  }
}

void QmpClient::Lose(const absl::Status& why) {
  lost_ = absl::UnavailableError(why.message());
  ready_ = false;
  boost::system::error_code ignored;
  socket_.close(ignored);
  for (const auto& [id, call] : calls_) {
    boost::asio::post(loop_, guard_.Wrap([this, id = id] { Finish(id, lost_); }));
  }
  boost::asio::post(loop_, guard_.Wrap([this, why] { Opened(why); }));
  boost::asio::post(loop_, guard_.Wrap([this] {
    if (told_lost_ != nullptr) std::exchange(told_lost_, nullptr)();  // may destroy this
  }));
}

}  // namespace backends
