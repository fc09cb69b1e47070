// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "conformance/harness/check_run.h"
#include "conformance/harness/history.h"

namespace conformance {

// What every part of one running check shares: the world, the loop with its deadlines, the history,
// and what has been decided so far. Lives as long as the check and its clean-up.
class CheckScope {
 public:
  CheckScope(const WorkerServices& services, const WorldInfo& world, const SubjectInfo& subject,
             const Profile& profile, std::vector<std::string> requirements);

  [[nodiscard]] boost::asio::io_context& loop() const { return services_.loop; }
  [[nodiscard]] base::ChildReaper& reaper() const { return services_.reaper; }
  [[nodiscard]] const WorldInfo& world() const { return world_; }
  [[nodiscard]] const SubjectInfo& subject() const { return subject_; }
  [[nodiscard]] const Profile& profile() const { return profile_; }
  [[nodiscard]] History& history() { return history_; }

  // --- time -------------------------------------------------------------------------------------
  [[nodiscard]] std::chrono::milliseconds Scaled(std::chrono::milliseconds deadline) const;
  // The cap of a call that sets none itself, not scaled.
  [[nodiscard]] std::chrono::milliseconds rpc_limit() const { return profile_.rpc_limit; }
  // Runs the loop until `predicate` holds, at most for `deadline` (scaled here), and says whether
  // it holds. `predicate` is asked before and after every handler. `waiting_for` names what the
  // shim owes; empty when it owes nothing.
  bool RunUntil(absl::string_view waiting_for, const std::function<bool()>& predicate,
                std::chrono::milliseconds deadline);
  // The same with a cap that is scaled already.
  bool RunWithin(absl::string_view waiting_for, const std::function<bool()>& predicate,
                 std::chrono::milliseconds cap);
  // The same for predicates about the world, which no handler announces: asked every 5 ms as well.
  bool PollUntil(absl::string_view waiting_for, const std::function<bool()>& predicate,
                 std::chrono::milliseconds deadline);
  // Runs what is ready, without waiting.
  void RunReady();

  // --- decisions --------------------------------------------------------------------------------
  void AddFailure(Why why);
  // What makes a check fail that would pass otherwise; other reasons say more.
  void AddDoubt(Why why);
  void Note(const std::string& text);
  void CountObservation() { ++observations_; }
  // A shim answered something: law 1 needs one such sign of life per passing check.
  void CountSignOfLife() { ++signs_of_life_; }
  // Ends the check with verdict hang (throws CheckEnded): `what` did not come. `observed` is one
  // line, also of the time line; `report` goes with the outcome.
  [[noreturn]] void EndAsHang(const std::string& what, const std::string& observed,
                              std::vector<std::string> report);
  // Ends the check as skipped (throws CheckEnded): for what the shim is, or (why::kHost) for want
  // of something here.
  [[noreturn]] void EndAsSkip(const std::string& reason, const char* code = why::kNotClaimed);
  // The harness or the host failed: verdict error, whatever else happens. Does not throw.
  void HarnessFailed(const absl::Status& status);
  // HarnessFailed, and ends the check.
  [[noreturn]] void EndAsError(const absl::Status& status);

  struct Decisions {
    std::vector<Why> failures;
    std::vector<Why> doubts;
    std::vector<std::string> notes;
    std::vector<Why> errors;        // of the harness
    bool hung = false;              // failures then begins with the hang
    std::vector<std::string> hang;  // its report
    bool skipped = false;
    Why skip;
  };
  [[nodiscard]] const Decisions& decisions() const { return decisions_; }
  [[nodiscard]] int observations() const { return observations_; }
  [[nodiscard]] int signs_of_life() const { return signs_of_life_; }

 private:
  bool Run(absl::string_view waiting_for, const std::function<bool()>& predicate,
           std::chrono::milliseconds deadline, std::chrono::milliseconds step);

  const WorkerServices& services_;
  const WorldInfo& world_;
  const SubjectInfo& subject_;
  const Profile& profile_;
  const std::vector<std::string> requirements_;
  History history_;
  Decisions decisions_;
  int observations_ = 0;
  int signs_of_life_ = 0;
};

// How often a predicate about the world is asked, and how many failures of one check are kept.
inline constexpr std::chrono::milliseconds kPollInterval{5};
inline constexpr std::size_t kFailuresMax = 50;

}  // namespace conformance
