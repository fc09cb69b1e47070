// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/file_hash.h"

#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/wasm/limits.h"

namespace backends {
namespace {

absl::Status WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return base::ErrnoStatus(errno, "write");
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return absl::OkStatus();
}

}  // namespace

void FileHash::Start(shim::Done<std::string> done) {
  done_ = std::move(done);
  buffer_.resize(kHashBytesPerTurn);
  Step();
}

void FileHash::Step() {
  ssize_t got = 0;
  do {
    got = ::pread(fd_, buffer_.data(), buffer_.size(), offset_);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return End(base::ErrnoStatus(errno, "read"));
  const absl::string_view piece(buffer_.data(), static_cast<std::size_t>(got));
  stream_.Add(piece);
  offset_ += got;
  if (sink_ >= 0) {
    if (const absl::Status status = WriteAll(sink_, piece); !status.ok()) return End(status);
  }
  // A short piece is the last one of a regular file.
  if (piece.size() < buffer_.size()) return End(stream_.FinishHex());
  boost::asio::post(loop_, guard_.Wrap([this] { Step(); }));
}

void FileHash::End(absl::StatusOr<std::string> result) {
  // Nothing of this object after: it may be destroyed by whom it tells.
  std::exchange(done_, nullptr)(std::move(result));
}

}  // namespace backends
