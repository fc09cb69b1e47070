// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace conformance {

// The WebAssembly modules among the fixtures (fixtures/wasm), which are built where the tools for
// them are.

// The file of a module: "cat.wasm". Whether it exists is for the caller to see.
std::string ModulePath(const std::string& fixtures, const std::string& file);
// Whether there are any.
bool HasModules(const std::string& fixtures);
// Why there are none, as the end of a sentence.
inline constexpr char kNoModules[] =
    "the WebAssembly modules are not built, for which clang, lld, wasi-libc and wabt are needed";

}  // namespace conformance
