// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "conformance/harness/accounting.h"
#include "conformance/harness/profile.h"
#include "conformance/harness/shard.h"

namespace conformance {

// The machine the run takes place on, and what worlds on it are made of.
struct HostInfo {
  std::string kernel;       // "linux 6.12.1"
  std::string cgroup_mode;  // "v1", "v2", "hybrid", "none"
  bool root = false;        // worlds belong to the machine's root, else to a user namespace
  std::uint32_t ids = 1;    // users (and groups) that worlds have, with a user namespace
  HostNeeds offers = 0;     // or-ed HostNeed values
  int cpus = 1;
};

// Everything known about a run before its first process is started.
struct RunInfo {
  std::string suite_version;
  std::string shim_path;  // absolute, resolved
  std::string shim_sha256;
  Profile profile;          // with the engine that was chosen
  std::string engine_kind;  // "fake", "real", "given", "none"
  HostInfo host;
  std::size_t doctor_notes = 0;  // what `shimgauge doctor` would remark
  std::uint64_t seed = 0;
  int jobs = 1;
  int repeat = 1;
  double deadline_scale = 1.0;
  std::vector<std::string> argv;
  std::chrono::system_clock::time_point started_at;
  std::vector<PlannedCheck> plan;  // in the order of the report
  SelectionDigest selection;       // what was selected, all shards together
  Shard shard;                     // which part of it `plan` is
  // "run" and the arguments that are needed to run the same again, without seed and selectors.
  std::vector<std::string> again;
  std::string record;  // directory of --record; empty: nothing is recorded
};

// Seeds are written as hexadecimal numbers without prefix.
std::string SeedText(std::uint64_t seed);

// Milliseconds, rounded, for reports.
std::int64_t Milliseconds(std::chrono::microseconds time);

}  // namespace conformance
