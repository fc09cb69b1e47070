// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/command_io.h"

#include <absl/strings/str_cat.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "base/status_macros.h"
#include "reference-shim/shim/limits.h"

namespace shim {
namespace {

constexpr std::size_t kChunkBytes = 4096;

absl::Status WriteAll(int fd, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return base::ErrnoStatus(errno, absl::StrCat("write to descriptor ", fd));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadStdin(std::size_t bytes_max) {
  std::string text;
  for (;;) {
    pollfd readable{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&readable, 1, static_cast<int>(kStdinPause.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0 || (readable.revents & POLLNVAL) != 0) return text;
    char chunk[kChunkBytes];
    const ssize_t got = ::read(STDIN_FILENO, chunk, sizeof(chunk));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return base::ErrnoStatus(errno, "read stdin");
    if (got == 0) return text;
    text.append(chunk, static_cast<std::size_t>(got));
    if (text.size() > bytes_max) {
      return absl::ResourceExhaustedError(
          absl::StrCat("stdin has more than ", bytes_max, " bytes"));
    }
  }
}

absl::Status WriteStdout(absl::string_view text) { return WriteAll(STDOUT_FILENO, text); }

void WriteStderr(absl::string_view text) { WriteAll(STDERR_FILENO, text).IgnoreError(); }

}  // namespace shim
