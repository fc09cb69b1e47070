// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>

#include "container/init_program.h"
#include "oci/spec.h"

namespace container {

// The path of the program that process.args[0] names, looked up as execvp does with the PATH of
// process.env, for the user we are. Messages are worded as OCI engines word them: `exec: "sh":
// executable file not found in $PATH`, `exec: "/x": stat /x: no such file or directory`.
absl::StatusOr<std::string> FindProgram(const oci::Process& process);

// The program that `process` names, executed: default signal dispositions, no signal blocked,
// descriptors beyond 2 + `preserved_fds` closed, the environment as given and HOME, if it has none.
class ExecutedProgram : public InitProgram {
 public:
  // `process` is borrowed.
  ExecutedProgram(const oci::Process& process, unsigned preserved_fds)
      : process_(process), preserved_fds_(preserved_fds) {}

  absl::Status Prepare() override;
  absl::Status Become() override;

 private:
  const oci::Process& process_;
  unsigned preserved_fds_;
  std::string path_;
};

}  // namespace container
