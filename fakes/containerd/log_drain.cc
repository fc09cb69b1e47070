// SPDX-License-Identifier: Apache-2.0
#include "fakes/containerd/log_drain.h"

#include <absl/memory/memory.h>

#include <utility>

#include "base/fifo.h"
#include "base/status_macros.h"
#include "fakes/containerd/limits.h"

namespace fakes {

absl::StatusOr<std::unique_ptr<LogDrain>> LogDrain::Open(boost::asio::io_context& loop,
                                                         const std::string& path, OnLine on_line) {
  ASSIGN_OR_RETURN(base::UniqueFd fd, base::OpenFifoBothEnds(path, /*nonblocking=*/true));
  return absl::WrapUnique(new LogDrain(loop, std::move(fd), std::move(on_line)));
}

LogDrain::LogDrain(boost::asio::io_context& loop, base::UniqueFd fd, OnLine on_line)
    : on_line_(std::move(on_line)),
      reader_(std::make_unique<PipeReader>(
          loop, std::move(fd), [this](absl::string_view bytes) { Append(bytes); }, nullptr)) {}

LogDrain::~LogDrain() {
  reader_.reset();
  if (!unfinished_.empty()) on_line_(unfinished_);
}

void LogDrain::Append(absl::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    const bool whole = newline != absl::string_view::npos;
    const absl::string_view part = bytes.substr(0, newline);
    unfinished_.append(part.data(), part.size());
    bytes.remove_prefix(whole ? newline + 1 : bytes.size());
    if (whole || unfinished_.size() >= kLogLineBytesMax) {
      on_line_(std::exchange(unfinished_, {}));
    }
  }
}

}  // namespace fakes
