// SPDX-License-Identifier: Apache-2.0
// shimgauge: the judge. The same executable is also its own worker, see harness/worker.h.
#include <cstring>

#include "base/status_macros.h"
#include "conformance/checks/all_checks.h"
#include "conformance/harness/check_run.h"
#include "conformance/harness/command_line.h"
#include "conformance/harness/history_judge.h"
#include "conformance/harness/story_text.h"
#include "conformance/harness/worker.h"

namespace {

absl::StatusOr<std::vector<conformance::Why>> JudgeStoryText(absl::string_view text) {
  ASSIGN_OR_RETURN(const conformance::Story story, conformance::ParseStory(text));
  return conformance::JudgeHistory(story);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "worker") == 0) {
    conformance::WorkerMain({.checks = conformance::AllChecks(),
                             .run_check = &conformance::RunCheck,
                             .probe = &conformance::ProbeShim});
  }
  return conformance::CommandLineMain(argc, argv, conformance::AllChecks(), &JudgeStoryText);
}
