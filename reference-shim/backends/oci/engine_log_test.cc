// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/engine_log.h"

#include <gtest/gtest.h>

namespace backends {
namespace {

TEST(EngineLog, TheLastErrorCounts) {
  EXPECT_EQ(LastLoggedError(R"({"level":"error","msg":"first","time":"t"}
{"level":"warning","msg":"careful"}
{"msg":"exec: \"/x\": not found\n","level":"error"}
{"level":"info","msg":"bye"}
)"),
            "exec: \"/x\": not found");
}

TEST(EngineLog, SeverestLevelsAreErrorsToo) {
  EXPECT_EQ(LastLoggedError(R"({"level":"fatal","msg":"f"})"), "f");
  EXPECT_EQ(LastLoggedError(R"({"level":"panic","msg":"p"})"), "p");
}

TEST(EngineLog, WhatIsNoLogLineIsPassedOver) {
  EXPECT_EQ(LastLoggedError(R"(rror","msg":"cut"}
{"level":"error","msg":"whole"}
runc: plain text
{"level":"error","msg":7}
{"level":"error","msg":""}
[1,2]
{"level":"error","msg":"cut)"),
            "whole");
  EXPECT_EQ(LastLoggedError(""), "");
  EXPECT_EQ(LastLoggedError(R"({"level":"debug","msg":"x"})"), "");
}

}  // namespace
}  // namespace backends
