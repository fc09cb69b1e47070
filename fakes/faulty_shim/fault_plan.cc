// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/fault_plan.h"

#include <absl/strings/match.h>
#include <absl/strings/strip.h>
#include <fnmatch.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "fakes/faulty_shim/circumstances.h"

namespace fakes {
namespace {

FaultPlan*& Current() {
  static FaultPlan* plan = nullptr;
  return plan;
}

bool MatchesGlob(const std::string& glob, const std::string& text) {
  return ::fnmatch(glob.c_str(), text.c_str(), 0) == 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FaultPlan>> FaultPlan::Make(const FaultRequest& request,
                                                           std::string role) {
  std::unique_ptr<FaultPlan> plan(new FaultPlan(std::move(role)));
  for (std::size_t i = 0; i < request.rules.size(); ++i) {
    ASSIGN_OR_RETURN(Rule rule, ParseRule(request.rules[i]));
    const FaultTrigger trigger(request, i);
    plan->entries_.push_back({.rule = std::move(rule), .fresh = trigger, .trigger = trigger});
  }
  return plan;
}

void FaultPlan::Enter(std::string role) {
  role_ = std::move(role);
  for (Entry& entry : entries_) {
    entry.trigger = entry.fresh;
    entry.seen = 0;
    entry.spins = false;
  }
}

bool FaultPlan::Has(absl::string_view action, absl::string_view target) const {
  return !busy_ && std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.rule.action == action && entry.rule.target == target;
  });
}

bool FaultPlan::Matches(const Rule& rule, const Facts& facts) {
  const RuleForm& form = FormOf(rule);
  const bool fits = std::all_of(rule.values.begin(), rule.values.end(), [&](const auto& entry) {
    if (entry.first == "role") return entry.second == role_;
    if (entry.first == "while" || !IsCondition(form, entry.first)) return true;
    const auto fact = facts.find(entry.first);
    return fact != facts.end() && MatchesGlob(entry.second, fact->second);
  });
  if (!fits || !rule.has("while")) return fits;
  const int error_number = errno;
  busy_ = true;
  const bool is_the_case = IsTheCase(rule.Text("while"));
  busy_ = false;
  errno = error_number;
  return is_the_case;
}

const Rule* FaultPlan::Fire(absl::string_view action, absl::string_view target,
                            const Facts& facts) {
  if (busy_) return nullptr;
  for (Entry& entry : entries_) {
    const Rule& rule = entry.rule;
    if (rule.action != action || rule.target != target || !Matches(rule, facts)) continue;
    if (entry.spins) return &rule;
    ++entry.seen;
    if (rule.has("nth") && rule.Number("nth") != entry.seen) continue;
    if (entry.seen < rule.Number("from", 1)) continue;
    const int error_number = errno;
    busy_ = true;
    const bool fires = entry.trigger.Fires();
    busy_ = false;
    errno = error_number;
    if (!fires) continue;
    entry.spins = rule.action == "spin";
    return &rule;
  }
  return nullptr;
}

FaultPlan* CurrentPlan() { return Current(); }
void SetCurrentPlan(FaultPlan* plan) { Current() = plan; }

bool PlanHas(absl::string_view action, absl::string_view target) {
  return CurrentPlan() != nullptr && CurrentPlan()->Has(action, target);
}

const Rule* Fire(absl::string_view action, absl::string_view target,
                 const FaultPlan::Facts& facts) {
  return CurrentPlan() == nullptr ? nullptr : CurrentPlan()->Fire(action, target, facts);
}

std::string RoleOf(const std::vector<std::string>& args) {
  for (const std::string& arg : args) {
    const absl::string_view flag = absl::StripPrefix(absl::StripPrefix(arg, "-"), "-");
    if (absl::StartsWith(arg, "-") && (flag == "info" || flag == "v" || flag == "version")) {
      return flag == "info" ? "info" : "version";
    }
  }
  // Flags come first, the command last.
  if (!args.empty() && (args.back() == "start" || args.back() == "delete")) return args.back();
  return "daemon";
}

}  // namespace fakes
