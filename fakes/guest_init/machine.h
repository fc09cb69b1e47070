// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

namespace fakes {

// What the first process of a machine owes it before anything else can run there, from the state in
// which the kernel hands an initrd over: descriptors 0, 1 and 2; a root that containers can be
// pivoted away from, which the kernel's first one is not; /proc, /sys, /dev, /tmp, /run and the
// unified cgroups; the modules in kModuleDirectory. Call once, in process 1, before all that opens
// files or knows paths. A failure names its step; the machine is of no use then.
absl::Status MakeMachine();

// Ends the machine. Does not return.
[[noreturn]] void PowerOff();

// What is loaded, in the order of the names: those before need nothing of those behind.
inline constexpr char kModuleDirectory[] = "/modules";

}  // namespace fakes
