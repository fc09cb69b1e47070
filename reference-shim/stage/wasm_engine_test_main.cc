// SPDX-License-Identifier: Apache-2.0
#include "base/testing/child_main.h"
#include "reference-shim/stage/testing/wasm_bench.h"

int main(int argc, char** argv) {
  return base::testing::RunTestsOrChild(argc, argv, {{"guest", &stage::testing::RunGuestChild}});
}
