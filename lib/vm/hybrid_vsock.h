// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/unique_fd.h"

// Hybrid vsock: a guest's vsock ports behind one unix socket of the hypervisor (Cloud Hypervisor
// and Firecracker). The host connects to that socket and sends "CONNECT <port>\n"; the hypervisor
// answers "OK <host-side port>\n", from then on the connection is the guest's; where nobody listens
// in the guest it closes. A guest that connects to a port of the host arrives at "<socket>_<port>",
// without any such lines.
namespace vm {

// Where guests listen.
inline constexpr std::uint32_t kAgentPort = 1024;
inline constexpr std::uint32_t kGuestLogPort = 1025;

// A line that has no end within so many bytes, newline included, is none.
inline constexpr std::size_t kVsockLineBytesMax = 32;

std::string FormatVsockConnect(std::uint32_t port);  // "CONNECT 1024\n"
std::string FormatVsockOk(std::uint32_t port);       // "OK 1073741824\n"

// The port in a line without its newline (a carriage return before that is none of it). The word
// may have any case. INVALID_ARGUMENT quotes the line and says what was expected.
absl::StatusOr<std::uint32_t> ParseVsockConnect(absl::string_view line);
absl::StatusOr<std::uint32_t> ParseVsockOk(absl::string_view line);

// Where a guest's connection to `port` of the host arrives.
std::string VsockHostPath(absl::string_view socket_path, std::uint32_t port);

// One line, from whatever pieces it comes in; not a byte beyond it is taken, since the rest belongs
// to whoever gets the connection.
class VsockLine {
 public:
  // How many of `bytes` belong to the line; fewer only where it ends. INVALID_ARGUMENT if it is too
  // long, and from then on.
  absl::StatusOr<std::size_t> Add(absl::string_view bytes);

  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] const std::string& text() const { return text_; }  // without the newline

 private:
  std::string text_;
  bool complete_ = false;
};

// Takes what has arrived of a line off the stream `socket` without blocking, and not a byte more.
// OK: look at line.complete(); otherwise wait for input and call again. UNAVAILABLE: the peer has
// closed or reset it before the end of the line.
absl::Status ReceiveVsockLine(const base::UniqueFd& socket, VsockLine& line);

}  // namespace vm
