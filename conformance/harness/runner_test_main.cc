// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "conformance/harness/toy_judge.h"

int main(int argc, char** argv) {
  int exit_code = 0;
  if (conformance::RunAsToyJudge(argc, argv, exit_code)) return exit_code;
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
