// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/output.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/status_macros.h"

namespace conformance {

absl::StatusOr<std::unique_ptr<Output>> Output::Open(const std::string& path) {
  base::UniqueFd file(path == "-"
                          ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
                          : ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path == "-" ? "standard output" : path, ": ", std::strerror(errno)));
  }
  return std::unique_ptr<Output>(new Output(path, std::move(file)));
}

void Output::Write(absl::string_view text) {
  while (!text.empty() && !closed_) {
    const ssize_t written = ::write(file_.get(), text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Standard output is somebody else's and may be non-blocking.
      struct pollfd ready = {.fd = file_.get(), .events = POLLOUT, .revents = 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      closed_ = true;
      if (path_ != "-" || errno != EPIPE) status_ = base::ErrnoStatus(errno, path_);
    }
  }
}

}  // namespace conformance
