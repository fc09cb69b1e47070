// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/memory_trimmer.h"

#include <malloc.h>

#include <utility>

#include "reference-shim/shim/limits.h"

namespace shim {

void MemoryTrimmer::Schedule() {
  if (std::exchange(scheduled_, true)) return;
  later_.Set(kTrimDelay, [this] {
    scheduled_ = false;
    ::malloc_trim(0);
  });
}

}  // namespace shim
