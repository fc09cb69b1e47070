// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "fakes/faulty_shim/fault_plan.h"

// Declares WrapNAME, which the linker puts in the place of the function with symbol `symbol`, and
// RealNAME, that function itself. The symbol has to stand in wrapped_symbols.txt, too. A member
// function gets its object as first argument.
#define FAULTY_SHIM_WRAPS(result, name, symbol, ...)        \
  result Real##name(__VA_ARGS__) __asm__("__real_" symbol); \
  result Wrap##name(__VA_ARGS__) __asm__("__wrap_" symbol)

// absl::string_view as symbols name it; ABSL_IN_SYMBOLS is the inline namespace of the Abseil at
// hand with its length ("7debian3"), as CMake found it.
#define FAULTY_SHIM_STRING_VIEW "N4absl" ABSL_IN_SYMBOLS "11string_viewE"

namespace fakes {

// What descriptor `fd` refers to ("/run/x", "pipe:[7]"), as condition `path`, and its access (r, w,
// rw) as condition `access`.
FaultPlan::Facts FactsOf(int fd);

// r, w or rw.
std::string AccessOf(int flags);

// The unix socket that was connected last, which a daemon does for nothing but its events.
int& LatestConnection();

}  // namespace fakes
