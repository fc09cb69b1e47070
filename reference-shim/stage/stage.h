// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace stage {

// The whole of shimgauge-stage: reads the plan from its descriptors (stage_plan.h), becomes the
// process of a container that it describes, and runs the guest. What goes wrong before that is said
// through kControlFd.
[[noreturn]] void RunStage();

}  // namespace stage
