// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <chrono>
#include <string>

namespace shim {

// How a process of a task ended, as every answer and event of it says (TASK-07).
struct ProcessExit {
  pid_t pid = 0;
  unsigned status = 0;  // shell convention (EXIT-01, EXIT-02)
  std::chrono::system_clock::time_point at;
  friend bool operator==(const ProcessExit&, const ProcessExit&) = default;
};

// <bundle>/exit.json (0600), which lets `delete` report the real end of an init whose shim has died
// meanwhile (V24-05). runc-v2 2.4 writes and reads the same file.
absl::Status WriteExitRecord(const std::string& bundle, const ProcessExit& exit);
// NOT_FOUND when there is none, INVALID_ARGUMENT when it cannot be understood.
absl::StatusOr<ProcessExit> ReadExitRecord(const std::string& bundle);

// <bundle>/init.pid: the host pid of the init in decimal (FILE-06). NOT_FOUND, INVALID_ARGUMENT.
absl::StatusOr<pid_t> ReadInitPid(const std::string& bundle);
// Writes it unless the backend's engine has done so already.
absl::Status WriteInitPidIfMissing(const std::string& bundle, pid_t pid);

// Removes both: they tell of an earlier container in the same bundle.
void RemoveRecords(const std::string& bundle);

}  // namespace shim
