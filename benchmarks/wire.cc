// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/wire.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/status_macros.h"
#include "events/task.pb.h"
#include "services/events/ttrpc.pb.h"
#include "ttrpc/client.h"
#include "ttrpc/envelope.h"
#include "ttrpc/frame.h"

namespace benchmarks {
namespace {

namespace events = ::containerd::services::events::ttrpc::v1;

constexpr int kBacklog = 64;
constexpr std::size_t kReadBytes = 65536;

std::string FrameOf(std::uint8_t type, std::uint32_t stream, const std::string& body) {
  std::string frame(ttrpc::kFrameHeaderBytes, '\0');
  ttrpc::EncodeFrameHeader(
      {.length = static_cast<std::uint32_t>(body.size()), .stream = stream, .type = type},
      frame.data());
  return frame + body;
}

// The first whole frame of `input`, as its header and its bytes with header; false: none yet.
bool WholeFrame(absl::string_view input, ttrpc::FrameHeader* header, std::size_t* size) {
  if (input.size() < ttrpc::kFrameHeaderBytes) return false;
  *header = ttrpc::DecodeFrameHeader(input.data());
  *size = ttrpc::kFrameHeaderBytes + header->length;
  return input.size() >= *size;
}

// Appends what is there; OK with nothing read for a peer that has gone.
absl::StatusOr<std::size_t> ReadSome(int fd, std::string& into) {
  char buffer[kReadBytes];
  while (true) {
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return base::ErrnoStatus(errno, "read");
    into.append(buffer, static_cast<std::size_t>(count));
    return static_cast<std::size_t>(count);
  }
}

}  // namespace

absl::Status Wire::Listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return absl::InvalidArgumentError("path too long");
  std::memcpy(address.sun_path, path.c_str(), path.size());
  ::unlink(path.c_str());
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.ok()) return base::ErrnoStatus(errno, "socket");
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    return base::ErrnoStatus(errno, path);
  }
  listener_ = std::move(socket);
  return absl::OkStatus();
}

absl::Status Wire::Connect(const std::string& path) {
  ASSIGN_OR_RETURN(connection_, ttrpc::ConnectUnix(path));
  if (::fcntl(connection_.get(), F_SETFL, 0) != 0) return base::ErrnoStatus(errno, "F_SETFL");
  input_.clear();
  replies_.clear();
  stream_ = 1;
  return absl::OkStatus();
}

void Wire::Disconnect() {
  connection_.reset();
  publishers_.clear();
}

absl::Status Wire::Write(int fd, absl::string_view bytes) {
  bytes_ += bytes.size();
  ++frames_;
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EINTR) return base::ErrnoStatus(errno, "send");
    if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::uint32_t> Wire::Send(absl::string_view service, absl::string_view method,
                                         absl::string_view payload) {
  const std::uint32_t stream = std::exchange(stream_, stream_ + 2);
  RETURN_IF_ERROR(base::Annotate(
      Write(connection_.get(),
            FrameOf(
                ttrpc::kFrameRequest, stream,
                ttrpc::EncodeRequest({.service = service, .method = method, .payload = payload}))),
      method));
  return stream;
}

absl::Status Wire::ReadReplies() {
  ASSIGN_OR_RETURN(const std::size_t count, ReadSome(connection_.get(), input_));
  if (count == 0) return absl::UnavailableError("the daemon closed the connection");
  bytes_ += count;
  absl::string_view rest = input_;
  ttrpc::FrameHeader header;
  std::size_t size = 0;
  while (WholeFrame(rest, &header, &size)) {
    ++frames_;
    const absl::string_view data = rest.substr(0, size).substr(ttrpc::kFrameHeaderBytes);
    ASSIGN_OR_RETURN(const ttrpc::ResponseEnvelope envelope, ttrpc::DecodeResponse(data));
    absl::StatusOr<std::string> payload = std::string(envelope.payload);
    if (envelope.code != 0) {
      payload = absl::Status(static_cast<absl::StatusCode>(envelope.code), envelope.message);
    }
    replies_.push_back({.stream = header.stream, .payload = std::move(payload)});
    rest.remove_prefix(size);
  }
  input_.erase(0, input_.size() - rest.size());
  return absl::OkStatus();
}

absl::Status Wire::AnswerForward(Publisher& publisher, std::uint32_t stream,
                                 absl::string_view data) {
  const Clock::time_point now = Clock::now();
  ASSIGN_OR_RETURN(const ttrpc::RequestEnvelope request, ttrpc::DecodeRequest(data));
  events::ForwardRequest forward;
  // All task events have the container's id as their first field.
  containerd::events::TaskStart event;
  if (!forward.ParseFromArray(request.payload.data(), static_cast<int>(request.payload.size())) ||
      !event.ParseFromString(forward.envelope().event().value())) {
    return absl::InternalError("an event that cannot be decoded");
  }
  events_.push_back(
      {.topic = forward.envelope().topic(), .container = event.container_id(), .at = now});
  return Write(publisher.socket.get(),
               FrameOf(ttrpc::kFrameResponse, stream, ttrpc::EncodeResponse({})));
}

