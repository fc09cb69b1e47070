// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/engine_ps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace backends {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(EnginePsTest, ListsAreRead) {
  EXPECT_THAT(*ParseEnginePs("[12,3]\n"), ElementsAre(12, 3));
  EXPECT_THAT(*ParseEnginePs("[]"), IsEmpty());
  EXPECT_THAT(*ParseEnginePs("null\n"), IsEmpty());
}

TEST(EnginePsTest, AnythingElseIsTheEnginesError) {
  for (const char* output : {"", "[1,", "{}", "[\"1\"]", "[-1]", "[1] x", "UID PID"}) {
    EXPECT_TRUE(absl::IsUnknown(ParseEnginePs(output).status())) << output;
  }
}

}  // namespace
}  // namespace backends
