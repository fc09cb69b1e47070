// SPDX-License-Identifier: Apache-2.0
#include "vm/hybrid_vsock.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/status_macros.h"

namespace vm {
namespace {

absl::StatusOr<std::uint32_t> ParseLine(absl::string_view line, absl::string_view word) {
  absl::string_view rest = line;
  if (absl::EndsWith(rest, "\r")) rest.remove_suffix(1);
  const absl::string_view first = rest.substr(0, word.size());
  rest.remove_prefix(first.size());
  std::uint32_t port = 0;
  // SimpleAtoi alone would take signs and white space.
  const bool digits = rest.size() > 1 && rest[0] == ' ' &&
                      std::all_of(rest.begin() + 1, rest.end(), absl::ascii_isdigit);
  if (absl::EqualsIgnoreCase(first, word) && digits && absl::SimpleAtoi(rest.substr(1), &port)) {
    return port;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("hybrid vsock: \"", absl::CHexEscape(line), "\" is not \"", word, " <port>\""));
}

}  // namespace

std::string FormatVsockConnect(std::uint32_t port) { return absl::StrCat("CONNECT ", port, "\n"); }

std::string FormatVsockOk(std::uint32_t port) { return absl::StrCat("OK ", port, "\n"); }

absl::StatusOr<std::uint32_t> ParseVsockConnect(absl::string_view line) {
  return ParseLine(line, "CONNECT");
}

absl::StatusOr<std::uint32_t> ParseVsockOk(absl::string_view line) { return ParseLine(line, "OK"); }

std::string VsockHostPath(absl::string_view socket_path, std::uint32_t port) {
  return absl::StrCat(socket_path, "_", port);
}

absl::StatusOr<std::size_t> VsockLine::Add(absl::string_view bytes) {
  if (complete_) return 0;
  const std::size_t room = kVsockLineBytesMax - text_.size();
  const std::size_t end = bytes.substr(0, room).find('\n');
  if (end != absl::string_view::npos) {
    text_.append(bytes.data(), end);
    complete_ = true;
    return end + 1;
  }
  if (bytes.size() >= room) {
    return absl::InvalidArgumentError(
        absl::StrCat("hybrid vsock: no end of line within ", kVsockLineBytesMax, " bytes"));
  }
  text_.append(bytes.data(), bytes.size());
  return bytes.size();
}

absl::Status ReceiveVsockLine(const base::UniqueFd& socket, VsockLine& line) {
  char bytes[kVsockLineBytesMax];
  while (!line.complete()) {
    const ssize_t seen = ::recv(socket.get(), bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
    if (seen < 0 && errno == EINTR) continue;
    if (seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return absl::OkStatus();
    if (seen < 0) return base::ErrnoStatus(errno, "hybrid vsock: receive");
    if (seen == 0) return absl::UnavailableError("hybrid vsock: closed before the end of the line");
    ASSIGN_OR_RETURN(const std::size_t taken,
                     line.Add(absl::string_view(bytes, static_cast<std::size_t>(seen))));
    while (::recv(socket.get(), bytes, taken, MSG_DONTWAIT) < 0 && errno == EINTR) {
    }
  }
  return absl::OkStatus();
}

}  // namespace vm
