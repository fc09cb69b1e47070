// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/output.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/status_macros.h"

namespace conformance {
namespace {

absl::Status CannotOpen(const std::string& path, int error) {
  return absl::InvalidArgumentError(
      absl::StrCat(path == "-" ? "standard output" : path, ": ", std::strerror(error)));
}

// Beside the file itself: only within one file system can it be put in place in one step.
std::string PartialPath(const std::string& path) {
  const std::filesystem::path whole = path;
  return (whole.parent_path() /
          absl::StrCat(".", whole.filename().string(), ".", ::getpid(), ".partial"))
      .string();
}

absl::StatusOr<base::UniqueFd> CreatePartial(const std::string& path) {
  struct stat previous {};
  const bool replaces = ::stat(path.c_str(), &previous) == 0;
  base::UniqueFd file(
      ::open(PartialPath(path).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.ok() || (replaces && ::fchmod(file.get(), previous.st_mode & 07777) != 0)) {
    return CannotOpen(path, errno);
  }
  return file;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Output>> Output::Open(const std::string& path, Mode mode) {
  std::error_code error;
  const std::filesystem::file_status found = std::filesystem::status(path, error);
  const bool fresh = found.type() == std::filesystem::file_type::not_found;
  if (mode == Mode::kWhole && path != "-" && (fresh || std::filesystem::is_regular_file(found))) {
    // What a symbolic link names is replaced, not the link.
    const std::string target = fresh ? path : std::filesystem::canonical(path, error).string();
    RETURN_IF_ERROR(CreatePartial(target).status());
    ::unlink(PartialPath(target).c_str());
    return std::unique_ptr<Output>(new Output(target, base::UniqueFd(), /*whole=*/true));
  }
  const int how = O_WRONLY | O_CREAT | O_CLOEXEC | (mode == Mode::kAppend ? O_APPEND : O_TRUNC);
  base::UniqueFd file(path == "-" ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
                                  : ::open(path.c_str(), how, 0644));
  if (!file.ok()) return CannotOpen(path, errno);
  return std::unique_ptr<Output>(new Output(path, std::move(file), /*whole=*/false));
}

void Output::Write(absl::string_view text) {
  if (whole_) {
    pending_.append(text.data(), text.size());
  } else {
    WriteOut(text);
  }
}

void Output::WriteOut(absl::string_view text) {
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
      if (path_ != "-" || errno != EPIPE) {
        status_ = base::ErrnoStatus(errno, path_ == "-" ? "standard output" : path_);
      }
    }
  }
}

void Output::Finish() {
  if (!whole_ || closed_) return;
  absl::StatusOr<base::UniqueFd> file = CreatePartial(path_);
  if (!file.ok()) {
    status_ = file.status();
  } else {
    file_ = *std::move(file);
    Replace();
  }
  closed_ = true;
  pending_.clear();
}

void Output::Replace() {
  WritePending();
  const std::string partial = PartialPath(path_);
  const bool written = status_.ok();
  if (written && std::rename(partial.c_str(), path_.c_str()) == 0) return;
  const int error = errno;
  ::unlink(partial.c_str());
  if (!written) return;
  if (error == EBUSY) {
    Overwrite();
  } else {
    status_ = base::ErrnoStatus(error, path_);
  }
}

void Output::Overwrite() {
  base::UniqueFd file(::open(path_.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (!file.ok()) {
    status_ = base::ErrnoStatus(errno, path_);
    return;
  }
  file_ = std::move(file);
  WritePending();
}

void Output::WritePending() {
  WriteOut(pending_);
  // A disk that fills up late says so here; a rename before it would put half a file in place.
  if (status_.ok() && ::fsync(file_.get()) != 0 && errno != EINVAL && errno != EROFS) {
    status_ = base::ErrnoStatus(errno, path_);
  }
  file_.reset();
}

}  // namespace conformance
