// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace stage {

// Exit codes of shimgauge-wasm-compile. Everything but success has said why on stderr.
enum CompileExit : int {
  kCompiled = 0,
  kCompileTrouble = 1,   // of the machine: files, memory map, our own bug
  kCompileUsage = 2,     // the command line
  kModuleUnsound = 3,    // the input is no sound module, component or text
  kModuleTooLarge = 4,   // input, native code, or the memory that compiling takes
  kModuleUnexpected = 5  // the input has another digest than --sha256 says
};

}  // namespace stage
