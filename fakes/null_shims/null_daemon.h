// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/unique_fd.h"
#include "fakes/null_shims/null_subject.h"

namespace fakes {

// Serves clients of `listener` as `subject` does, until a signal ends the process. Returns the exit
// code: at once for a subject whose daemon is dead.
int ServeNull(const NullSubject& subject, base::UniqueFd listener);

}  // namespace fakes
