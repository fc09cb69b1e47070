// SPDX-License-Identifier: Apache-2.0
#include "base/subreaper.h"
#include "base/testing/child_main.h"
#include "reference-shim/backends/vm/testing/scripted_qemu.h"
#include "reference-shim/backends/vm/testing/scripted_vmm.h"

int main(int argc, char** argv) {
  if (backends::testing::IsScriptedVmm(argc, argv)) {
    return backends::testing::RunScriptedVmm({argv + 1, argv + argc});
  }
  if (backends::testing::IsScriptedQemu(argc, argv)) {
    return backends::testing::RunScriptedQemu({argv + 1, argv + argc});
  }
  if (backends::testing::IsScriptedVirtiofsd(argc, argv)) {
    return backends::testing::RunScriptedVirtiofsd(argv[1]);
  }
  if (!base::BecomeSubreaper().ok()) return 1;
  return base::testing::RunTestsOrChild(argc, argv, {});
}
