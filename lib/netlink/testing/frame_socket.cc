// SPDX-License-Identifier: Apache-2.0
#include "netlink/testing/frame_socket.h"

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
constexpr int kPatienceMs = 5000;

// Reads until one is ours; `skip` bytes stand before each.
absl::StatusOr<std::string> ReceiveAt(int fd, std::size_t skip) {
  for (;;) {
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, kPatienceMs) <= 0) return absl::DeadlineExceededError("no frame");
    char frame[kFrameBytesMax];
    const ssize_t size = ::read(fd, frame, sizeof(frame));
    if (size < 0) return base::ErrnoStatus(errno, "read a frame");
    if (static_cast<std::size_t>(size) < skip) continue;
    std::string text = TextIn({frame + skip, static_cast<std::size_t>(size) - skip});
    if (!text.empty()) return text;
  }
}

absl::Status SendAt(int fd, const std::string& bytes) {
  const ssize_t sent = ::write(fd, bytes.data(), bytes.size());
  return sent < 0 ? base::ErrnoStatus(errno, "write a frame") : absl::OkStatus();
}

}  // namespace

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

std::string TextIn(absl::string_view frame) {
  ether_header header;
  if (frame.size() < sizeof(header)) return "";
  std::memcpy(&header, frame.data(), sizeof(header));
  if (header.ether_type != htons(kProtocol)) return "";
  frame.remove_prefix(sizeof(header));
  return std::string(frame.substr(0, frame.find('\0')));
}

absl::StatusOr<FrameSocket> FrameSocket::At(int link) {
  FrameSocket socket;
  socket.fd_.reset(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(kProtocol);
  address.sll_ifindex = link;
  if (!socket.fd_.ok() ||
      ::bind(socket.fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    return base::ErrnoStatus(errno, "a socket for frames");
  }
  return socket;
}

absl::Status FrameSocket::Send(absl::string_view text) {
  return SendAt(fd_.get(), FrameWith(text));
}

absl::StatusOr<std::string> FrameSocket::Receive() { return ReceiveAt(fd_.get(), 0); }

absl::Status SendToTap(const base::UniqueFd& tap, absl::string_view text) {
  return SendAt(tap.get(), absl::StrCat(std::string(kVnetHeaderBytes, '\0'), FrameWith(text)));
}

absl::StatusOr<std::string> ReceiveFromTap(const base::UniqueFd& tap) {
  return ReceiveAt(tap.get(), kVnetHeaderBytes);
}

}  // namespace netlink::testing
