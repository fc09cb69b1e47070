// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/check_context_scope.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using Clock = std::chrono::steady_clock;

// Tells the worker what the shim owes for as long as control is with the loop.
class Waiting {
 public:
  Waiting(const WorkerServices& services, absl::string_view what)
      : progress_(what.empty() ? nullptr : &services.progress) {
    if (progress_ != nullptr && *progress_) (*progress_)(what);
  }
  ~Waiting() {
    if (progress_ != nullptr && *progress_) (*progress_)("");
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  const std::function<void(absl::string_view)>* progress_;
};

// "0x55805708afc0 pointing to \"init\"" is "\"init\"".
std::string WithoutAddresses(const std::string& text) {
  const std::string pointing_to = " pointing to ";
  std::string clean = text;
  for (std::size_t at = clean.find(pointing_to); at != std::string::npos;
       at = clean.find(pointing_to, at)) {
    const std::size_t address = clean.rfind("0x", at);
    const bool plain = address != std::string::npos &&
                       clean.find_first_not_of("0123456789abcdef", address + 2) == at;
    if (plain) {
      clean.erase(address, at + pointing_to.size() - address);
      at = address;
    } else {
      at += pointing_to.size();
    }
  }
  return clean;
}

}  // namespace

CheckScope::CheckScope(const WorkerServices& services, const WorldInfo& world,
                       const SubjectInfo& subject, const Profile& profile,
                       std::vector<std::string> requirements)
    : services_(services),
      world_(world),
      subject_(subject),
      profile_(profile),
      requirements_(std::move(requirements)) {}

std::chrono::milliseconds CheckScope::Scaled(std::chrono::milliseconds deadline) const {
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(static_cast<double>(deadline.count()) * world_.deadline_scale));
}

bool CheckScope::Run(absl::string_view waiting_for, const std::function<bool()>& predicate,
                     std::chrono::milliseconds deadline, std::chrono::milliseconds step) {
  if (predicate()) return true;
  const Waiting waiting(services_, waiting_for);
  const Clock::time_point end = Clock::now() + deadline;
  while (true) {
    const Clock::time_point now = Clock::now();
    if (now >= end) return false;
    // A loop that ran out of work refuses to run until restarted.
    if (loop().stopped()) loop().restart();
    loop().run_one_until(std::min(end, now + step));
    if (predicate()) return true;
  }
}

bool CheckScope::RunUntil(absl::string_view waiting_for, const std::function<bool()>& predicate,
                          std::chrono::milliseconds deadline) {
  return RunWithin(waiting_for, predicate, Scaled(deadline));
}

bool CheckScope::RunWithin(absl::string_view waiting_for, const std::function<bool()>& predicate,
                           std::chrono::milliseconds cap) {
  return Run(waiting_for, predicate, cap, cap);
}

bool CheckScope::PollUntil(absl::string_view waiting_for, const std::function<bool()>& predicate,
                           std::chrono::milliseconds deadline) {
  return Run(waiting_for, predicate, Scaled(deadline), kPollInterval);
}

void CheckScope::RunReady() {
  if (loop().stopped()) loop().restart();
  loop().poll();
}

// Matchers print what they hold: "is equal to true" says less than the sentence beside it, and of a
// character pointer the text counts, not where it lies.
void CheckScope::AddFailure(Why why) {
  if (!why.text.empty() && why.expected == "is equal to true" && why.observed == "false") {
    why.expected.clear();
    why.observed.clear();
  }
  for (std::string* text : {&why.expected, &why.observed}) *text = WithoutAddresses(*text);
  history_.MarkContradiction();
  if (why.requirement.empty() && !requirements_.empty()) why.requirement = requirements_.front();
  // A path of this tree, wherever it was built.
  why.where.erase(0, std::min(why.where.rfind("conformance/"), why.where.size()));
  if (decisions_.failures.size() < kFailuresMax) decisions_.failures.push_back(std::move(why));
}

void CheckScope::AddDoubt(Why why) { decisions_.doubts.push_back(std::move(why)); }

void CheckScope::Note(const std::string& text) {
  std::vector<std::string>& notes = decisions_.notes;
  if (std::find(notes.begin(), notes.end(), text) == notes.end()) notes.push_back(text);
}

void CheckScope::EndAsHang(const std::string& what, const std::string& observed,
                           std::vector<std::string> report) {
  history_.Add(HistoryEntry::Lane::kWorld, observed);
  Why why;
  why.code = why::kReplyMissing;
  why.text = absl::StrCat(what, " did not come");
  why.expected = "within its deadline";
  why.observed = observed;
  if (!requirements_.empty()) why.requirement = requirements_.front();
  history_.MarkContradiction();
  // What ends a check is the decisive failure, though others may have come before it.
  decisions_.failures.insert(decisions_.failures.begin(), std::move(why));
  decisions_.hung = true;
  decisions_.hang = std::move(report);
  throw CheckEnded{};
}

void CheckScope::EndAsSkip(const std::string& reason, const char* code) {
  decisions_.skipped = true;
  decisions_.skip.code = code;
  decisions_.skip.text = reason;
  throw CheckEnded{};
}

void CheckScope::HarnessFailed(const absl::Status& status) {
  history_.Add(HistoryEntry::Lane::kWorld, absl::StrCat("harness: ", status.ToString()));
  Why why;
  why.code = why::kHarness;
  why.text = status.ToString();
  decisions_.errors.push_back(std::move(why));
}

void CheckScope::EndAsError(const absl::Status& status) {
  HarnessFailed(status);
  throw CheckEnded{};
}

}  // namespace conformance