absl::Status Wire::ServePublisher(Publisher& publisher) {
  const absl::StatusOr<std::size_t> count = ReadSome(publisher.socket.get(), publisher.input);
  if (!count.ok() || *count == 0) {
    publisher.socket.reset();
    return absl::OkStatus();
  }
  bytes_ += *count;
  absl::string_view rest = publisher.input;
  ttrpc::FrameHeader header;
  std::size_t size = 0;
  while (WholeFrame(rest, &header, &size)) {
    ++frames_;
    const absl::string_view data = rest.substr(0, size).substr(ttrpc::kFrameHeaderBytes);
    // A publisher that goes in between is no trouble of ours.
    const absl::Status status = AnswerForward(publisher, header.stream, data);
    if (!status.ok() && status.code() != absl::StatusCode::kUnavailable) return status;
    rest.remove_prefix(size);
  }
  publisher.input.erase(0, publisher.input.size() - rest.size());
  return absl::OkStatus();
}

absl::StatusOr<bool> Wire::Turn(int extra, Clock::time_point deadline) {
  std::vector<pollfd> fds = {{interrupt_fd_, POLLIN, 0},
                             {extra, POLLIN, 0},
                             {connection_.ok() ? connection_.get() : -1, POLLIN, 0},
                             {listener_.ok() ? listener_.get() : -1, POLLIN, 0}};
  const std::size_t fixed = fds.size();
  for (const auto& publisher : publishers_) fds.push_back({publisher->socket.get(), POLLIN, 0});
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(std::max<long>(left, 0)));
  if (ready < 0)
    return errno == EINTR ? absl::StatusOr<bool>(false) : base::ErrnoStatus(errno, "poll");
  if (fds[0].revents != 0) return absl::CancelledError("interrupted");
  if (ready == 0) {
    return absl::DeadlineExceededError(
        absl::StrCat("nothing came within ", kWaitMax.count(), " s"));
  }
  if (fds[2].revents != 0) RETURN_IF_ERROR(ReadReplies());
  for (std::size_t i = fixed; i < fds.size(); ++i) {
    if (fds[i].revents != 0) RETURN_IF_ERROR(ServePublisher(*publishers_[i - fixed]));
  }
  if (fds[3].revents != 0) {
    base::UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket.ok()) {
      publishers_.push_back(std::make_unique<Publisher>());
      publishers_.back()->socket = std::move(socket);
    }
  }
  publishers_.erase(std::remove_if(publishers_.begin(), publishers_.end(),
                                   [](const auto& p) { return !p->socket.ok(); }),
                    publishers_.end());
  return fds[1].revents != 0;
}

absl::StatusOr<Wire::Reply> Wire::NextReply() {
  const Clock::time_point deadline = Clock::now() + kWaitMax;
  while (replies_.empty()) RETURN_IF_ERROR(Turn(-1, deadline).status());
  Reply reply = std::move(replies_.front());
  replies_.pop_front();
  return reply;
}

absl::StatusOr<std::string> Wire::Call(absl::string_view service, absl::string_view method,
                                       absl::string_view payload) {
  RETURN_IF_ERROR(Send(service, method, payload).status());
  absl::StatusOr<Reply> reply = NextReply();
  if (!reply.ok()) return base::Annotate(reply.status(), method);
  if (!reply->payload.ok()) return base::Annotate(reply->payload.status(), method);
  return *std::move(reply->payload);
}

absl::StatusOr<Wire::Event> Wire::AwaitEvent(absl::string_view topic, absl::string_view container) {
  const Clock::time_point deadline = Clock::now() + kWaitMax;
  while (true) {
    const auto found = std::find_if(events_.begin(), events_.end(), [&](const Event& event) {
      return event.topic == topic && event.container == container;
    });
    if (found != events_.end()) {
      Event event = std::move(*found);
      events_.erase(found);
      return event;
    }
    const absl::StatusOr<bool> turn = Turn(-1, deadline);
    if (!turn.ok()) return base::Annotate(turn.status(), absl::StrCat("event ", topic));
  }
}

absl::Status Wire::AwaitReadable(int fd) {
  const Clock::time_point deadline = Clock::now() + kWaitMax;
  while (true) {
    ASSIGN_OR_RETURN(const bool readable, Turn(fd, deadline));
    if (readable) return absl::OkStatus();
  }
}

}  // namespace benchmarks
