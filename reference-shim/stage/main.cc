// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "reference-shim/stage/stage.h"
#include "reference-shim/stage/wasm_engine.h"

// Run by the shim, once for each process of a Wasm task (stage_plan.h). No library for command
// lines: what starts with every task starts fast.
int main(int argc, char** argv) {
  if (argc == 1) stage::RunStage();
  if (argc != 2 || std::strcmp(argv[1], "--version") != 0) {
    std::fprintf(stderr, "usage: %s --version\nEverything else is for the shim, which runs it.\n",
                 argv[0]);
    return 2;
  }
  std::printf("shimgauge-stage %s\n", SHIMGAUGE_VERSION);
  for (const stage::EngineEntry& engine : stage::AllEngines()) {
    std::printf("engine %s %s\n", engine.name, engine.version);
  }
  return 0;
}
