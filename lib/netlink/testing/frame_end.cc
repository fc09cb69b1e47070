// SPDX-License-Identifier: Apache-2.0
#include "netlink/testing/frame_end.h"

#include <absl/strings/str_cat.h>
#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/status_macros.h"

namespace netlink::testing {
namespace {

constexpr std::uint16_t kProtocol = 0x88b5;
constexpr std::size_t kFrameBytesMin = 60;
constexpr std::size_t kFrameBytesMax = 2048;
constexpr std::size_t kVnetHeaderBytes = 10;  // struct virtio_net_hdr, no C++ in some kernels
constexpr int kPatienceMs = 100;
constexpr int kTries = 100;

// A whole frame, to everybody.
std::string FrameWith(absl::string_view text) {
  ether_header header{};
  std::memset(header.ether_dhost, 0xff, sizeof(header.ether_dhost));
  header.ether_shost[0] = 0x02;
  header.ether_type = htons(kProtocol);
  std::string frame =
      absl::StrCat(absl::string_view(reinterpret_cast<const char*>(&header), sizeof(header)), text);
  if (frame.size() < kFrameBytesMin) frame.resize(kFrameBytesMin);
  return frame;
}

// Nothing, if it is none of ours.
std::string TextIn(absl::string_view frame) {
  ether_header header;
  if (frame.size() < sizeof(header)) return "";
  std::memcpy(&header, frame.data(), sizeof(header));
  if (header.ether_type != htons(kProtocol)) return "";
  frame.remove_prefix(sizeof(header));
  return std::string(frame.substr(0, frame.find('\0')));
}

}  // namespace

absl::StatusOr<FrameEnd> FrameEnd::AtLink(int index) {
  FrameEnd end;
  end.socket_.reset(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(kProtocol);
  address.sll_ifindex = index;
  if (!end.socket_.ok() ||
      ::bind(end.socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    return base::ErrnoStatus(errno, "a socket for frames");
  }
  end.fd_ = end.socket_.get();
  return end;
}

FrameEnd FrameEnd::AtTap(const base::UniqueFd& tap) {
  FrameEnd end;
  end.fd_ = tap.get();
  end.header_bytes_ = kVnetHeaderBytes;
  return end;
}

absl::Status FrameEnd::Send(absl::string_view text) {
  const std::string bytes = absl::StrCat(std::string(header_bytes_, '\0'), FrameWith(text));
  if (::write(fd_, bytes.data(), bytes.size()) >= 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, "write a frame");
}

absl::StatusOr<std::string> FrameEnd::Receive() {
  for (;;) {
    pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, kPatienceMs) <= 0) return absl::DeadlineExceededError("no frame");
    char frame[kFrameBytesMax];
    const ssize_t size = ::read(fd_, frame, sizeof(frame));
    if (size < 0) return base::ErrnoStatus(errno, "read a frame");
    if (static_cast<std::size_t>(size) < header_bytes_) continue;
    std::string text =
        TextIn({frame + header_bytes_, static_cast<std::size_t>(size) - header_bytes_});
    if (!text.empty()) return text;
  }
}

absl::StatusOr<std::string> Carry(FrameEnd& from, FrameEnd& to, absl::string_view text) {
  absl::StatusOr<std::string> come;
  for (int i = 0; i < kTries; ++i) {
    // A link without its carrier yet (ENETDOWN) is one that drops.
    from.Send(text).IgnoreError();
    come = to.Receive();
    if (!absl::IsDeadlineExceeded(come.status())) break;
  }
  return come;
}

}  // namespace netlink::testing
