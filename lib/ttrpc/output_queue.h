// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/types/span.h>
#include <sys/uio.h>

#include <cstddef>
#include <string>
#include <vector>

namespace ttrpc {

// Bytes waiting to be written, kept in the pieces they were made in so that one writev sends them
// without copying. The owner of the connection enforces kWriteQueueBytesMax.
class OutputQueue {
 public:
  void Push(std::string piece);

  [[nodiscard]] bool empty() const { return bytes_ == 0; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  // Describes the first bytes in as many entries as fit or are needed; says how many. They stay
  // valid until the queue changes.
  std::size_t Gather(absl::Span<iovec> out) const;

  // Drops the first `bytes`, which were written.
  void Consume(std::size_t bytes);

  void Clear();

 private:
  std::vector<std::string> pieces_;
  std::size_t first_ = 0;   // pieces before it are written
  std::size_t offset_ = 0;  // written bytes of the first piece
  std::size_t bytes_ = 0;
};

}  // namespace ttrpc
