// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/exit_status.h"
#include "base/spawn.h"
#include "base/unique_fd.h"

namespace base::testing {

// What a process that ran to its end left behind.
struct RunResult {
  ExitStatus status;
  std::string out;
  std::string err;
};

// Starts `spec` with pipes as 0, 1 and 2 (mappings for these in `spec` win), feeds it `input`,
// reads until both outputs are closed, then reaps. Never blocks on a full pipe; blocks as long as
// the process lives.
absl::StatusOr<RunResult> RunToExit(SpawnSpec spec, absl::string_view input = "");

// The same for a program with arguments, argv[0] = `path`.
absl::StatusOr<RunResult> RunToExit(const std::string& path, const std::vector<std::string>& args,
                                    absl::string_view input = "");

// Blocks until child `pid` has exited, and reaps it.
absl::StatusOr<ExitStatus> WaitForExit(pid_t pid);

// A pipe, both ends CLOEXEC and blocking.
struct Pipe {
  UniqueFd read;
  UniqueFd write;
};
absl::StatusOr<Pipe> MakePipe();

// Blocking reads: up to and including the next newline (byte by byte, so nothing beyond it is
// taken), or until EOF.
std::string ReadLine(const UniqueFd& fd);
std::string ReadToEof(const UniqueFd& fd);

}  // namespace base::testing
