// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "fakes/module_fuzz/module_mutator.h"

namespace fakes {

struct FuzzPlace {
  std::string shim;           // absolute
  std::string directory;      // exists; bundles and the shim's cache of modules go here
  std::string cgroup_parent;  // "/module-fuzz-1", below which each task has its own
};

// How the task of one module went.
struct TaskEnd {
  // Set where a call was refused: its name and the error. Else the guest has run.
  std::string refused_by;
  absl::Status refusal;
  unsigned exit_status = 0;
  bool killed = false;  // it did not end by itself
  std::chrono::milliseconds create_took{0};
  std::chrono::milliseconds took{0};
};

struct ShimSize {
  std::size_t descriptors = 0;
  std::uint64_t resident_kib = 0;
};

// One running shim, in a pid namespace in which nobody else is (private_world.h). Calls block. What
// the contract does not allow comes as an error whose message says it: a shim that is lost, a call
// that nobody answers, a process that survives SIGKILL.
class FuzzedShim {
 public:
  explicit FuzzedShim(FuzzPlace place);
  ~FuzzedShim();
  FuzzedShim(const FuzzedShim&) = delete;
  FuzzedShim& operator=(const FuzzedShim&) = delete;

  absl::Status Start();
  // One whole life: create, start, wait, kill where that takes too long, delete. Nothing of the
  // task must be left: neither its state nor its cgroup.
  absl::StatusOr<TaskEnd> RunTask(const Mutant& module);
  // Between tasks there must be no process but ours and the shim's, and no mount of a bundle.
  absl::Status CheckLeftovers();
  [[nodiscard]] absl::StatusOr<ShimSize> Size() const;
  [[nodiscard]] std::size_t exits_told() const;  // events /tasks/exit

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fakes
