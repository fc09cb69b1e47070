// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <cstdlib>

#include "base/subreaper.h"
#include "base/testing/child_main.h"
#include "reference-shim/backends/testing/engine_holder.h"

int main(int argc, char** argv) {
  // What is installed beside the shim is found through PATH here; code that was compiled once stays
  // compiled.
  const char* path = std::getenv("PATH");
  ::setenv("PATH", absl::StrCat(SHIMGAUGE_BIN, ":", path != nullptr ? path : "").c_str(), 1);
  ::setenv("SHIMGAUGE_WASM_CACHE", SHIMGAUGE_BIN "/../wasm-cache", 1);
  // As the shim is (REAP-01): what an engine leaves becomes our child.
  if (!base::BecomeSubreaper().ok()) return 1;
  return base::testing::RunTestsOrChild(
      argc, argv, {{backends::testing::kEngineHolder, &backends::testing::RunEngineHolder}});
}
