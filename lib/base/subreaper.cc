// SPDX-License-Identifier: Apache-2.0
#include "base/subreaper.h"

#include <sys/prctl.h>

#include <cerrno>

#include "base/status_macros.h"

namespace base {

absl::Status BecomeSubreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    return ErrnoStatus(errno, "prctl PR_SET_CHILD_SUBREAPER");
  }
  return absl::OkStatus();
}

}  // namespace base
