// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include "ttrpc/testing/oracle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ttrpc::testing::CheckRequestAgainstOracle({reinterpret_cast<const char*>(data), size});
  return 0;
}
