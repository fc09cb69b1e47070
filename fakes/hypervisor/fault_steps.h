// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <memory>

#include "fakes/fault/fault_call.h"
#include "fakes/fault/held_calls.h"

namespace fakes {

// What faults do to the process as a whole.
class FaultEffects {
 public:
  virtual ~FaultEffects() = default;
  virtual void ResetGuest() = 0;
  virtual void PowerOff() = 0;
};

// One call of the hypervisor seam, and what is planned for it. Shared between the steps of the
// call, which may be far apart.
class FaultSteps : public std::enable_shared_from_this<FaultSteps> {
 public:
  FaultSteps(FaultCall call, HeldCalls& held, FaultEffects& effects)
      : call_(std::move(call)), held_(held), effects_(effects) {}

  // Lets everything happen that is planned for `point` and does not concern the answer, then calls
  // `next`: at once, later or never. Those that end the process come last.
  void At(FaultPoint point, std::function<void()> next);

  // As FaultCall::Fires, for what the answer becomes.
  const FaultRule* Fires(Fault fault, FaultPoint point = FaultPoint::kBefore) {
    return call_.Fires(fault, point);
  }

 private:
  void End(FaultPoint point, const std::function<void()>& next);

  FaultCall call_;
  HeldCalls& held_;
  FaultEffects& effects_;
};

}  // namespace fakes
