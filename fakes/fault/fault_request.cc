// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/fault_request.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/unique_fd.h"

namespace fakes {
namespace {

constexpr char kFaultVariable[] = "SHIMGAUGE_FAULT";
constexpr char kRulesVariable[] = "SHIMGAUGE_FAULT_RULES";  // one a line
constexpr char kJournalVariable[] = "SHIMGAUGE_FAULT_JOURNAL";
constexpr char kSubjectVariable[] = "SHIMGAUGE_FAULT_SUBJECT";
constexpr char kRehearsalVariable[] = "SHIMGAUGE_FAULT_REHEARSAL";

const KnownFault& Unlisted() {
  static const KnownFault fault = {.name = "unlisted", .what = "given as rules"};
  return fault;
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

absl::Status ParseFault(KnownFaultSeam seam, const std::string& words, FaultRequest& request) {
  const std::vector<std::string> parts = absl::StrSplit(words, ',');
  request.fault = FindKnownFault(seam, parts[0]);
  if (request.fault == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("--fault: no fault '", parts[0], "' at the ",
                                                   KnownFaultSeamName(seam), " seam"));
  }
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (!absl::StartsWith(parts[i], "after=") ||
        !absl::SimpleAtoi(parts[i].substr(sizeof "after=" - 1), &request.after)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--fault: '", parts[i], "' is not after=N, N a count"));
    }
  }
  return absl::OkStatus();
}

void Rehearse(KnownFaultSeam seam, FaultRequest& request) {
  static const KnownFault all = {.name = "rehearsal", .what = "all faults of a seam, none shown"};
  request.fault = &all;
  for (const KnownFault& fault : KnownFaultsAt(seam)) {
    for (const std::string& rule : fault.rules) {
      request.rules.push_back(rule);
      request.rehearsed.push_back(fault.name);
    }
  }
}

std::string LineOf(const FaultRequest& request, std::size_t rule) {
  if (request.rehearsed.empty()) {
    return absl::StrCat(request.fault->name, " ", request.rules[rule], "\n");
  }
  const std::string check = Variable(kCheckVariable);
  return absl::StrCat(check.empty() ? "-" : check, " ", request.rehearsed[rule], "\n");
}

}  // namespace

absl::StatusOr<FaultRequest> TakeFaultRequest(KnownFaultSeam seam, std::vector<std::string>& args) {
  std::string fault = Variable(kFaultVariable);
  bool rehearsal = !Variable(kRehearsalVariable).empty();
  std::vector<std::string> rules =
      absl::StrSplit(Variable(kRulesVariable), '\n', absl::SkipEmpty());
  FaultRequest request;
  request.journal = Variable(kJournalVariable);
  request.subject = Variable(kSubjectVariable);
  while (!args.empty()) {
    const std::string& arg = args.front();
    const std::string value = arg.substr(std::min(arg.find('=') + 1, arg.size()));
    if (absl::StartsWith(arg, "--fault=")) {
      fault = value;
    } else if (absl::StartsWith(arg, "--rule=")) {
      rules.push_back(value);
    } else if (arg == "--rehearse") {
      rehearsal = true;
    } else if (absl::StartsWith(arg, "--journal=")) {
      request.journal = value;
    } else if (absl::StartsWith(arg, "--subject=")) {
      request.subject = value;
    } else {
      break;
    }
    args.erase(args.begin());
  }
  const int given = static_cast<int>(!fault.empty()) + static_cast<int>(!rules.empty()) +
                    static_cast<int>(rehearsal);
  if (given > 1) {
    return absl::InvalidArgumentError("--fault, --rule and --rehearse: give one of them");
  }
  if (given == 0) return absl::InvalidArgumentError("--fault=NAME[,after=N] is missing");
  if (rehearsal) {
    Rehearse(seam, request);
    ::setenv(kRehearsalVariable, "1", 1);
  } else if (!fault.empty()) {
    if (const absl::Status status = ParseFault(seam, fault, request); !status.ok()) return status;
    request.rules = request.fault->rules;
    ::setenv(kFaultVariable, fault.c_str(), 1);
  } else {
    request.fault = &Unlisted();
    request.rules = std::move(rules);
    ::setenv(kRulesVariable, absl::StrJoin(request.rules, "\n").c_str(), 1);
  }
  ::setenv(kJournalVariable, request.journal.c_str(), 1);
  ::setenv(kSubjectVariable, request.subject.c_str(), 1);
  return request;
}

FaultTrigger::FaultTrigger(const FaultRequest& request, std::size_t rule)
    : spared_(request.after),
      rehearsal_(!request.rehearsed.empty()),
      journal_(request.journal),
      line_(LineOf(request, rule)) {}

bool FaultTrigger::Fires() {
  if (spared_ > 0) {
    --spared_;
    return false;
  }
  if (!rehearsal_ || !noted_) Note();
  noted_ = true;
  return !rehearsal_;
}

void FaultTrigger::Note() {
  if (journal_.empty()) return;
  const base::UniqueFd file(
      ::open(journal_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  // Without its line a firing counts as none, which the selftest says.
  (void)!::write(file.get(), line_.data(), line_.size());
}

}  // namespace fakes
