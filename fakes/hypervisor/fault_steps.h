// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fakes/fault/fault_call.h"

namespace fakes {

// Calls that a fault holds up: each by the id of its rule. Whoever may release them does so by
// control socket; the others go on when their gate opens or their time is over.
class HeldCalls {
 public:
  explicit HeldCalls(boost::asio::io_context& loop);
  ~HeldCalls();  // none goes on
  HeldCalls(const HeldCalls&) = delete;
  HeldCalls& operator=(const HeldCalls&) = delete;

  // Calls `go_on` once, from the loop: when the rule's gate opens or its time has passed (a rule
  // with neither waits for Release). A gate that cannot be watched holds nobody.
  void Hold(const FaultRule& rule, std::function<void()> go_on);

  // Lets all calls go on that the rule holds; how many there were.
  std::size_t Release(absl::string_view rule);

  [[nodiscard]] std::vector<std::string> Rules() const;  // an id per held call

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the waits under way
};

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
