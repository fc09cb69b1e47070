// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "base/unique_fd.h"

namespace stage {

// All of it, from where it stands. RESOURCE_EXHAUSTED beyond `bytes_max`.
absl::StatusOr<std::string> ReadInput(int fd, std::uint64_t bytes_max);

// A file that appears under its name whole or not at all: written to beside it, then renamed.
// The destructor removes what was not kept.
class AtomicFile {
 public:
  static absl::StatusOr<AtomicFile> Create(const std::string& path);
  AtomicFile(AtomicFile&& other) noexcept = default;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // Readable by all, on the disk, under its name.
  absl::Status Keep();

 private:
  AtomicFile(std::string path, std::string temporary, base::UniqueFd fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}

  std::string path_;
  std::string temporary_;
  base::UniqueFd fd_;  // !ok(): moved from, or kept
};

}  // namespace stage
