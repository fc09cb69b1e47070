// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

namespace shim {

// What the sandbox of a shim says to the tasks of that shim. A shim without one says yes and no.
class SandboxGate {
 public:
  virtual ~SandboxGate() = default;
  // FAILED_PRECONDITION: the sandbox does not run, so nothing is created in it (SBX-22).
  [[nodiscard]] virtual absl::Status AdmitTask() const = 0;
  // The shim does not end with its last task (SBX-32).
  [[nodiscard]] virtual bool KeepsShim() const = 0;
};

}  // namespace shim
