// SPDX-License-Identifier: Apache-2.0
// null-shim --list | --subject=NAME ARGUMENTS...: a shim that is none (README.md).
#include <absl/strings/match.h>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "fakes/null_shims/null_commands.h"
#include "fakes/null_shims/null_daemon.h"
#include "fakes/null_shims/null_subject.h"

namespace {

constexpr char kSubjectFlag[] = "--subject=";
constexpr int kUsageCode = 64;

int List() {
  for (const fakes::NullSubject& subject : fakes::NullSubjects()) {
    std::cout << subject.name << "\t" << subject.what << "\n";
  }
  return std::cout.flush() ? 0 : 1;
}

int Run(std::vector<std::string> args) {
  if (args.size() == 1 && args[0] == "--list") return List();
  if (args.empty() || !absl::StartsWith(args[0], kSubjectFlag)) {
    std::cerr << "usage: null-shim --list | --subject=NAME ARGUMENTS...\n";
    return kUsageCode;
  }
  const std::string name = args[0].substr(sizeof kSubjectFlag - 1);
  const fakes::NullSubject* subject = fakes::FindNullSubject(name);
  if (subject == nullptr) {
    std::cerr << "null-shim: --subject: no subject '" << name << "', see null-shim --list\n";
    return kUsageCode;
  }
  args.erase(args.begin());
  if (subject->program != nullptr) return subject->program();
  if (!args.empty() && args[0] == fakes::kNullServe) {
    return fakes::ServeNull(*subject, base::UniqueFd(fakes::kNullListenerFd));
  }
  return fakes::RunNullCommand(*subject, args);
}

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  return Run(std::vector<std::string>(argv + 1, argv + argc));
}
