// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

namespace base {

// Owns one file descriptor and closes it. Move-only; `int` appears only at the syscall line.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  [[nodiscard]] bool ok() const { return fd_ >= 0; }
  [[nodiscard]] int get() const { return fd_; }
  // Gives the descriptor up without closing it.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  // Closes what is held, then holds `fd`. Preserves errno.
  void reset(int fd = -1);

  // `if (!fd)` would ask whether the number is 0; say ok().
  bool operator!() const = delete;

 private:
  int fd_ = -1;
};

}  // namespace base
