// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "conformance/harness/audit.h"
#include "conformance/harness/check_run.h"
#include "conformance/harness/profile.h"
#include "conformance/harness/world.h"

// What the runner and a worker tell each other. Both are the same executable, hence no versions;
// decoding is strict all the same, since a confused worker must become a verdict `error`.

namespace conformance {

// Descriptors of a worker: the job to read (a file), the messages to write (a pipe).
inline constexpr int kWorkerJobFd = 3;
inline constexpr int kWorkerMessageFd = 4;
// Longest message line the runner takes from a worker.
inline constexpr std::size_t kWorkerLineBytesMax = 8 * 1024 * 1024;

struct WorkerJob {
  std::string check;  // id; empty: probe the shim
  WorldSpec world;
  SubjectInfo subject;  // of the probe before; default for the probe itself
  Profile profile;
};

// One line from a worker.
struct WorkerMessage {
  enum class Kind {
    kWaiting,  // text: what the shim owes; empty: nothing any more
    kOutcome,  // outcome, left and cpu_us: the check is over
    kProbe,    // subject: the probe is over
    kFailed,   // text: the worker could not do its job
  };
  Kind kind = Kind::kWaiting;
  std::string text;
  CheckOutcome outcome;
  std::vector<Remainder> left;
  std::int64_t cpu_us = 0;  // of the worker and of all that has ended in its world
  SubjectInfo subject;
};

std::string EncodeJob(const WorkerJob& job);
absl::StatusOr<WorkerJob> DecodeJob(absl::string_view json);

// Without the newline that ends a line. Invalid UTF-8 is replaced.
std::string EncodeMessage(const WorkerMessage& message);
absl::StatusOr<WorkerMessage> DecodeMessage(absl::string_view line);

}  // namespace conformance
