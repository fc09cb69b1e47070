// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/proof_sum.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/status_macros.h"

namespace conformance {
namespace {

bool HasFaults(const Proof& proof) {
  return proof.command == "faults" || proof.command == "matrix";
}

std::string KeyText(const FaultRecord& fault) { return absl::StrCat(fault.seam, "/", fault.name); }

bool IsRed(const Cell& cell) {
  return cell.kind == CellKind::kIntended || cell.kind == CellKind::kOtherwise ||
         cell.kind == CellKind::kUnstable;
}

// Later records of the same fault replace earlier ones, in their place; but what other programs
// came to says nothing against what is bad now.
void Add(std::vector<FaultRecord> faults, std::vector<FaultRecord>& all) {
  for (FaultRecord& fault : faults) {
    const auto known = std::find_if(all.begin(), all.end(), [&](const FaultRecord& other) {
      return KeyText(other) == KeyText(fault);
    });
    if (known == all.end()) {
      all.push_back(std::move(fault));
    } else if (!fault.earlier || IsProven(*known)) {
      *known = std::move(fault);
    }
  }
}

// Of several records of a variant the one with most repeats, unless another is red.
void AddVariants(std::vector<LegalRecord> variants, std::vector<LegalRecord>& all) {
  for (LegalRecord& variant : variants) {
    const auto known = std::find_if(all.begin(), all.end(), [&](const LegalRecord& other) {
      return other.name == variant.name;
    });
    if (known == all.end()) {
      all.push_back(std::move(variant));
    } else if (!variant.ok() || (known->ok() && known->repeats < variant.repeats)) {
      *known = std::move(variant);
    }
  }
}

// Takes out of `earlier` what was found with the very programs of `all`: that is the same result,
// or more of it.
void MoveSame(std::vector<Proof>& earlier, std::vector<LegalRecord>& all) {
  for (Proof& proof : earlier) {
    const auto same = std::stable_partition(
        proof.legal.begin(), proof.legal.end(), [&](const LegalRecord& record) {
          return std::none_of(all.begin(), all.end(), [&](const LegalRecord& known) {
            return known.name == record.name && !known.key.empty() && known.key == record.key;
          });
        });
    AddVariants({same, proof.legal.end()}, all);
    proof.legal.erase(same, proof.legal.end());
  }
}

// Leaves no repeat in `earlier` twice: those that are kept count again in each result that goes on
// from them, under the same key. What is red stays.
void DropContained(std::vector<Proof>& earlier) {
  std::map<std::pair<std::string, std::string>, std::size_t> most;
  for (const Proof& proof : earlier) {
    for (const LegalRecord& record : proof.legal) {
      std::size_t& repeats = most[{record.name, record.key}];
      repeats = std::max(repeats, record.repeats);
    }
  }
  std::set<std::pair<std::string, std::string>> told;
  for (Proof& proof : earlier) {
    const auto contained = [&](const LegalRecord& record) {
      const std::pair<std::string, std::string> id(record.name, record.key);
      if (record.key.empty() || !record.ok()) return false;
      return record.repeats < most[id] || !told.insert(id).second;
    };
    proof.legal.erase(std::remove_if(proof.legal.begin(), proof.legal.end(), contained),
                      proof.legal.end());
  }
  earlier.erase(std::remove_if(earlier.begin(), earlier.end(),
                               [](const Proof& proof) { return proof.legal.empty(); }),
                earlier.end());
}

}  // namespace

absl::StatusOr<ProofSum> ProofSum::Of(std::vector<Proof> proofs, std::vector<Proof> earlier) {
  if (proofs.empty()) return absl::InvalidArgumentError("no result is given");
  // Runs of all checks come last: they replace those of a fault's own.
  std::stable_sort(proofs.begin(), proofs.end(), [](const Proof& a, const Proof& b) {
    return (a.command == "matrix") < (b.command == "matrix");
  });
  ProofSum sum;
  for (Proof& proof : proofs) {
    if (proof.suite_version != proofs.front().suite_version) {
      return absl::InvalidArgumentError(
          absl::StrCat("results of different suites: ", proofs.front().suite_version, " and ",
                       proof.suite_version));
    }
    Proof& main = sum.main_;
    if (main.suite_version.empty()) main.suite_version = proof.suite_version;
    if (HasFaults(proof) && main.shim.empty()) {
      main.shim = proof.shim;
      main.shim_sha256 = proof.shim_sha256;
    }
    main.started = std::max(main.started, proof.started);
    if (main.kernel.empty()) main.kernel = proof.kernel;
    // A matrix of some faults only says so itself; their own checks have met them all.
    main.complete &= proof.complete && (proof.not_begun == 0 || proof.command == "matrix");
    if (HasFaults(proof) && proof.shim != main.shim) {
      sum.others_.push_back(std::move(proof));
      continue;
    }
    if (HasFaults(proof) && proof.repeat > 1) {
      sum.races_.insert(sum.races_.end(), proof.faults.begin(), proof.faults.end());
      main.ms += proof.ms;
      continue;
    }
    if (proof.command == "matrix") {
      sum.matrix_ += proof.faults.size();
      sum.earlier_matrix_ += static_cast<std::size_t>(
          std::count_if(proof.faults.begin(), proof.faults.end(),
                        [](const FaultRecord& fault) { return fault.earlier; }));
    }
    main.ms += proof.ms;
    main.healthy_red.insert(main.healthy_red.end(), proof.healthy_red.begin(),
                            proof.healthy_red.end());
    Add(std::move(proof.faults), main.faults);
    main.nulls.insert(main.nulls.end(), proof.nulls.begin(), proof.nulls.end());
    AddVariants(std::move(proof.legal), main.legal);
  }
  MoveSame(earlier, sum.main_.legal);
  DropContained(earlier);
  sum.earlier_ = std::move(earlier);
  std::stable_sort(sum.earlier_.begin(), sum.earlier_.end(),
                   [](const Proof& a, const Proof& b) { return a.started < b.started; });
  return sum;
}

std::size_t ProofSum::CountFaults(FaultStanding standing) const {
  return static_cast<std::size_t>(
      std::count_if(main_.faults.begin(), main_.faults.end(),
                    [&](const FaultRecord& fault) { return StandingOf(fault) == standing; }));
}

std::map<std::string, std::set<std::string>> ProofSum::KillsByCheck(bool intended) const {
  std::map<std::string, std::set<std::string>> kills;
  for (const FaultRecord& fault : main_.faults) {
    for (const Cell& cell : fault.cells) {
      const bool counts = intended ? cell.kind == CellKind::kIntended : IsRed(cell);
      if (counts) kills[cell.check].insert(KeyText(fault));
    }
  }
  return kills;
}

std::vector<std::vector<std::string>> ProofSum::Twins() const {
  std::map<std::set<std::string>, std::vector<std::string>> groups;
  for (const auto& [check, faults] : KillsByCheck(false)) groups[faults].push_back(check);
  std::vector<std::vector<std::string>> twins;
  for (auto& [faults, group] : groups) {
    if (group.size() > 1) twins.push_back(std::move(group));
  }
  std::stable_sort(twins.begin(), twins.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return twins;
}

std::set<std::string> ProofSum::MinimalPairs() const {
  std::set<std::string> pairs;
  for (const FaultRecord& fault : main_.faults) {
    const auto red = std::count_if(fault.cells.begin(), fault.cells.end(), &IsRed);
    if (red != 1) continue;
    pairs.insert(std::find_if(fault.cells.begin(), fault.cells.end(), &IsRed)->check);
  }
  return pairs;
}

std::vector<std::string> ProofSum::UnprovenRequirements(const std::vector<Check>& checks) const {
  const auto kills = KillsByCheck(true);
  std::set<std::string> proven;
  std::set<std::string> all;
  for (const Check& check : checks) {
    for (const std::string& requirement : check.requirements) {
      all.insert(requirement);
      if (kills.count(check.id) > 0) proven.insert(requirement);
    }
  }
  std::vector<std::string> unproven;
  std::set_difference(all.begin(), all.end(), proven.begin(), proven.end(),
                      std::back_inserter(unproven));
  return unproven;
}

bool ProofSum::good() const {
  return main_.complete && main_.healthy_red.empty() &&
         std::all_of(main_.faults.begin(), main_.faults.end(), &IsProven) &&
         std::all_of(main_.nulls.begin(), main_.nulls.end(),
                     [](const NullRecord& null) { return null.ok(); }) &&
         std::all_of(main_.legal.begin(), main_.legal.end(),
                     [](const LegalRecord& legal) { return legal.ok(); });
}

}  // namespace conformance
