// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/plan.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <random>

#include "conformance/harness/host.h"
#include "conformance/harness/host_pids.h"
#include "conformance/harness/hypervisor_need.h"
#include "conformance/harness/names.h"

namespace conformance {
namespace {

// One round of SplitMix64: seeds that are close give numbers that are not.
std::uint64_t Mix(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15u;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

bool IsSlow(const Check& check) {
  return std::find(check.tags.begin(), check.tags.end(), "slow") != check.tags.end();
}

}  // namespace

PlannedCheck PlanCheck(const Check& check, const PlanRules& rules) {
  PlannedCheck planned;
  planned.check = &check;
  if (rules.expectations != nullptr) {
    planned.expectation = rules.expectations->Find(check.id, rules.today);
    planned.chances = rules.expectations->Chances(check.id, rules.today);
  }
  const auto skip = [&planned](SkipKind kind, std::string reason) {
    planned.skip = kind;
    planned.skip_reason = std::move(reason);
    return planned;
  };
  if (check.level > rules.level) {
    return skip(SkipKind::kLevel, absl::StrCat("only ", LevelName(rules.level), " is judged"));
  }
  if (planned.expectation != nullptr && planned.expectation->result == Expectation::Result::kSkip) {
    return skip(SkipKind::kDisabled,
                absl::StrCat(planned.expectation->place(), ": ", planned.expectation->reference));
  }
  const Needs unclaimed = check.needs & ~rules.profile.claims & ~ToNeeds(Need::kFakeEngine);
  if (unclaimed != 0) {
    return skip(SkipKind::kNotClaimed,
                absl::StrCat("the profile does not claim ", NeedNames(unclaimed)));
  }
  if (const char* const why = WhyNotInAVm(check, rules.profile); why != nullptr) {
    return skip(SkipKind::kNotClaimed, why);
  }
  if (const std::string none = WhyNoHypervisor(check, rules.profile); !none.empty()) {
    return skip(rules.profile.hypervisor.empty() ? SkipKind::kNotClaimed : SkipKind::kHost, none);
  }
  if ((check.needs & ToNeeds(Need::kFakeEngine)) != 0 && !HasFakeEngine(rules.profile)) {
    return skip(SkipKind::kHost,
                rules.profile.engine.empty()
                    ? "the shim drives no engine that could be made to fail"
                    : absl::StrCat("the engine is ", rules.profile.engine, ", not ",
                                   kFakeEngineName, ": it cannot be made to fail"));
  }
  if (const std::string lacking = WhatIsLacking(rules.host, HostNeedsOf(check)); !lacking.empty()) {
    return skip(SkipKind::kHost, lacking);
  }
  return planned;
}

std::vector<PlannedCheck> MakePlan(const std::vector<Check>& checks,
                                   const std::vector<Selector>& selectors, const PlanRules& rules) {
  std::vector<PlannedCheck> plan;
  for (const Check& check : checks) {
    if (Choose(check, selectors).chosen) plan.push_back(PlanCheck(check, rules));
  }
  return plan;
}

std::uint64_t SeedOf(std::uint64_t seed, int number) {
  return number == 1 ? seed : Mix(seed + static_cast<std::uint64_t>(number));
}

std::vector<Execution> MakeSchedule(const std::vector<PlannedCheck>& plan, int repeat,
                                    std::optional<std::uint64_t> shuffle, std::uint64_t seed,
                                    const std::set<std::string>& first) {
  std::vector<Execution> schedule;
  std::mt19937_64 random(shuffle.value_or(0));
  for (int number = 1; number <= repeat; ++number) {
    const auto round = static_cast<std::ptrdiff_t>(schedule.size());
    for (std::size_t index = 0; index < plan.size(); ++index) {
      if (plan[index].skip) continue;
      schedule.push_back({.index = index, .number = number, .seed = SeedOf(seed, number)});
    }
    if (shuffle) {
      std::shuffle(schedule.begin() + round, schedule.end(), random);
    } else {
      std::stable_partition(
          schedule.begin() + round, schedule.end(),
          [&plan](const Execution& one) { return IsSlow(*plan[one.index].check); });
    }
    std::stable_partition(schedule.begin() + round, schedule.end(), [&](const Execution& one) {
      return first.count(plan[one.index].check->id) != 0;
    });
  }
  return schedule;
}

}  // namespace conformance
