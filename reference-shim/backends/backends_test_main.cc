// SPDX-License-Identifier: Apache-2.0
#include "base/subreaper.h"
#include "base/testing/child_main.h"
#include "reference-shim/backends/testing/engine_holder.h"

int main(int argc, char** argv) {
  // As the shim is (REAP-01): what an engine leaves becomes our child.
  if (!base::BecomeSubreaper().ok()) return 1;
  return base::testing::RunTestsOrChild(
      argc, argv, {{backends::testing::kEngineHolder, &backends::testing::RunEngineHolder}});
}
