// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/wire_connection.h"

#include <absl/strings/str_cat.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/harness/shim_under_test_connection.h"
#include "ttrpc/limits.h"

namespace conformance {
namespace {

constexpr std::chrono::seconds kStuck{5};
constexpr std::size_t kReadBytes = 64 * 1024;

}  // namespace

std::string FrameBytes(std::uint32_t stream, std::uint8_t type, absl::string_view data,
                       std::uint8_t flags, std::optional<std::uint32_t> length) {
  std::string bytes(ttrpc::kFrameHeaderBytes, '\0');
  ttrpc::EncodeFrameHeader({.length = length.value_or(static_cast<std::uint32_t>(data.size())),
                            .stream = stream,
                            .type = type,
                            .flags = flags},
                           bytes.data());
  bytes.append(data.data(), data.size());
  return bytes;
}

std::string RequestFrame(std::uint32_t stream, const ttrpc::RequestEnvelope& request,
                         std::uint8_t flags) {
  return FrameBytes(stream, ttrpc::kFrameRequest, ttrpc::EncodeRequest(request), flags);
}

std::string TaskServiceOf(const ShimUnderTest& shim) {
  return absl::StrCat("containerd.task.v", shim.task_version(), ".Task");
}

std::string ConnectFrame(const ShimUnderTest& shim, std::uint32_t stream) {
  const std::string service = TaskServiceOf(shim);
  const std::string payload = ConnectRequest("no-such-task");
  return RequestFrame(stream, {.service = service, .method = "Connect", .payload = payload});
}

WireConnection::WireConnection(CheckContext& check, ShimUnderTest& shim)
    : check_(check), socket_(check.Require(Dial(shim.address()), {.text = "the shim listens"})) {}

std::size_t WireConnection::SendSome(absl::string_view bytes) {
  std::size_t sent = 0;
  while (!closed_ && !unwritable_ && sent < bytes.size()) {
    const ssize_t count =
        ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count > 0) {
      sent += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      unwritable_ = true;  // what the shim said before is still to be read
    }
  }
  return sent;
}

bool WireConnection::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t sent = 0;
    check_.Eventually(
        [&] {
          Receive();
          sent = SendSome(bytes);
          return sent > 0 || closed_ || unwritable_;
        },
        kStuck);
    if (sent == 0) return false;
    bytes.remove_prefix(sent);
  }
  return true;
}

void WireConnection::Receive() {
  while (!closed_) {
    const std::size_t size = buffer_.size();
    buffer_.resize(size + kReadBytes);
    const ssize_t count = ::recv(socket_.get(), buffer_.data() + size, kReadBytes, 0);
    buffer_.resize(size + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count > 0) {
      Cut();
    } else if (count < 0 && errno == EINTR) {
      continue;
    } else {
      closed_ = count == 0 || errno != EAGAIN;
      return;
    }
  }
}

void WireConnection::Cut() {
  std::size_t begin = 0;
  while (buffer_.size() - begin >= ttrpc::kFrameHeaderBytes) {
    const ttrpc::FrameHeader header = ttrpc::DecodeFrameHeader(buffer_.data() + begin);
    longest_ = std::max(longest_, header.length);
    const std::size_t end = begin + ttrpc::kFrameHeaderBytes + header.length;
    if (buffer_.size() < end) break;
    frames_[header.stream].push_back(
        {header, buffer_.substr(begin + ttrpc::kFrameHeaderBytes, header.length)});
    ++received_;
    begin = end;
  }
  buffer_.erase(0, begin);
}

std::optional<WireFrame> WireConnection::Await(std::uint32_t stream,
                                               std::chrono::milliseconds deadline) {
  check_.Eventually(
      [&] {
        Receive();
        return Count(stream) > 0 || closed_;
      },
      deadline);
  const auto found = frames_.find(stream);
  if (found == frames_.end()) return std::nullopt;
  return found->second.front();
}

std::size_t WireConnection::Count(std::uint32_t stream) {
  Receive();
  const auto found = frames_.find(stream);
  return found == frames_.end() ? 0 : found->second.size();
}

absl::StatusOr<std::string> WireConnection::Answer(std::uint32_t stream) {
  const std::optional<WireFrame> frame = Await(stream);
  if (!frame) {
    return absl::UnavailableError(absl::StrCat(
        closed_ ? "the shim closed the connection" : "no answer", " on stream ", stream));
  }
  if (frame->header.type != ttrpc::kFrameResponse) {
    return absl::DataLossError(absl::StrCat("frame of type ", static_cast<int>(frame->header.type),
                                            " on stream ", stream));
  }
  ASSIGN_OR_RETURN(const ttrpc::ResponseEnvelope response, ttrpc::DecodeResponse(frame->data));
  if (response.code != 0) {
    return absl::Status(static_cast<absl::StatusCode>(response.code), response.message);
  }
  return std::string(response.payload);
}

bool WireConnection::AwaitClose(std::chrono::milliseconds deadline) {
  return check_.Eventually(
      [this] {
        Receive();
        return closed_;
      },
      deadline);
}

void WireConnection::CloseWriting() { ::shutdown(socket_.get(), SHUT_WR); }

void WireConnection::Close() {
  socket_.reset();
  closed_ = true;
}

}  // namespace conformance
