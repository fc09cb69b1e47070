// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fakes/fault/fault_request.h"
#include "fakes/faulty_shim/needless_work.h"
#include "fakes/faulty_shim/rule.h"

namespace fakes {

// The rules of a process, asked at each occasion at which one of them might apply.
class FaultPlan {
 public:
  using Facts = std::map<absl::string_view, std::string>;

  // `role`: which of the shim's commands this process is: start, delete, daemon, info, version.
  static absl::StatusOr<std::unique_ptr<FaultPlan>> Make(const FaultRequest& request,
                                                         std::string role);

  // What has begun as another command is this one from now on: it counts anew.
  void Enter(std::string role);

  // Whether asking Fire is worth gathering facts.
  [[nodiscard]] bool Has(absl::string_view action, absl::string_view target) const;
  // The first rule of this form whose conditions match `facts` and whose turn it is; nullptr: none.
  // A firing is noted in the journal. What is done for that is no occasion itself. What spins does
  // so for good and is noted once: a loop that writes down each of its turns waits for the disk.
  const Rule* Fire(absl::string_view action, absl::string_view target, const Facts& facts = {});

  // What this process had taken when the plan was made.
  [[nodiscard]] const TimeUsed& begun() const { return begun_; }

 private:
  struct Entry {
    Rule rule;
    FaultTrigger fresh;
    FaultTrigger trigger;
    std::int64_t seen = 0;
    bool spins = false;
  };
  explicit FaultPlan(std::string role) : role_(std::move(role)) {}
  [[nodiscard]] bool Matches(const Rule& rule, const Facts& facts);

  TimeUsed begun_ = TimeUsed::Now();
  std::string role_;
  std::vector<Entry> entries_;
  bool busy_ = false;
};

// The plan of this process for the functions that take the place of others when the program is
// linked: they get nothing but the arguments of what they replace. nullptr, in the beginning: all
// of it is as it should be. `plan` is borrowed.
FaultPlan* CurrentPlan();
void SetCurrentPlan(FaultPlan* plan);

// Asks the current plan.
bool PlanHas(absl::string_view action, absl::string_view target);
const Rule* Fire(absl::string_view action, absl::string_view target,
                 const FaultPlan::Facts& facts = {});

// Which command of the shim the arguments (without argv[0]) name.
std::string RoleOf(const std::vector<std::string>& args);

}  // namespace fakes
