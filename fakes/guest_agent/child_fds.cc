// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/child_fds.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace fakes {

bool ArrangeChildFds(const int (&stdio)[3], std::vector<int> keep) {
  // Sources and `keep` may themselves be 0, 1 or 2 where the original was started without stdio.
  int sources[3];
  for (int i = 0; i < 3; ++i) {
    sources[i] = stdio[i] < 0 ? ::open("/dev/null", O_RDWR | O_CLOEXEC)
                              : ::fcntl(stdio[i], F_DUPFD_CLOEXEC, 3);
    if (sources[i] < 0) return false;
  }
  if (std::any_of(keep.begin(), keep.end(), [](int fd) { return fd < 3; })) return false;
  for (int i = 0; i < 3; ++i) {
    if (sources[i] == i ? ::fcntl(i, F_SETFD, 0) < 0 : ::dup2(sources[i], i) < 0) return false;
  }
  std::sort(keep.begin(), keep.end());
  unsigned first = 3;
  for (const int fd : keep) {
    const auto kept = static_cast<unsigned>(fd);
    if (kept > first) (void)::syscall(SYS_close_range, first, kept - 1, 0U);
    first = kept + 1;
  }
  (void)::syscall(SYS_close_range, first, ~0U, 0U);
  return true;
}

}  // namespace fakes
