// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket.h"

#include <absl/strings/str_cat.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/status_macros.h"
#include "netlink/limits.h"

namespace netlink {
namespace {

template <typename Call>
ssize_t Uninterrupted(const Call& call) {
  for (;;) {
    const ssize_t result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

// One datagram, whatever its size; from the kernel alone.
absl::StatusOr<std::string> Receive(int fd, absl::string_view what) {
  for (;;) {
    const ssize_t size =
        Uninterrupted([fd] { return ::recv(fd, nullptr, 0, MSG_PEEK | MSG_TRUNC); });
    if (size < 0) return base::ErrnoStatus(errno, absl::StrCat(what, ": receive"));
    std::string bytes(static_cast<std::size_t>(size), '\0');
    sockaddr_nl from{};
    socklen_t from_size = sizeof(from);
    const ssize_t got = Uninterrupted([&] {
      return ::recvfrom(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from),
                        &from_size);
    });
    if (got < 0) return base::ErrnoStatus(errno, absl::StrCat(what, ": receive"));
    if (from.nl_pid == 0) return bytes;
  }
}

std::string ExplanationIn(const nlmsghdr& header, absl::string_view body) {
  if ((header.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return "";
  nlmsgerr error;
  std::memcpy(&error, body.data(), sizeof(error));
  std::size_t skipped = sizeof(error);
  // What it refuses stands before its explanation.
  if ((header.nlmsg_flags & NLM_F_CAPPED) == 0) {
    const std::size_t request = std::max<std::size_t>(error.msg.nlmsg_len, NLMSG_HDRLEN);
    skipped += NLMSG_ALIGN(request) - NLMSG_HDRLEN;
  }
  if (skipped > body.size()) return "";
  const absl::StatusOr<Attributes> attributes = Attributes::Parse(body.substr(skipped));
  return attributes.ok() ? attributes->Text(NLMSGERR_ATTR_MSG) : "";
}

// The end of an answer: an errno, below 0, or 0.
absl::Status Result(const nlmsghdr& header, absl::string_view body, absl::string_view what) {
  std::int32_t number = 0;
  const bool is_error = header.nlmsg_type == NLMSG_ERROR;
  if (body.size() < (is_error ? sizeof(nlmsgerr) : 0)) {
    return absl::InternalError(absl::StrCat(what, ": an answer without its result"));
  }
  if (body.size() >= sizeof(number)) std::memcpy(&number, body.data(), sizeof(number));
  if (number == 0) return absl::OkStatus();
  const std::string explanation = is_error ? ExplanationIn(header, body) : "";
  return base::ErrnoStatus(
      -number, explanation.empty() ? std::string(what) : absl::StrCat(what, ": ", explanation));
}

}  // namespace

struct Socket::Answer {
  std::vector<Message> messages;
  bool interrupted = false;  // it changed meanwhile
};

absl::StatusOr<Socket> Socket::Open() {
  Socket socket;
  socket.fd_.reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (!socket.fd_.ok() ||
      ::bind(socket.fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    return base::ErrnoStatus(errno, "open a netlink socket");
  }
  // Explanations; a kernel that has none (before 4.12) works as well.
  const int on = 1;
  (void)::setsockopt(socket.fd_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
  (void)::setsockopt(socket.fd_.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
  return socket;
}

absl::Status Socket::Change(const Request& request, absl::string_view what) {
  return Ask(request, what).status();
}

absl::StatusOr<std::vector<Message>> Socket::Read(const Request& request, absl::string_view what) {
  for (int i = 0; i < kListTries; ++i) {
    ASSIGN_OR_RETURN(Answer answer, Ask(request, what));
    if (!answer.interrupted) return std::move(answer.messages);
  }
  return absl::UnavailableError(absl::StrCat(what, ": changes while it is read"));
}

absl::StatusOr<Socket::Answer> Socket::Ask(const Request& request, absl::string_view what) {
  const std::string bytes = request.Encode(++sequence_);
  const ssize_t sent =
      Uninterrupted([&] { return ::send(fd_.get(), bytes.data(), bytes.size(), 0); });
  if (sent < 0) return base::ErrnoStatus(errno, absl::StrCat(what, ": send"));
  Answer answer;
  for (;;) {
    ASSIGN_OR_RETURN(const std::string piece, Receive(fd_.get(), what));
    ASSIGN_OR_RETURN(const bool last, Take(piece, answer, what));
    if (last) return answer;
    if (answer.messages.size() > kMessagesMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat(what, ": more than ", kMessagesMax, " objects"));
    }
  }
}

absl::StatusOr<bool> Socket::Take(absl::string_view bytes, Answer& answer,
                                  absl::string_view what) const {
  while (bytes.size() >= sizeof(nlmsghdr)) {
    nlmsghdr header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > bytes.size()) {
      return absl::InternalError(absl::StrCat(what, ": a message of ", header.nlmsg_len,
                                              " bytes where ", bytes.size(), " are left"));
    }
    const absl::string_view body = bytes.substr(sizeof(header), header.nlmsg_len - sizeof(header));
    bytes.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), bytes.size()));
    // The rest of an answer that was given up.
    if (header.nlmsg_seq != sequence_) continue;
    if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) answer.interrupted = true;
    if (header.nlmsg_type == NLMSG_NOOP) continue;
    if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE) {
      RETURN_IF_ERROR(Result(header, body, what));
      return true;
    }
    answer.messages.push_back({.type = header.nlmsg_type, .body = std::string(body)});
  }
  return false;
}

}  // namespace netlink
