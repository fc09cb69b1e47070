// SPDX-License-Identifier: Apache-2.0
// shimgauge: the judge. The same executable is also its own worker and janitor, see
// harness/worker.h and harness/janitor.h.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "conformance/checks/all_checks.h"
#include "conformance/checks/survey.h"
#include "conformance/harness/check_run.h"
#include "conformance/harness/command_line.h"
#include "conformance/harness/history_judge.h"
#include "conformance/harness/janitor.h"
#include "conformance/harness/story_text.h"
#include "conformance/harness/worker.h"

namespace {

absl::StatusOr<std::vector<conformance::Why>> JudgeStoryText(absl::string_view text) {
  ASSIGN_OR_RETURN(const conformance::Story story, conformance::ParseStory(text));
  return conformance::JudgeHistory(story);
}

std::vector<conformance::Check> WorkerChecks() {
  std::vector<conformance::Check> checks = conformance::AllChecks();
  for (conformance::Check& check : conformance::SurveyChecks()) checks.push_back(std::move(check));
  return checks;
}

// A descriptor that the caller has closed would be given to the next file that is opened, and a
// report be written into it. What is put here instead refuses every write, which is told.
void HoldStandardDescriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one. Without /dev/null there is nothing better to do.
    if (::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  HoldStandardDescriptors();
  if (argc == 2 && std::strcmp(argv[1], "worker") == 0) {
    conformance::WorkerMain({.checks = WorkerChecks(),
                             .run_check = &conformance::RunCheck,
                             .probe = &conformance::ProbeShim});
  }
  if (argc == 3 && std::strcmp(argv[1], "janitor") == 0) return conformance::JanitorMain(argv[2]);
  return conformance::CommandLineMain(argc, argv, conformance::AllChecks(),
                                      conformance::SurveyChecks(), &JudgeStoryText);
}
