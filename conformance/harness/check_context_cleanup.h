// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conformance/harness/check_context_parts.h"

namespace conformance {

// Takes apart what a check has made, as containerd would: per task Kill, Wait and Delete (execs
// first), per daemon Shutdown and its exit, per bundle the `delete` action (REC-01); then every end
// that the harness holds. What remains afterwards is the shim's doing. Everything is capped, and
// nothing is thrown.
class CleanUp {
 public:
  // `patient`: the check has passed so far, so that the shim gets all the time the contract gives
  // it. Else daemons that do not answer soon are killed. `hung`: they are not even asked.
  CleanUp(CheckParts& parts, bool patient, bool hung)
      : parts_(parts), scope_(parts.scope), patient_(patient), hung_(hung) {}

  // What went wrong, as failures of a check that passed otherwise.
  std::vector<Why> Run();

 private:
  struct Ending;  // one task on its way

  // `cap` for a patient clean-up, else little.
  [[nodiscard]] CallOptions Within(std::chrono::milliseconds cap) const;
  // What a call of an impatient clean-up that timed out leads to.
  absl::Status Heed(absl::Status status);

  void Restore();
  void EndTasks();
  void EndExecs(const Ending& ending);
  void KillDaemons();
  void AwaitOwedEvents();
  void ShutDownSandboxes();
  bool ShutDownAt(const std::string& address);
  void ShutDownDaemons();
  void AwaitDaemons();
  void RemoveOrphanedSockets();
  void RunDeletes();
  void Close();
  // A connection that reaches the daemon that holds what `number` made; nullptr when it is gone.
  ShimConnection* ConnectionFor(std::size_t number);
  void Fail(const char* code, const char* requirement, std::string text, std::string expected,
            std::string observed);

  CheckParts& parts_;
  CheckScope& scope_;
  const bool patient_;
  const bool hung_;
  bool given_up_ = false;  // a daemon has not answered an impatient call
  std::vector<Why> whys_;
};

}  // namespace conformance
