// SPDX-License-Identifier: Apache-2.0
#include "base/unique_fd.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace base {

void UniqueFd::reset(int fd) {
  const int old = std::exchange(fd_, fd);
  if (old < 0) return;
  const int saved_errno = errno;
  // No retry on EINTR: Linux has released the number by then, it may be somebody else's already.
  if (::close(old) != 0 && errno == EBADF) {
    std::fprintf(stderr, "base: descriptor %d was closed behind its owner's back\n", old);
    std::abort();
  }
  errno = saved_errno;
}

}  // namespace base
